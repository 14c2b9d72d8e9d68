"""Medians with their spread."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch


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


def measure(call: Callable[[], object], device: torch.device, budget_ms: float = 300.0) -> Timing:
    """Time a call after warming it up; on a GPU with the L2 cache flushed between runs."""
    if device.type == "cuda":
        from triton.testing import do_bench  # type: ignore[import-untyped]

        median, low, high = do_bench(call, warmup=50, rep=budget_ms, quantiles=[0.5, 0.2, 0.8])
        return Timing(float(median), float(low), float(high))
    call()
    times: list[float] = []
    start = time.perf_counter()
    while len(times) < 5 or (time.perf_counter() - start) * 1e3 < budget_ms:
        begin = time.perf_counter()
        call()
        times.append((time.perf_counter() - begin) * 1e3)
    times.sort()
    pick = [times[round(q * (len(times) - 1))] for q in (0.5, 0.2, 0.8)]
    return Timing(*pick)


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
