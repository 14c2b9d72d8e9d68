"""Measure MAGI-1 with random weights: forwards of one chunk, a step of the window, and a short clip.

    python scripts/bench_magi.py                    # 4.5B at 720x720 on a GPU
    python scripts/bench_magi.py --config maze_magi_demo --device cpu   # tiny

Dense: finished chunks in range pass at every step. Active only: their keys and values are kept. Both give the
same velocities (`vidkit.generation.magi.loop`). Weights are random: speed and memory count, pictures do not.
Every part is kept as it is done: started again, the script goes on.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import statistics
import time
from pathlib import Path
from typing import Any

import torch

from vidkit.config.compose import compose
from vidkit.generation.cost import estimate_cost
from vidkit.generation.first_frame import FirstFrame
from vidkit.generation.load import LoadedModel, LoadOptions, load_pipeline
from vidkit.generation.magi.captions import chunk_texts
from vidkit.generation.magi.clip import MagiClip
from vidkit.generation.magi.loop import MagiLoop
from vidkit.generation.magi.whole_passes import WholePasses
from vidkit.generation.random_weights import random_embeddings
from vidkit.generation.resolve import find_model, make_request
from vidkit.generation.run import generate
from vidkit.generation.spec import Request
from vidkit.models.magi.cost import MagiShape
from vidkit.utils.device import device_name, resolve_device, resolve_dtype
from vidkit.utils.files import write_text_atomic
from vidkit.utils.versions import git_commit, versions

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "docs" / "results" / "magi_speed.json"


class Result:
    """What has been measured, kept on disk."""

    def __init__(self, path: Path, config: str) -> None:
        self.path = path
        self.whole: dict[str, Any] = {"config": config, "parts": {}}
        if path.is_file():
            found = json.loads(path.read_text(encoding="utf-8"))
            if found["config"] == config:
                self.whole = found

    def has(self, name: str) -> bool:
        """Whether a part is done."""
        return name in self.whole["parts"]

    def keep(self, name: str, **figures: Any) -> None:
        """Store a part; print it."""
        self.whole["parts"][name] = figures
        self.whole |= {
            "made_by": f"python scripts/bench_magi.py --config {self.whole['config']}",
            "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "commit": git_commit(),
            "versions": versions(("torch", "diffusers")),
            "weights": "random",
        }
        write_text_atomic(self.path, json.dumps(self.whole, indent=1) + "\n")
        print(name, json.dumps(figures), flush=True)


def timed(function: Any, device: torch.device, repeats: int) -> tuple[float, float]:
    """Median seconds of a call after one to warm up, and the spread (highest less lowest)."""
    seconds = []
    for _ in range(repeats + 1):
        _drain(device)
        start = time.perf_counter()
        function()
        _drain(device)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[1:]), max(seconds[1:]) - min(seconds[1:])


def measure_forwards(model: LoadedModel, request: Request, result: Result, repeats: int) -> None:
    """One chunk that sees 1 to 5 chunks, keys and values of the earlier ones kept."""
    loop, shape = _loop(model, request), MagiShape.of(model.spec.transformer)
    tokens = model.spec.tokens(model.spec.chunk_frames, request.height, request.width)
    text, passes = [loop.clip.texts[0]], loop.passes
    assert isinstance(passes, WholePasses)
    for seen in range(1, min(5, request.frames // model.spec.chunk_frames) + 1):
        name = f"one chunk, {seen} seen"
        if result.has(name):
            continue
        for chunk in range(seen - 1):
            passes.keep(chunk, 0)
        call = lambda seen=seen: passes._pass([seen - 1], [0.2], text, [seen], 0)  # noqa: E731
        with torch.no_grad():
            seconds, spread = timed(call, model.options.device, repeats)
        flops = shape.pass_flops(tokens, tokens * seen, request.max_sequence_length).total
        result.keep(
            name,
            seconds=seconds,
            spread=spread,
            tera_flops=flops / 1e12,
            tflop_per_second=flops / 1e12 / seconds,
        )


def measure_steps(model: LoadedModel, request: Request, result: Result, repeats: int) -> None:
    """A step of the full window in the middle of a clip: dense against active only, peak memory of each."""
    for name, kept, kv_range in (
        ("step, active only", True, request.magi.kv_range),
        ("step, dense", False, request.magi.kv_range),
        ("step, active only, all before", True, []),
        ("step, dense, all before", False, []),
    ):
        if result.has(name):
            continue
        settings = dataclasses.replace(request.magi, kv_cache=kept, kv_range=list(kv_range))
        loop = _loop(model, dataclasses.replace(request, magi=settings))
        share = request.steps // settings.window
        number = (settings.window + 1) * share + share // 2
        if number >= len(loop.rows):
            raise SystemExit(f"--frames {request.frames} are too few: no step has a full window in mid-clip")
        row = loop.rows[number]
        device = model.options.device
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        with torch.no_grad():
            for chunk in range(row.steps[0].chunk):
                loop.passes.keep(chunk, 0)
            seconds, spread = timed(lambda loop=loop, number=number: loop.velocity(number), device, repeats)
        peak = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None
        result.keep(
            name,
            seconds=seconds,
            spread=spread,
            peak_bytes=peak,
            key_value_bytes=loop.passes.report()["state_bytes"],
            chunks=[one.chunk for one in row.steps],
        )


def measure_clip(model: LoadedModel, request: Request, result: Result) -> None:
    """A short clip from noise to frames."""
    if result.has("clip"):
        return
    cost = estimate_cost(model.spec, request, with_encoders=False)
    made = generate(model, request)
    record = made.record
    result.keep(
        "clip",
        frames=request.frames,
        steps=len(record.steps),
        seconds_per_step=record.seconds_per_step,
        phase_seconds=dict(record.phase_seconds),
        peak_device_bytes=record.peak_device_bytes,
        planned_peak_bytes=cost.peak_bytes,
        planned_peta_flops=cost.total_flops / 1e15,
        **model.pipe.report,
        finite=not record.warnings,
    )


def _loop(model: LoadedModel, request: Request) -> MagiLoop:
    """A loop in its initial state."""
    spec, device = model.spec, model.options.device
    frames = spec.latent_frames(request.frames)
    size = (request.height // spec.spatial_factor, request.width // spec.spatial_factor)
    noise = torch.randn(1, int(spec.transformer["in_channels"]), frames, *size).to(device)
    states = random_embeddings(spec, request.max_sequence_length, 0, device, model.options.dtype)
    texts = chunk_texts(states, request.frames // spec.chunk_frames, None, request.max_sequence_length)
    clip = MagiClip(noise, texts, None, request.steps, request.guidance, request.shift, request.magi)
    return MagiLoop(model.pipe.transformer, clip)


def _drain(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def main() -> None:
    """Measure what is not there yet."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", default="magi1_4_5b_distill")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--output", type=Path, default=RESULT)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--frames", type=int, default=144, help="of the clip that steps are measured in")
    parser.add_argument("--clip-frames", type=int, default=96)
    parser.add_argument("--clip-steps", type=int, default=8, help="of every chunk, a multiple of 4")
    arguments = parser.parse_args()
    settings = compose("generate", arguments.config, ["model.weights=random", f"frames={arguments.frames}"])
    spec, _ = find_model(settings)
    request = make_request(settings, FirstFrame(None))
    result = Result(arguments.output, arguments.config)
    device = resolve_device(arguments.device)
    vae_dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    options = LoadOptions(device=device, dtype=resolve_dtype("auto", device), vae_dtype=vae_dtype)
    model = load_pipeline(spec, None, options)
    result.keep("load", seconds=model.load_seconds, device=device_name(device), dtype=str(options.dtype))
    measure_forwards(model, request, result, arguments.repeats)
    measure_steps(model, request, result, arguments.repeats)
    measure_clip(
        model,
        dataclasses.replace(request, frames=arguments.clip_frames, steps=arguments.clip_steps, seed=0),
        result,
    )


if __name__ == "__main__":
    main()
