"""About how long each part takes, from one measured call of attention and one measured forward."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import cache

import torch

from vidkit.bench.attention.end_to_end import LOOP_TURNS
from vidkit.bench.attention.loops import LOOPS, Loop, forward_seconds
from vidkit.bench.attention.rates import DENSITIES
from vidkit.bench.attention.run import Measurement, ceiling
from vidkit.bench.attention.shapes import Shape
from vidkit.bench.timing import BUDGET_MS, TURNS, synchronize

VERIFY_S = {"cpu": 6.0, "cuda": 60.0}  # seen on two cores; on a GPU kernels compile
_MOST_S = 20.0  # a forward that may take longer is reckoned, not measured
# forwards of the ways of a loop over one with torch's own attention, and of sparse ones (one H100)
_DENSE_COSTS = {"cuda": (1.0, 0.76, 0.64, 0.57, 0.18), "cpu": (1.0,)}
_SPARSE_COSTS = {"cuda": (0.33, 0.32, 0.39), "cpu": (1.1, 1.1, 1.3)}
_COMPILE_S = {"cuda": 90.0, "cpu": 0.5}


def planned(
    measurements: Sequence[Measurement], shapes: Sequence[Shape], device: torch.device, dtype: torch.dtype
) -> list[float]:
    """Seconds of each measurement."""
    by_name = {shape.name: shape for shape in shapes}
    peak = cache(lambda: 1e12 * (ceiling(device, dtype).tflops or 1.0))
    call = cache(lambda name: _call_s(by_name[name], device, dtype))
    found = []
    for one in measurements:
        if one.section == "loop":
            found.append(
                loop_s(LOOPS[one.name], _forward_s(LOOPS[one.name], device, dtype, peak), device.type)
            )
        else:
            found.append(_shape_s(one.section, call(one.name), device.type))
    return found


def _call_s(shape: Shape, device: torch.device, dtype: torch.dtype) -> float:
    """Seconds of torch's own dense attention, once it is warm."""
    q, k, v = shape.qkv(device, dtype)
    attention = torch.nn.functional.scaled_dot_product_attention
    attention(q, k, v)
    synchronize(device)
    start = time.perf_counter()
    attention(q, k, v)
    synchronize(device)
    return time.perf_counter() - start


def _shape_s(section: str, call: float, kind: str) -> float:
    if section == "rates":
        return _rates_s(call, kind)
    if section == "prediction":
        return 13 * max(0.4, 0.6 * call)
    return 200.0 if section == "launch" else max(0.5, call)


def _rates_s(call: float, kind: str) -> float:
    """Executors in turns with dense attention, at every density."""
    # times of dense attention that the executors take; on a GPU three kernels and `auto`
    factors = {
        "cuda": [max(0.1, d) for d in DENSITIES for _ in range(4)],
        "cpu": [f for d in DENSITIES for f in (max(0.25, d), max(0.25, d), 1.9, 0.4 + 3.8 * d)],
    }[kind]
    compiling = 60.0 if kind == "cuda" else 1.0
    return compiling + sum(TURNS * (_one_s(call, kind) + _one_s(f * call, kind)) for f in factors)


def _one_s(call: float, kind: str) -> float:
    """Seconds of one measurement of a turn, warming up included."""
    turn = BUDGET_MS / 1e3 / TURNS
    # triton's do_bench: six calls to tell how many, 50 ms of warming up, then the turn
    return 6 * call + max(0.05, call) + max(turn, call) if kind == "cuda" else call + max(turn, call)


def _forward_s(loop: Loop, device: torch.device, dtype: torch.dtype, peak: Callable[[], float]) -> float:
    """Seconds of a dense forward: measured where that is quick."""
    reckoned = 3 * loop.forward_flops / peak()
    short = reckoned * 3 / int(loop.model["num_layers"])
    return forward_seconds(loop, device, dtype) if short < _MOST_S else reckoned


def loop_s(loop: Loop, forward: float, kind: str, turns: int = LOOP_TURNS) -> float:
    """Seconds of a loop's part, from those of one dense forward.

    Args:
        loop: that runs.
        forward: seconds of one dense forward.
        kind: of the device.
        turns: of all ways.
    """
    gpu = kind == "cuda"
    dense, sparse = _DENSE_COSTS[kind], _SPARSE_COSTS[kind]
    steps = 1 if gpu else loop.steps
    # first forwards, turns, and on a GPU the profile
    forwards = sum(dense) * (2 + 2 * steps * turns + (2 * steps if gpu else 0))
    forwards += sum(sparse) * (4 + 2 * loop.steps * turns + (2 * loop.steps if gpu else 0))
    # two bisections of seven steps, and the trace of drift
    forwards += sparse[0] * (14 + 2 * loop.steps) + sparse[-1] * 14
    return forwards * forward + _COMPILE_S[kind]
