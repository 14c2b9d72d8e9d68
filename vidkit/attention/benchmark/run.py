"""The benchmark: checks, then sections, row by row."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import torch

from vidkit.attention.benchmark.end_to_end import LOOPS, loop_rows
from vidkit.attention.benchmark.prediction import memory_rows, prediction_rows
from vidkit.attention.benchmark.rates import dense_rows, launch_rows, sparse_rows
from vidkit.attention.benchmark.report import Row
from vidkit.attention.benchmark.shapes import Shape
from vidkit.attention.benchmark.timing import matmul_peak_tflops
from vidkit.errors import ConfigError

SECTIONS = ("rates", "prediction", "memory", "loop", "launch")


def run(
    shapes: list[Shape], device: torch.device, dtype: torch.dtype, sections: Collection[str] = SECTIONS[:4],
    loops: Collection[str] | None = None,
) -> Iterator[Row]:  # fmt: skip
    """Measure; run `verify` first and stop if a check failed.

    Args:
        shapes: attention shapes.
        device: where.
        dtype: of Q, K, V.
        sections: of `SECTIONS`; `launch` (tuning of our kernel) needs a GPU and is left out by default.
        loops: names of denoising loops, None: 1.3B at both sizes on a GPU, the tiny one on a CPU.

    Raises:
        ConfigError: unknown section or loop.
    """
    gpu = device.type == "cuda"
    names = loops if loops is not None else (("wan-1.3b-480p", "wan-1.3b-720p") if gpu else ("tiny",))
    for name, known in [*((s, SECTIONS) for s in sections), *((n, tuple(LOOPS)) for n in names)]:
        if name not in known:
            raise ConfigError(f"unknown benchmark part '{name}'", f"choose from: {', '.join(known)}")
    peak = matmul_peak_tflops(device, dtype)
    yield Row(
        "ceiling", "square", "matrix product", None, None, None, None, peak, "shares of peak are of this rate"
    )
    for shape in shapes:
        dense = list(dense_rows(shape, device, dtype)) if {"rates", "prediction"} & set(sections) else []
        if "rates" in sections:
            yield from dense
            yield from sparse_rows(shape, device, dtype)
        if "launch" in sections and gpu:
            yield from launch_rows(shape, device, dtype)
        if "prediction" in sections:
            fastest = min(r.ms for r in dense if r.ms is not None)
            yield from prediction_rows(shape, device, dtype, fastest)
        if "memory" in sections:
            yield from memory_rows(shape, device, dtype)
    if "loop" in sections:
        for name in names:
            yield from loop_rows(LOOPS[name], device, dtype)
