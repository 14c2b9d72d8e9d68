"""Medians with their spread."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch

BUDGET_MS = 300.0
TURNS = 9  # of a pair
# 80th over 20th percentile of one and the same call
BUSY_SPREAD = 1.3


@dataclass(frozen=True)
class Timing:
    """Milliseconds of one call.

    Attributes:
        median: 50th percentile.
        low: 20th percentile.
        high: 80th percentile.
    """

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Gain:
    """How many times as fast a candidate is as a baseline measured in turns with it.

    Attributes:
        median: of the ratios of single turns.
        low: 20th percentile.
        high: 80th percentile.
        busy: the baseline itself or the ratio varied so much from turn to turn that no ratio means anything.
    """

    median: float
    low: float
    high: float
    busy: bool


@dataclass(frozen=True)
class Pairs:
    """A candidate beside its baseline, measured in turns.

    Attributes:
        baseline: of all turns.
        candidate: of all turns.
        gain: of the candidate.
    """

    baseline: Timing
    candidate: Timing
    gain: Gain


def measure_turns(
    calls: Mapping[str, Callable[[], float]],
    turns: int = TURNS,
    tell: Callable[[int], None] = lambda turn: None,
) -> dict[str, list[float]]:
    """Measure all calls by turns, every other turn backwards, so that all meet the same machine.

    Args:
        calls: each gives what it measured.
        turns: of one measurement each.
        tell: hears the number of every turn before it begins, from 0.

    Returns:
        What each call gave, turn by turn.
    """
    found: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(turns):
        tell(turn)
        for name in calls if turn % 2 == 0 else reversed(list(calls)):
            found[name].append(calls[name]())
    return found


def gain_of(baseline: Sequence[float], candidate: Sequence[float]) -> Gain:
    """Of times of the same turns; one ratio a turn."""
    before = quantiles(baseline)
    ratio = quantiles([b / c for b, c in zip(baseline, candidate, strict=True)])
    busy = before.high > BUSY_SPREAD * before.low or ratio.high > BUSY_SPREAD**2 * ratio.low
    return Gain(ratio.median, ratio.low, ratio.high, busy)


def measure_pairs(
    baseline: Callable[[], object],
    candidate: Callable[[], object],
    device: torch.device,
    measured: Callable[..., Timing],
    turns: int = TURNS,
) -> Pairs:
    """Baseline and candidate by turns.

    Args:
        baseline: call.
        candidate: call.
        device: where.
        measured: `measure`, or what stands for it.
        turns: of one measurement each.
    """

    def once(call: Callable[[], object]) -> float:
        return measured(call, device, BUDGET_MS / turns, 1).median

    found = measure_turns({"b": lambda: once(baseline), "c": lambda: once(candidate)}, turns)
    return Pairs(quantiles(found["b"]), quantiles(found["c"]), gain_of(found["b"], found["c"]))


def quantiles(values: Sequence[float]) -> Timing:
    """Median, 20th and 80th percentile, each one of the values."""
    ranked = sorted(values)
    return Timing(*(ranked[round(q * (len(ranked) - 1))] for q in (0.5, 0.2, 0.8)))


def measure(
    call: Callable[[], object], device: torch.device, budget_ms: float = BUDGET_MS, least: int = 5
) -> Timing:
    """Time a call after warming it up, `least` times or more; on a GPU with the L2 cache flushed between."""
    if device.type == "cuda":
        from triton.testing import do_bench  # type: ignore[import-untyped]

        median, low, high = do_bench(call, warmup=50, rep=budget_ms, quantiles=[0.5, 0.2, 0.8])
        return Timing(float(median), float(low), float(high))
    call()
    times: list[float] = []
    start = time.perf_counter()
    while len(times) < least or (time.perf_counter() - start) * 1e3 < budget_ms:
        begin = time.perf_counter()
        call()
        times.append((time.perf_counter() - begin) * 1e3)
    return quantiles(times)


def matmul_peak_tflops(device: torch.device, dtype: torch.dtype) -> float:
    """Rate of a large square matrix product on this device: the ceiling that shares are of."""
    n = 8192 if device.type == "cuda" else 1024
    a = torch.randn(n, n, device=device, dtype=torch.float32).to(dtype)
    b = torch.randn(n, n, device=device, dtype=torch.float32).to(dtype)
    return 2 * n**3 / measure(lambda: a @ b, device).median / 1e9


def synchronize(device: torch.device) -> None:
    """Wait for the device."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
