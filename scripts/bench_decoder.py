"""Ways of decoding Wan's latents part by part, in turns: pictures per second, memory, difference.

    python scripts/bench_decoder.py                            # 832x480, bf16, random weights, on a GPU
    python scripts/bench_decoder.py --tiny --device cpu --rounds 1 --output /tmp/x.json

Every way decodes the same latents in chunks of three, `at_once` latent frames a call, as `vidkit generate`
does between the chunks of a causal model. Ways take turns, so that clocks that sink meet all of them; the
first round warms up and compiles.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLWan
from torch import Tensor

from vidkit.generation.random_weights import random_model
from vidkit.models.stream_decoder import StreamDecoder, channels_last
from vidkit.utils.device import device_name, resolve_device
from vidkit.utils.files import write_text_atomic
from vidkit.utils.versions import git_commit, versions

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "docs" / "results" / "decoder_speed.json"
TINY = {"base_dim": 8, "z_dim": 4, "dim_mult": [1, 2, 2, 2], "num_res_blocks": 1}


@dataclass(frozen=True)
class Way:
    """One way of decoding."""

    name: str
    at_once: int = 1
    compiled: bool = False
    last: bool = False


WAYS = (
    Way("plain"),
    Way("three at once", 3),
    Way("channels last", last=True),
    Way("channels last, three at once", 3, last=True),
    Way("compiled", compiled=True),
    Way("compiled, channels last", compiled=True, last=True),
    Way("compiled, channels last, three at once", 3, compiled=True, last=True),
)


def decoded(way: Way, vae: Any, latents: Tensor, compiler: Callable[..., Any]) -> Tensor:
    """All pictures, made in chunks of three latent frames."""
    decoder = StreamDecoder(vae, way.at_once, compiler if way.compiled else None)
    return torch.cat([decoder.push(part) for part in latents.split(3, dim=2)], dim=2)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--output", type=Path, default=RESULT)
    parser.add_argument("--rounds", type=int, default=3, help="timed rounds of every way (default 3)")
    parser.add_argument("--chunks", type=int, default=5, help="chunks of three latent frames (default 5)")
    parser.add_argument("--ways", default="", help="names with ; between them (default: all)")
    parser.add_argument("--tiny", action="store_true", help="a tiny autoencoder, to see that it runs")
    given = parser.parse_args()
    device = resolve_device(given.device)
    dtype = torch.float32 if device.type == "cpu" else torch.bfloat16
    make = partial(random_model, AutoencoderKLWan, TINY if given.tiny else {}, 0, device, dtype)
    plain, last = make(), make()
    channels_last(last)
    rows, columns = (8, 8) if given.tiny else (60, 104)
    generator = torch.Generator("cpu").manual_seed(0)
    shape = (1, plain.config.z_dim, 3 * given.chunks, rows, columns)
    latents = torch.randn(shape, generator=generator).to(device, dtype)
    names = given.ways.split(";") if given.ways else [way.name for way in WAYS]
    rows_of = measured([way for way in WAYS if way.name in names], plain, last, latents, given.rounds)
    told = {"benchmark": "decoder", "made_by": "python scripts/bench_decoder.py", "rows": rows_of}
    told |= {
        "device": device_name(device),
        "dtype": str(dtype).removeprefix("torch."),
        "latents": list(shape),
    }
    told |= {"commit": git_commit(), "versions": versions(("torch", "diffusers"))}
    write_text_atomic(given.output, json.dumps(told, indent=1) + "\n")


def measured(ways: list[Way], plain: Any, last: Any, latents: Tensor, rounds: int) -> list[dict[str, Any]]:
    """A row a way; the first round, in which it is compiled, apart."""
    device = latents.device
    seconds: dict[str, list[float]] = {way.name: [] for way in ways}
    peaks: dict[str, int] = {}
    errors: dict[str, float] = {}
    compilers = {
        way.name: _once(partial(torch.compile, fullgraph=True, dynamic=False)) for way in ways if way.compiled
    }
    wanted = decoded(WAYS[0], plain, latents, _once(lambda step: step)).float()
    for number in range(rounds + 1):
        for way in ways:
            if device.type == "cuda":
                torch.cuda.reset_peak_memory_stats()
            began = _now(device)
            made = decoded(
                way, last if way.last else plain, latents, compilers.get(way.name, lambda step: step)
            )
            seconds[way.name].append(_now(device) - began)
            if device.type == "cuda":
                peaks[way.name] = torch.cuda.max_memory_allocated()
            errors[way.name] = float((made.float() - wanted).abs().max())
            rate = made.shape[2] / seconds[way.name][-1]
            print(f"round {number}  {way.name:<42}{rate:8.1f} pictures per second", flush=True)
    return [
        {
            "way": way.name,
            "pictures_per_second": made.shape[2] / statistics.median(seconds[way.name][1:]),
            "seconds": [round(x, 4) for x in seconds[way.name][1:]],
            "first_seconds": round(seconds[way.name][0], 3),
            "peak_bytes": peaks.get(way.name),
            "largest_difference": errors[way.name],
        }
        for way in ways
    ]


def _once(compiler: Callable[..., Any]) -> Callable[..., Any]:
    """Steps of all clips share one compiled function: they differ in their caches, which are arguments."""
    kept: list[Any] = []

    def made(step: Callable[..., Any]) -> Any:
        if not kept:
            kept.append(compiler(step))
        return kept[0]

    return made


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


if __name__ == "__main__":
    main()
