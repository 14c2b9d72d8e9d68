"""The benchmark: checks, then sections, row by row."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, fields
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vidkit.bench.attention.end_to_end import LOOPS, loop_rows
from vidkit.bench.attention.figure import plot
from vidkit.bench.attention.prediction import memory_rows, prediction_rows
from vidkit.bench.attention.rates import dense_rows, launch_rows, sparse_rows
from vidkit.bench.attention.report import Row, record_of, save
from vidkit.bench.attention.shapes import Shape
from vidkit.bench.attention.verify import Check, verify
from vidkit.bench.timing import matmul_peak_tflops
from vidkit.errors import ConfigError

log = logging.getLogger(__name__)

SECTIONS = ("rates", "prediction", "memory", "loop", "launch")


@dataclass(frozen=True)
class SeededShape(Shape):
    """A shape whose random inputs have a seed of their own."""

    seed: int = 0

    @classmethod
    def of(cls, shape: Shape, seed: int) -> SeededShape:
        """The same shape with other inputs."""
        return cls(**{f.name: getattr(shape, f.name) for f in fields(Shape)}, seed=seed)

    def qkv(
        self, device: torch.device, dtype: torch.dtype, seed: int | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Random q, k, v `[1, H, N, D]`."""
        return super().qkv(device, dtype, self.seed if seed is None else seed)


@dataclass(frozen=True)
class Part:
    """One section on one shape or loop.

    Attributes:
        section: of `SECTIONS`.
        name: of the shape or loop.
        rows: measures.
    """

    section: str
    name: str
    rows: Callable[[], Iterator[Row]] = field(repr=False)


def parts_of(
    shapes: Sequence[Shape], device: torch.device, dtype: torch.dtype, sections: Collection[str],
    loops: Collection[str] | None = None,
) -> list[Part]:  # fmt: skip
    """What is measured, in order; nothing runs yet.

    Args:
        shapes: attention shapes.
        device: where.
        dtype: of Q, K, V.
        sections: of `SECTIONS`; `launch` needs a GPU.
        loops: names of denoising loops; None: 1.3B at both sizes on a GPU, the tiny one on a CPU.

    Raises:
        ConfigError: unknown section or loop.
    """
    gpu = device.type == "cuda"
    names = loops if loops is not None else (("wan-1.3b-480p", "wan-1.3b-720p") if gpu else ("tiny",))
    for name, known in [*((s, SECTIONS) for s in sections), *((n, tuple(LOOPS)) for n in names)]:
        if name not in known:
            raise ConfigError(f"unknown benchmark part '{name}'", f"choose from: {', '.join(known)}")
    found = []
    for shape in shapes:
        offered = _parts_of_shape(shape, device, dtype)
        found += [p for p in offered if p.section in sections and (gpu or p.section != "launch")]
    if "loop" in sections:
        found += [Part("loop", name, partial(loop_rows, LOOPS[name], device, dtype)) for name in names]
    return found


def _parts_of_shape(shape: Shape, device: torch.device, dtype: torch.dtype) -> list[Part]:
    @cache
    def dense() -> list[Row]:
        return list(dense_rows(shape, device, dtype))

    def rates() -> Iterator[Row]:
        yield from dense()
        timed = {row.provider: row.ms for row in dense() if row.ms is not None}
        yield from sparse_rows(shape, device, dtype, min(timed, key=lambda name: timed[name], default=None))

    def prediction() -> Iterator[Row]:
        fastest = min(row.ms for row in dense() if row.ms is not None)
        yield from prediction_rows(shape, device, dtype, fastest)

    return [
        Part("rates", shape.name, rates),
        Part("launch", shape.name, lambda: launch_rows(shape, device, dtype)),
        Part("prediction", shape.name, prediction),
        Part("memory", shape.name, lambda: memory_rows(shape, device, dtype)),
    ]


def ceiling(device: torch.device, dtype: torch.dtype) -> Row:
    """The rate that shares are of: the best of three, since other work only ever takes away."""
    peak = max(matmul_peak_tflops(device, dtype) for _ in range(3))
    return Row(
        "ceiling", "square", "matrix product", None, None, None, None, peak, "shares of peak are of this rate"
    )


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
    yield from _measured(parts_of(shapes, device, dtype, sections, loops), device, dtype)


def _measured(
    parts: Sequence[Part], device: torch.device, dtype: torch.dtype,
    on_part: Callable[[Part], None] = lambda part: None,
) -> Iterator[Row]:  # fmt: skip
    yield ceiling(device, dtype)
    for part in parts:
        on_part(part)
        yield from part.rows()


def record(
    folder: Path, shapes: list[Shape], device: torch.device, dtype: torch.dtype, env: dict[str, Any],
    sections: Collection[str], loops: Collection[str] | None = None,
    on_checks: Callable[[list[Check]], None] = lambda checks: None,
    on_part: Callable[[Part], None] = lambda part: None,
    on_row: Callable[[Row], None] = lambda row: None, **more: object,
) -> dict[str, Any]:  # fmt: skip
    """Check, measure and keep: `attention.json` after every row, `attention.png` at the end.

    When a check failed nothing is measured, and the record has no rows. An interruption keeps those there
    are, with their plot and `"complete": false`, and goes on upwards.

    Args:
        folder: made if it is not there.
        shapes: attention shapes.
        device: where.
        dtype: of Q, K, V.
        env: `environment(device, dtype)`.
        sections: of `SECTIONS`.
        loops: as in `run`.
        on_checks: told what was checked.
        on_part: told what is measured next.
        on_row: told every row.
        more: further entries of the record.

    Returns:
        The record as it was written.
    """
    file, picture = folder / "attention.json", folder / "attention.png"
    parts = parts_of(shapes, device, dtype, sections, loops)
    picture.unlink(missing_ok=True)  # of an earlier run: it would be taken for this one's
    checks = verify(device, dtype)
    rows: list[Row] = []
    save(file, rows, env, checks, False, **more)
    on_checks(checks)
    if not all(check.passed for check in checks):
        return {**more, **record_of(rows, env, checks, False)}
    complete = False
    try:
        for row in _measured(parts, device, dtype, on_part):
            rows.append(row)
            save(file, rows, env, checks, False, **more)
            on_row(row)
        complete = True
    finally:
        save(file, rows, env, checks, complete, **more)
        if find_spec("matplotlib") is None:
            log.warning("no plot: matplotlib is not installed")
        else:
            plot(picture, rows, env)
    return {**more, **record_of(rows, env, checks, complete)}
