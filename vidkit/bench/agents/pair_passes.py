"""Seconds of the pair's passes, by how many questions share one: what a schedule is made of."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from vidkit.agents.pair.network import PairNetwork
from vidkit.synthetic.zoom_scenes.drawing import cropped, shrunk
from vidkit.synthetic.zoom_scenes.layout import SIDE
from vidkit.synthetic.zoom_scenes.questions import LENGTH


@dataclass(frozen=True, slots=True)
class Pass:
    """One kind of pass: seconds as `first + more * (questions - 1)`, and the spread of both measurements.

    Attributes:
        first: seconds with one question.
        more: seconds of each further one.
        spread: largest deviation of a measurement from its median, a share.
    """

    first: float
    more: float
    spread: float

    def __call__(self, questions: int) -> float:
        """Seconds of a pass."""
        return self.first + self.more * (questions - 1) if questions else 0.0


@dataclass(frozen=True, slots=True)
class Passes:
    """All kinds: a draft of the small model; a first look and a crop of the large one."""

    draft: Pass
    look: Pass
    crop: Pass


@torch.no_grad()
def measure_passes(small: PairNetwork, large: PairNetwork, batch: int, rounds: int) -> Passes:
    """Measure every kind of pass with one question and with `batch`, in turn.

    On a CPU these are processor seconds on one thread, which other programs do not lengthen; on a GPU seconds
    by the clock. Medians over the rounds.
    """
    device = small.grid.device
    pictures = torch.rand(batch, SIDE, SIDE, 3, device=device)
    tokens = torch.zeros(batch, LENGTH, dtype=torch.long, device=device)
    cells = torch.zeros(batch, dtype=torch.long, device=device)
    counts = sorted({1, batch})
    stages = {n: large.look(shrunk(pictures[:n], large.config.view), tokens[:n]) for n in counts}
    calls: dict[tuple[str, int], Callable[[], object]] = {}
    for n in counts:
        calls["draft", n] = lambda n=n: small.look(shrunk(pictures[:n], small.config.view), tokens[:n])  # type: ignore[misc]
        calls["look", n] = lambda n=n: large.look(shrunk(pictures[:n], large.config.view), tokens[:n])  # type: ignore[misc]
        calls["crop", n] = lambda n=n: large.zoom(cropped(pictures[:n], cells[:n]), cells[:n], 1, stages[n])  # type: ignore[misc]
    taken: dict[tuple[str, int], list[float]] = {key: [] for key in calls}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for number in range(rounds + 1):
            for key, call in calls.items():
                seconds = _timed(call, device)
                if number:  # the first round warms up
                    taken[key].append(seconds)
    finally:
        torch.set_num_threads(threads)
    return Passes(*(_fitted(kind, taken, batch) for kind in ("draft", "look", "crop")))


def _timed(call: Callable[[], object], device: torch.device) -> float:
    if device.type == "cpu":
        start = time.thread_time()
        call()
        return time.thread_time() - start
    torch.cuda.synchronize(device)
    start = time.perf_counter()
    call()
    torch.cuda.synchronize(device)
    return time.perf_counter() - start


def _fitted(kind: str, taken: dict[tuple[str, int], list[float]], batch: int) -> Pass:
    one, many = (float(np.median(taken[kind, n])) for n in (1, batch))
    spread = max(
        abs(value / float(np.median(values)) - 1)
        for (name, _), values in taken.items()
        if name == kind
        for value in values
    )
    return Pass(one, max(0.0, (many - one) / (batch - 1)) if batch > 1 else one, spread)
