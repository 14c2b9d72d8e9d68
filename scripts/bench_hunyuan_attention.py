"""HunyuanVideo-1.5's joint attention: diffusers' mask of all pairs beside padding that is left out.

    python scripts/bench_hunyuan_attention.py                       # 720p, 61 and 121 frames, on a GPU
    python scripts/bench_hunyuan_attention.py --tiny --device cpu   # the same steps in seconds

One attention module of the published widths with random weights, the video's tokens of a clip and 1,985 text
tokens, of which a prompt fills some. A call is measured whole, and without its projections, norms and rotary
embedding, which both ways share. Errors are those of the video's output, beside fp32 on sampled rows.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import HunyuanVideo15Transformer3DModel
from torch import Tensor

from vidkit.generation.random_weights import random_model
from vidkit.hooks.dense.kernels import KERNELS, problem
from vidkit.hooks.dense.processor import DenseAttnProcessor
from vidkit.hooks.families import family_of
from vidkit.utils.device import device_name
from vidkit.utils.files import write_text_atomic
from vidkit.utils.timing import synchronize
from vidkit.utils.versions import git_commit, versions

TEXT = {"image": 729, "ByT5": 256, "Qwen2.5-VL": 1000}  # tokens, padding included
TURNS = 3
ROWS = 128  # sampled video tokens


@dataclass(frozen=True)
class Case:
    """A call's inputs: attention module, video `[1, N, C]`, text `[1, S, C]`, its mask, rotary tables."""

    attention: Any
    video: Tensor
    text: Tensor
    mask: Tensor
    rotary: tuple[Tensor, Tensor]
    valid: int

    def masked(self) -> Tensor:
        """As diffusers calls its own processor; the video's output."""
        return self._call(self.text, self.mask)

    def without_padding(self) -> Tensor:
        """As vidkit's blocks call it: the valid text alone."""
        return self._call(self.text[:, : self.valid], None)

    def _call(self, text: Tensor, mask: Tensor | None) -> Tensor:
        video: Tensor = self.attention(
            hidden_states=self.video,
            encoder_hidden_states=text,
            attention_mask=mask,
            image_rotary_emb=self.rotary,
        )[0]
        return video


def made(
    grid: tuple[int, int, int], valid: int, tiny: bool, device: torch.device, dtype: torch.dtype
) -> Case:
    """Random weights and inputs; grid: latent frames, rows, columns."""
    widths = {"num_attention_heads": 2, "attention_head_dim": 64, "rope_axes_dim": (16, 24, 24)}
    model = random_model(
        HunyuanVideo15Transformer3DModel,
        {"num_layers": 1, "num_refiner_layers": 1, **(widths if tiny else {})},
        0,
        device,
        dtype,
    )
    attention = model.transformer_blocks[0].attn
    C = attention.to_q.weight.shape[0]
    generator = torch.Generator(device).manual_seed(1)
    t, h, w = grid

    def values(count: int) -> Tensor:
        return torch.randn(1, count, C, generator=generator, device=device, dtype=dtype)

    length = sum(TEXT.values()) if not tiny else 24
    mask = (torch.arange(length, device=device) < valid)[None]
    rotary = model.rope(torch.empty(1, 1, *grid, device=device))
    return Case(attention, values(t * h * w), values(length), mask, rotary, valid)


def seconds(call: Callable[[], Tensor], device: torch.device) -> float:
    """Median of a few calls after one that warms up."""
    call()
    found = []
    for _ in range(TURNS):
        synchronize(device)
        begin = time.perf_counter()
        call()
        synchronize(device)
        found.append(time.perf_counter() - begin)
    return statistics.median(found)


def reference(case: Case, rows: Tensor) -> Tensor:
    """The video's output at some tokens, softmax and output projection in fp32."""
    made_ = family_of_attention().project(
        case.attention, case.video, case.text[:, : case.valid], None, image_rotary_emb=case.rotary
    )
    q, k, v = made_.q[0, rows].float(), made_.k[0], made_.v[0]
    heads = []
    for h in range(q.shape[1]):  # a head at a time: keys in fp32 of all heads would take gigabytes
        p = (q[:, h] @ k[:, h].float().T * q.shape[-1] ** -0.5).softmax(-1)
        heads.append(p @ v[:, h].float())
    flat = torch.stack(heads, 1).flatten(1)
    out = case.attention.to_out[0]
    return flat @ out.weight.float().T + out.bias.float()


def family_of_attention() -> Any:
    """The adapter, which knows what the module's inputs become."""
    with torch.device("meta"):
        return family_of(HunyuanVideo15Transformer3DModel(num_layers=1, num_refiner_layers=1))


def kernels(case: Case, device: torch.device, dtype: torch.dtype) -> list[str]:
    """Exact ones that can run here."""
    D = case.attention.to_q.weight.shape[0] // case.attention.heads
    return [n for n, k in KERNELS.items() if k.is_exact and problem(k, device, dtype, D) is None]


