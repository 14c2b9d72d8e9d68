"""Starts of SVG2's k-means: what the first clustering costs, and what its masks keep at the same density.

    python scripts/measure_svg2_start.py                # structured Q/K and the embedded model, on any device
    python scripts/measure_svg2_start.py --shapes wan-1.3b-480p wan-1.3b-720p --no-embedded  # on a GPU

For each start: distances that are computed (a GPU counts the rounds asked for), seconds, mean squared
distance to the centroids, and, where every query cluster keeps the same share of the keys, the softmax mass
that is kept and the error of the output, on sampled query rows.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import vidkit_kernels.kmeans.reference as reference
from torch import Tensor
from vidkit_kernels.kmeans import kmeans

from scripts.captured_qkv import captured
from vidkit.attention.predictors.cluster_start import TOKENS_A_CLUSTER, ClusterStart, first_centroids
from vidkit.attention.predictors.svg2 import cluster_scores
from vidkit.bench.attention.structured import structured
from vidkit.bench.timing import synchronize
from vidkit.hooks.token_grid import TokenGrid
from vidkit.utils.device import device_name
from vidkit.utils.files import write_text_atomic
from vidkit.utils.versions import git_commit, versions

OTHER_SEED = "tokens, 50, other seed"  # how much chance alone does
# name: start, rounds on the sample, rounds over all tokens
STARTS = {
    "tokens, 50": (ClusterStart.tokens, 0, 50),
    OTHER_SEED: (ClusterStart.tokens, 0, 50),
    "tokens, 4": (ClusterStart.tokens, 0, 4),
    "tokens, 8": (ClusterStart.tokens, 0, 8),
    "grid, 4": (ClusterStart.grid, 0, 4),
    "grid, 8": (ClusterStart.grid, 0, 8),
    "sample 8, 2": (ClusterStart.sample, 8, 2),
    "sample 8, 4": (ClusterStart.sample, 8, 4),
    "sample 16, 4": (ClusterStart.sample, 16, 4),
}
SHAPES = {  # frames, rows, columns, heads, query clusters, key clusters, head dim
    "small": (9, 12, 20, 4, 32, 96, 64),
    "medium": (13, 20, 30, 2, 72, 240, 64),
    "wan-1.3b-480p": (21, 30, 52, 12, 300, 1000, 128),
    "wan-1.3b-720p": (21, 45, 80, 12, 300, 1000, 128),
}
SAMPLED_ROWS = 256


@contextmanager
def counted() -> Iterator[list[int]]:
    """Distances that the plain reference computes."""
    total, plain = [0], reference.assign_reference

    def counting(x: Tensor, centroids: Tensor, labels: Tensor, active: Tensor | None) -> Tensor:
        heads = x.shape[0] * x.shape[1] if active is None else int(active.sum())
        total[0] += heads * x.shape[2] * centroids.shape[2]
        return plain(x, centroids, labels, active)

    reference.assign_reference = counting
    try:
        yield total
    finally:
        reference.assign_reference = plain


def clustered(
    x: Tensor, C: int, name: str, grid: TokenGrid | None, seed: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Labels, centroids and sizes of one side."""
    start, sample_rounds, rounds = STARTS[name]
    seed += 1000 * (name == OTHER_SEED)
    centroids = first_centroids(x, C, start, seed, grid, sample_rounds, "auto")
    found = kmeans(x, centroids, rounds)
    return found.labels.long(), found.centroids, found.offsets.diff(dim=-1)


def squared_distance(x: Tensor, labels: Tensor, centroids: Tensor) -> float:
    """Mean over tokens, to their centroid."""
    own = centroids.gather(2, labels[..., None].expand(-1, -1, -1, x.shape[-1]))
    return float((x.float() - own).square().sum(-1).mean())


def kept_map(logits: Tensor, sizes_k: Tensor, density: float) -> Tensor:
    """Cluster pairs `[B, H, Cq, Ck]`: of each query cluster the likeliest keys, up to a share of all keys."""
    order = logits.sort(dim=-1, descending=True, stable=True).indices
    ranked = sizes_k[:, :, None].expand_as(logits).gather(-1, order)
    before = ranked.cumsum(-1) - ranked
    kept = before < density * sizes_k.sum(-1)[..., None, None]
    return torch.zeros_like(kept).scatter(-1, order, kept)


def quality(
    q: Tensor, k: Tensor, v: Tensor, sides: tuple[Any, Any], density: float
) -> tuple[float, float, float]:
    """Density, kept mass and relative error of the output of sampled query rows."""
    (lq, cq, _), (lk, ck, nk) = sides
    kept = kept_map(cluster_scores(cq, ck, nk).log(), nk, density)
    rows = torch.linspace(0, q.shape[2] - 1, SAMPLED_ROWS, device=q.device).long()
    found = []
    for h in range(q.shape[1]):
        logits = q[0, h, rows].float() @ k[0, h].float().T * q.shape[-1] ** -0.5
        mask = kept[0, h][lq[0, h, rows]][:, lk[0, h]]
        p = logits.softmax(-1)
        exact = p @ v[0, h].float()
        out = logits.masked_fill(~mask, float("-inf")).softmax(-1).nan_to_num() @ v[0, h].float()
        found.append(
            (
                float(mask.float().mean()),
                float((p * mask).sum(-1).mean()),
                float((out - exact).norm() / exact.norm()),
            )
        )
    kept_pairs, mass, error = (statistics.mean(column) for column in zip(*found, strict=True))
    return kept_pairs, mass, error


