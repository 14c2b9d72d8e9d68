"""What is measured: checks, then sections, row by row."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, fields
from functools import cache, partial

import torch
from torch import Tensor

from vidkit.bench.attention.end_to_end import loop_rows
from vidkit.bench.attention.loops import LOOPS
from vidkit.bench.attention.prediction import memory_rows, prediction_rows
from vidkit.bench.attention.rates import dense_rows, launch_rows, sparse_rows
from vidkit.bench.attention.report import Row
from vidkit.bench.attention.shapes import Shape
from vidkit.bench.attention.verify import Check, verify
from vidkit.bench.running import Tell
from vidkit.bench.timing import matmul_peak_tflops
from vidkit.errors import ConfigError, VidkitError

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
class Measurement:
    """One section on one shape or loop.

    Attributes:
        section: of `SECTIONS`.
        name: of the shape or loop.
        rows: measures; what it is given tells how far it is.
    """

    section: str
    name: str
    rows: Callable[[Tell], Iterator[Row]] = field(repr=False)


def measurements_of(
    shapes: Sequence[Shape],
    device: torch.device,
    dtype: torch.dtype,
    sections: Collection[str],
    loops: Collection[str] | None = None,
) -> list[Measurement]:
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
        found += [Measurement("loop", name, partial(loop_rows, LOOPS[name], device, dtype)) for name in names]
    return found


def _parts_of_shape(shape: Shape, device: torch.device, dtype: torch.dtype) -> list[Measurement]:
    @cache
    def dense() -> list[Row]:
        return dense_rows(shape, device, dtype)

    def rates(tell: Tell) -> Iterator[Row]:
        yield from dense()
        timed = {row.provider: row.ms for row in dense() if row.ms is not None}
        yield from sparse_rows(shape, device, dtype, min(timed, key=lambda name: timed[name], default=None))

    def prediction(tell: Tell) -> Iterator[Row]:
        fastest = min(row.ms for row in dense() if row.ms is not None)
        yield from prediction_rows(shape, device, dtype, fastest)

    return [
        Measurement("rates", shape.name, rates),
        Measurement("launch", shape.name, lambda tell: launch_rows(shape, device, dtype)),
        Measurement("prediction", shape.name, prediction),
        Measurement("memory", shape.name, lambda tell: memory_rows(shape, device, dtype)),
    ]


def ceiling(device: torch.device, dtype: torch.dtype) -> Row:
    """The rate that shares are of: the best of three, since other work only ever takes away."""
    peak = max(matmul_peak_tflops(device, dtype) for _ in range(3))
    return Row(
        "ceiling", "square", "matrix product", None, None, None, None, peak, "shares of peak are of this rate"
    )


def checked(device: torch.device, dtype: torch.dtype) -> Iterator[list[Check] | Row]:
    """All checks, then the ceiling of rates.

    Raises:
        VidkitError: a check failed, exit code 1; nothing may be measured.
    """
    checks = verify(device, dtype)
    yield checks
    failed = [check.name for check in checks if not check.passed]
    if failed:
        raise VidkitError(
            f"{len(failed)} of {len(checks)} checks failed, so nothing was measured: {', '.join(failed)}",
            "errors and limits are in the table and in attention.json",
            exit_code=1,
        )
    yield ceiling(device, dtype)