@torch.no_grad()
def measured(case: Case, device: torch.device, dtype: torch.dtype) -> dict[str, Any]:
    """Milliseconds of a call of both, and how far apart they are."""
    rows = torch.linspace(0, case.video.shape[1] - 1, ROWS, device=device).long()
    exact, family = reference(case, rows), family_of_attention()
    found: dict[str, Any] = {
        "tokens": case.video.shape[1],
        "text": case.text.shape[1],
        "valid": case.valid,
        "mask_bytes": (case.video.shape[1] + case.text.shape[1]) ** 2,
    }
    original = case.attention.processor
    shared = DenseAttnProcessor(original, _WithoutSoftmax(family), "native")
    case.attention.set_processor(shared)
    found["shared_ms"] = 1e3 * seconds(case.without_padding, device)
    case.attention.set_processor(original)
    masked: Tensor | None = None
    try:
        masked = case.masked()
        found["masked_ms"] = 1e3 * seconds(case.masked, device)
        found["masked_error"] = error(masked[0, rows], exact)
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
            case.masked()
            found["masked_peak_bytes"] = torch.cuda.max_memory_allocated(device)
    except torch.OutOfMemoryError as problem_:
        found["masked_failed"] = f"out of memory: {str(problem_).splitlines()[0][:160]}"
    if device.type == "cuda":
        torch.cuda.empty_cache()
    found["kernels"] = []
    for name in kernels(case, device, dtype):
        case.attention.set_processor(DenseAttnProcessor(original, family, name))
        ours = case.without_padding()
        row = {"kernel": name, "ms": 1e3 * seconds(case.without_padding, device)}
        row["error"] = error(ours[0, rows], exact)
        if masked is not None:
            row["from_masked"] = error(ours, masked)
            row["gain"] = found["masked_ms"] / row["ms"]
            alone = max(row["ms"] - found["shared_ms"], 1e-3)  # a tiny call may vanish in the noise
            row["attention_gain"] = (found["masked_ms"] - found["shared_ms"]) / alone
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
            case.without_padding()
            row["peak_bytes"] = torch.cuda.max_memory_allocated(device)
        found["kernels"].append(row)
        print(told(found, row), flush=True)
    case.attention.set_processor(original)
    return found


class _WithoutSoftmax:
    """An adapter whose calls end before attention: what both ways share."""

    def __init__(self, family: Any) -> None:
        self._family = family

    def is_plain(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._family.is_plain(*args, **kwargs))

    def project(self, attention: Any, *args: Any, **kwargs: Any) -> Any:
        projected = self._family.project(attention, *args, **kwargs)
        # one key: attention costs nothing, its output is as large as ever
        short = projected.k[:, :1], projected.v[:, :1]
        return type(projected)(projected.q, *short, projected.raw_q, projected.raw_k, projected.after)

    def output(self, *args: Any) -> Any:
        return self._family.output(*args)


def error(found: Tensor, wanted: Tensor) -> float:
    """Relative to the norm."""
    return float((found.float() - wanted.float()).norm() / wanted.float().norm())


def told(case: dict[str, Any], row: dict[str, Any]) -> str:
    """A row in a line."""
    line = f"{case['tokens']:>7} + {case['valid']} of {case['text']} tokens  {row['kernel']:<7}"
    line += f"{row['ms']:9.2f} ms  error {row['error']:.2e}"
    if "masked_failed" in case:
        return f"{line}  masked: {case['masked_failed']}"
    line += f"  masked {case['masked_ms']:.2f} ms ({row['gain']:.1f} x, attention alone"
    return f"{line} {row['attention_gain']:.1f} x), error {case['masked_error']:.2e}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, nargs="*", default=[61, 121])
    parser.add_argument("--size", type=int, nargs=2, default=[720, 1280], metavar=("HEIGHT", "WIDTH"))
    parser.add_argument("--valid", type=int, default=120, help="text tokens that the prompt fills")
    parser.add_argument("--tiny", action="store_true", help="two narrow heads, a few tokens")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--output", type=Path)
    asked = parser.parse_args()
    device = torch.device(asked.device)
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    record: dict[str, Any] = {
        "device": device_name(device),
        "dtype": str(dtype).removeprefix("torch."),
        "commit": git_commit(),
        "versions": versions(["torch", "diffusers", "triton"]),
        "rows": [],
    }
    height, width = (64, 96) if asked.tiny else asked.size
    for frames in [9] if asked.tiny else asked.frames:
        grid = ((frames - 1) // 4 + 1, height // 16, width // 16)
        case = made(grid, 7 if asked.tiny else asked.valid, asked.tiny, device, dtype)
        row = {"frames": frames, "height": height, "width": width, **measured(case, device, dtype)}
        record["rows"].append(row)
        del case
        if asked.output:
            write_text_atomic(asked.output, json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