def measured(
    name: str, calls: list[tuple[Tensor, Tensor, Tensor]], grid: TokenGrid, C: tuple[int, int], density: float
) -> list[dict[str, Any]]:
    """All starts on the same calls, by turns."""
    rows: dict[str, list[tuple[float, ...]]] = {start: [] for start in STARTS}
    device = calls[0][0].device
    for number, (q, k, v) in enumerate(calls):
        if number == 0 and device.type == "cuda":  # kernels are compiled
            for start in STARTS:
                clustered(q, C[0], start, grid, 0), clustered(k, C[1], start, grid, 1)
        for start in STARTS if number % 2 == 0 else reversed(list(STARTS)):
            synchronize(device)
            begin = time.perf_counter()
            with counted() as distances:
                sides = (clustered(q, C[0], start, grid, number), clustered(k, C[1], start, grid, number + 1))
            synchronize(device)
            seconds = time.perf_counter() - begin
            if device.type == "cuda":
                distances = [planned_distances(start, q, C)]
            spread = sum(squared_distance(x, *side[:2]) for x, side in zip((q, k), sides, strict=True))
            rows[start].append((distances[0], seconds, spread, *quality(q, k, v, sides, density)))
    published = [statistics.mean(column) for column in zip(*rows["tokens, 50"], strict=True)]
    found = []
    for start, values in rows.items():
        distances_, seconds_, spread_, density_, recall, error = (
            statistics.mean(column) for column in zip(*values, strict=True)
        )
        found.append(
            {
                "input": name,
                "start": start,
                "distances": distances_,
                "share_of_distances": distances_ / published[0],
                "seconds": seconds_,
                "share_of_seconds": statistics.median(
                    mine[1] / theirs[1] for mine, theirs in zip(values, rows["tokens, 50"], strict=True)
                ),
                "squared_distance": spread_ / published[2],
                "density": density_,
                "kept_mass": recall,
                "error": error,
                "error_over_published": statistics.mean(
                    mine[5] / theirs[5] for mine, theirs in zip(values, rows["tokens, 50"], strict=True)
                ),
            }
        )
    return found


def planned_distances(start: str, x: Tensor, C: tuple[int, int]) -> int:
    """Of both sides, if no head stops early."""
    _, sample_rounds, rounds = STARTS[start]
    B, H, N, _ = x.shape
    sampled = [min(N, TOKENS_A_CLUSTER * one) for one in C]
    return (
        B * H * sum(one * (rounds * N + sample_rounds * some) for one, some in zip(C, sampled, strict=True))
    )


def told(row: dict[str, Any]) -> str:
    """A row in a line."""
    return (
        f"{row['input']:<26}{row['start']:<24}distances {row['share_of_distances']:.3f}"
        f"  seconds {row['seconds']:.4f} ({row['share_of_seconds']:.3f})"
        f"  spread {row['squared_distance']:.3f}  density {row['density']:.3f}"
        f"  mass {row['kept_mass']:.4f}  error {row['error']:.4f}"
        f" ({row['error_over_published']:.3f})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shapes", nargs="*", default=["small"], choices=list(SHAPES))
    parser.add_argument("--calls", type=int, default=3, help="attention calls of each shape")
    parser.add_argument("--density", type=float, default=0.25)
    parser.add_argument("--no-embedded", action="store_true")
    parser.add_argument("--output", type=Path)
    asked = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    rows = []
    for name in asked.shapes:
        t, h, w, heads, cq, ck, width = SHAPES[name]
        grid = TokenGrid(t, h, w)
        dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
        calls = [structured(grid, heads, width, device, dtype, seed) for seed in range(asked.calls)]
        rows += measured(f"structured, {name}", calls, grid, (cq, ck), asked.density)
    if not asked.no_embedded:
        taken = captured(2, device)
        assert taken.grid is not None
        some = taken.taken[:: max(1, 12 // (2 * asked.calls))]
        calls = [(q.to(device), k.to(device), v.to(device)) for q, k, v in some]
        rows += measured("embedded model", calls, taken.grid, (24, 64), 2 * asked.density)
    for row in rows:
        print(told(row))
    record = {
        "device": device_name(device),
        "commit": git_commit(),
        "versions": versions(["torch", "triton"]),
        "rows": rows,
    }
    if asked.output:
        write_text_atomic(asked.output, json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
