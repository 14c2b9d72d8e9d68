r"""What it gains to let skipped blocks stand in by their means: error and PSNR at the same masks and density.

    python scripts/measure_compensation.py  # on any device
    python scripts/measure_compensation.py --shape 21 30 52 --heads 12 --dim 128 --block 128 --no-clips \
        --no-embedded --speed  # on a GPU

Errors are those of the attention output on structured Q, K, V and on those of three layers of the embedded
model, with the masks of `pooled_mean` and
`xattention` whose threshold is set for each density: skipped blocks left out; in the softmax with their
means; and with the logit of the mean corrected by half the variance of the block's logits, at most 1 (the
second cumulant; plain torch alone). PSNR is that of the embedded model's clips beside dense attention.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from scripts.captured_qkv import captured, embedded_model
from vidkit.attention import AttentionPolicy, enable, predict_mask
from vidkit.attention.executors import ExecutorChooser
from vidkit.attention.plan import BlockPlan
from vidkit.attention.predictors import make_predictor
from vidkit.attention.presets import embedded_masks
from vidkit.bench.attention.structured import structured
from vidkit.bench.attention_quality.clips import ClipMaker, draw_clips
from vidkit.bench.caching.clips import clip_psnr
from vidkit.bench.timing import measure
from vidkit.hooks.token_grid import TokenGrid
from vidkit.utils.device import device_name
from vidkit.utils.files import write_text_atomic
from vidkit.utils.versions import git_commit, versions

Call = tuple[Tensor, Tensor, Tensor]  # Q, K, V
LAYERS = 12  # of the embedded model
PREDICTORS: dict[str, dict[str, Any]] = {"pooled_mean": {}, "xattention": {"stride": 8}}


def plan_at(name: str, q: Tensor, k: Tensor, block: int, density: float) -> BlockPlan:
    """Masks with the threshold that comes nearest to a density."""
    low, high = 0.0, 1.0
    for _ in range(12):
        tau = (low + high) / 2
        plan = predict_mask(name, q, k, tau=max(tau, 1e-4), block_q=block, block_k=block, **PREDICTORS[name])
        low, high = (tau, high) if plan.density < density else (low, tau)
    return plan


def with_cumulant(q: Tensor, k: Tensor, v: Tensor, plan: BlockPlan) -> Tensor:
    """Means with the second cumulant of the logits, in plain torch, head by head."""
    scale, block, Nk = q.shape[-1] ** -0.5, plan.block_k, k.shape[2]
    listed = plan.mask().repeat_interleave(plan.block_q, 2)[:, :, : plan.q_len]
    out = torch.empty_like(q)
    for b in range(q.shape[0]):
        for h in range(q.shape[1]):
            parts = list(zip(k[b, h].float().split(block), v[b, h].float().split(block), strict=True))
            mean_k, mean_v = (torch.stack([part[side].mean(0) for part in parts]) for side in (0, 1))
            spread = torch.stack([part[0].var(0, unbiased=False) for part in parts])
            length = torch.tensor([float(len(part[0])) for part in parts], device=q.device)
            rows = q[b, h].float()
            more = (0.5 * scale**2 * rows.square() @ spread.mT).clamp_max(1.0)
            tail = rows @ mean_k.mT * scale + more + length.log()
            tail = tail.masked_fill(listed[b, h], -math.inf)
            mask = listed[b, h].repeat_interleave(block, 1)[:, :Nk]
            exact = (rows @ k[b, h].float().mT * scale).masked_fill(~mask, -math.inf)
            p = torch.cat([exact, tail], 1).softmax(-1)
            out[b, h] = (p[:, :Nk] @ v[b, h].float() + p[:, Nk:] @ mean_v).to(q.dtype)
    return out


def inputs_of(asked: argparse.Namespace, device: torch.device) -> Iterator[tuple[str, list[Call]]]:
    """Structured Q, K, V, and those of three layers of the embedded model at its first sparse step."""
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    yield "structured", [structured(TokenGrid(*asked.shape), asked.heads, asked.dim, device, dtype)]
    if not asked.no_embedded:
        layers = captured(2, device).taken[:LAYERS:4]
        yield "embedded model", [(q.to(device), k.to(device), v.to(device)) for q, k, v in layers]


def error_rows(asked: argparse.Namespace, device: torch.device) -> list[dict[str, Any]]:
    """Errors, and on a GPU milliseconds, of every input at every density."""
    chooser, rows = ExecutorChooser("triton" if device.type == "cuda" else "gather"), []
    for source, calls in inputs_of(asked, device):
        for name in PREDICTORS:
            for density in asked.densities:
                found = [figures(call, name, density, asked, chooser) for call in calls]
                means = {key: statistics.mean(one[key] for one in found) for key in found[0]}
                rows.append({"input": source, "masks": name, **means})
                print(told(rows[-1]), flush=True)
    return rows


def figures(
    call: Call, name: str, density: float, asked: argparse.Namespace, chooser: ExecutorChooser
) -> dict[str, float]:
    """Density, errors and milliseconds of one attention call."""
    q, k, v = call
    plan = plan_at(name, q, k, asked.block, density)
    means = replace(plan, compensate=True)
    ways: dict[str, Callable[[], Tensor]] = {
        "left_out": lambda: chooser.attend(q, k, v, plan),
        "means": lambda: chooser.attend(q, k, v, means),
    }
    if q.shape[2] <= 10_000:
        ways["cumulant"] = lambda: with_cumulant(q, k, v, plan)
    dense = torch.cat([F.scaled_dot_product_attention(*(x[:, h : h + 1].float() for x in call))
                       for h in range(q.shape[1])], 1)  # fmt: skip
    row = {"density": plan.density}
    for way, attend in ways.items():
        row[way] = float((attend().float() - dense).norm() / dense.norm())
        if asked.speed and way != "cumulant":
            row[f"{way}_ms"] = measure(attend, q.device).median
    return row


def clip_rows(asked: argparse.Namespace, device: torch.device) -> list[dict[str, Any]]:
    """PSNR of the embedded model's clips to dense ones, the same masks' settings with and without means."""
    model = embedded_model(device)
    maker, clips = ClipMaker(model), draw_clips([5], asked.clips, 0, "compensation")
    wanted = maker.decode(maker.latents(clips, asked.steps))
    demo, rows = embedded_masks(), []
    keep = tuple(demo["always_keep"])
    for tau in asked.taus:
        for compensate in (False, True):
            predictor = make_predictor(
                "xattention",
                block_q=demo["block_q"],
                block_k=demo["block_k"],
                stride=demo["stride"],
                always_keep=keep,
            )
            policy = AttentionPolicy(
                predictor, tau=tau, dense_steps=1, compensate=compensate, executor=ExecutorChooser("gather")
            )
            with enable(model.pipe, policy) as handle:
                frames = maker.decode(maker.latents(clips, asked.steps))
                density = handle.report()["sparse_density"]
            psnr = clip_psnr(frames, wanted).tolist()
            row = {"tau": tau, "compensate": compensate, "density": density, "psnr": statistics.mean(psnr)}
            rows.append(row | {"clips": psnr})
            print(told(row), flush=True)
    return rows


def told(row: dict[str, Any]) -> str:
    """A row in a line."""
    return "  ".join(
        f"{name} {value:.4f}" if isinstance(value, float) else f"{name} {value}"
        for name, value in row.items()
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shape", nargs=3, type=int, default=[9, 12, 20], help="frames, rows, columns")
    parser.add_argument("--heads", type=int, default=2)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--block", type=int, default=48)
    parser.add_argument("--densities", nargs="*", type=float, default=[0.1, 0.25, 0.5])
    parser.add_argument("--speed", action="store_true", help="milliseconds, too")
    parser.add_argument("--no-clips", action="store_true")
    parser.add_argument("--no-embedded", action="store_true")
    parser.add_argument("--clips", type=int, default=2)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--taus", nargs="*", type=float, default=[0.8, 0.5])
    parser.add_argument("--output", type=Path)
    asked = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    record: dict[str, Any] = {"device": device_name(device), "commit": git_commit()}
    record |= {
        "versions": versions(["torch", "triton"]),
        "asked": vars(asked) | {"output": str(asked.output)},
    }
    record["errors"] = error_rows(asked, device)
    if not asked.no_clips:
        record["clips"] = clip_rows(asked, device)
    if asked.output:
        write_text_atomic(asked.output, json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
