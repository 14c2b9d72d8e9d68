"""Limits of time that hold on slow and busy machines: seconds are counted against work measured beside them.

A limit is written in seconds of a machine that does `yardstick` in YARDSTICK_S. A slower one has as many
times longer; what is worse than linear takes a hundred times too long all the same.
"""

from __future__ import annotations

import gc
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

YARDSTICK_S = 0.03  # on the two cores where the limits were written, alone
SLACK = 2.0  # machines differ in more than one speed: memory, caches, the regular expressions' part
TRIES = 3
HOPELESS = 20.0  # times too long: no second try would save it
WORD = re.compile(r"(\w+)\s*[:,]\s*(\d+)")


def yardstick() -> int:
    """Work of the kinds that parsers do: loops, strings, patterns, and many small objects."""
    total, found = 0, []
    for n in range(30_000):
        total += n * n % 7
        found.append(f"k{n % 97}: {n}")
    text = "\n".join(found)
    pairs = {name + number: (name, int(number)) for name, number in WORD.findall(text)}
    return total + len(pairs)


@contextmanager
def _without_collection() -> Iterator[None]:
    """No garbage collection: it would walk over all that other tests have left in this process."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def thread_s(call: Callable[[], T]) -> tuple[float, T]:
    """Processor seconds that a call takes in this thread, and what it returns."""
    with _without_collection():
        began = time.thread_time()
        value = call()
        return time.thread_time() - began, value


def slowness(clock: Callable[[], float] = time.thread_time) -> float:
    """How many times slower than where limits were written this machine is at this moment; at least 1."""
    with _without_collection():
        began = clock()
        yardstick()
        return max(1.0, (clock() - began) / YARDSTICK_S)


def quick(call: Callable[[], T], limit_s: float, tries: int = TRIES) -> T:
    """What a call returns, which must not take more than `limit_s` of this thread's time.

    Errors of the call go through, before its time is looked at. More than one try only where a call remembers
    nothing of the one before.
    """
    took, allowed = 0.0, limit_s
    for _ in range(tries):
        took, value = thread_s(call)
        if took <= limit_s:
            return value
        allowed = max(allowed, SLACK * limit_s * slowness())
        if took <= allowed:
            return value
        if took > HOPELESS * allowed:
            break
    raise AssertionError(f"took {took:.2f} s of processor time, and at most {allowed:.2f} s are allowed here")


def too_long(took_s: float, limit_s: float) -> bool:
    """Whether something that was measured elsewhere took more than a limit allows on this machine."""
    return took_s > limit_s and took_s > SLACK * limit_s * slowness(time.monotonic)


def patience_s(limit_s: float) -> float:
    """Seconds of the wall clock for what other processes do in `limit_s` on an idle machine."""
    waiting = os.getloadavg()[0] / (os.cpu_count() or 1)
    return SLACK * limit_s * max(slowness(time.monotonic), waiting)
