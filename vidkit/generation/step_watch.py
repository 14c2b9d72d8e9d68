"""Times every denoising step of a loop, whoever runs it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from vidkit.generation.loaded import LoadedModel
from vidkit.generation.not_finite import check_finite
from vidkit.generation.record import Listener, StepRecord, StepReporter
from vidkit.utils.timing import PhaseTimer, synchronize


class StepWatch:
    """Times every denoising step; what comes before the first forward counts as the phase 'prepare'."""

    def __init__(
        self,
        model: LoadedModel,
        listener: Listener,
        timer: PhaseTimer,
        total: int,
        reporters: Sequence[StepReporter],
    ) -> None:
        self.records: list[StepRecord] = []
        self._transformer = model.pipe.transformer
        self._listener, self._timer, self._total = listener, timer, total
        self._reporters = reporters
        self._mark = 0.0
        self._started = False

    def __enter__(self) -> StepWatch:
        self._listener.phase("prepare")
        # plain forward hooks: the stock loops have no callback before their first step, and a loop over
        # blocks never calls the transformer as a whole
        first = [self._transformer, getattr(self._transformer, "patch_embedding", None)]
        self._hooks = [m.register_forward_pre_hook(self._first_forward) for m in first if m is not None]
        self._mark = self._now()
        return self

    def __exit__(self, *exception: object) -> None:
        for hook in self._hooks:
            hook.remove()

    def step(self, index: int, timestep: tuple[float, float]) -> None:
        now = self._now()
        reported: dict[str, Any] = {}
        for reporter in self._reporters:
            reported.update(reporter.step_report())
        record = StepRecord(index, now - self._mark, timestep, **reported)
        self._mark = self._now()
        self._timer.add("denoise", record.seconds)
        self.records.append(record)
        self._listener.step(record)

    def stock_step(self, pipe: Any, index: int, timestep: Tensor, tensors: dict[str, Any]) -> dict[str, Any]:
        """A step of one of diffusers' loops."""
        self.latents_step(index, float(timestep), tensors["latents"])
        return tensors

    def latents_step(self, index: int, level: float, latents: Tensor) -> None:
        """A step after which the latents are these; layouts of any kind."""
        self.step(index, (level, level))
        check_finite(latents, latents.shape[2], [0], index)

    def _first_forward(self, module: Any, arguments: Any) -> None:
        if not self._started:
            self._started = True
            now = self._now()
            self._timer.add("prepare", now - self._mark)
            self._mark = now
            self._listener.steps(self._total)

    def _now(self) -> float:
        synchronize(self._timer.device)
        return time.perf_counter()
