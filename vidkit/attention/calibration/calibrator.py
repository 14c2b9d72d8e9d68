"""The probes: one head sparse at one threshold, everything else dense, error on the velocity.

And one a layer and step with no head sparse: what rounding alone makes of the smallest change.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vidkit.attention.apply import is_enabled, model_size
from vidkit.attention.calibration.bands import BAND_WEIGHTS, BandError, band_error, check_weights
from vidkit.attention.calibration.heads import HeadOutputs, SparseHeads
from vidkit.attention.calibration.probe_log import FLOOR, Key, Probe, ProbeLog
from vidkit.attention.calibration.probe_processor import Measured, ProbeProcessor
from vidkit.attention.predictors import MaskPredictor
from vidkit.attention.thresholds import check_tau
from vidkit.errors import ConfigError
from vidkit.hooks.families import Layer, family_of
from vidkit.hooks.partial_forward import DenseForward, dense_forward, resumed_at, velocity_of
from vidkit.hooks.snapshots import Snapshot

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ProbeProgress:
    """How far a calibration is.

    Attributes:
        done: probes on disk.
        total: probes in all.
        elapsed_s: seconds of this run.
        eta_s: seconds left at this run's pace, None before the first probe.
    """

    done: int
    total: int
    elapsed_s: float
    eta_s: float | None


@dataclass(frozen=True)
class Measurements:
    """Errors and sparsities averaged over the probed steps.

    Attributes:
        errors: E `[L, H, K]` fp64.
        sparsities: S `[L, H, K]` fp64.
        seconds: wall time of the probes, of all runs that made them.
        floor: error after a change of one unit in the last place of a head, `[L]` fp64; None: not measured.
    """

    errors: Tensor
    sparsities: Tensor
    seconds: float
    floor: Tensor | None = None


def log_header(
    predictor: MaskPredictor,
    candidates: Sequence[float],
    size: tuple[int, int],
    steps: Sequence[int],
    weights: Mapping[str, float],
    seed: int,
    header: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """What a log of probes belongs to; `size` is (layers, heads)."""
    return {
        "predictor": predictor.describe(),
        "candidates": list(candidates),
        "layers": size[0],
        "heads": size[1],
        "steps": list(steps),
        "weights": dict(weights),
        "seed": seed,
        **(header or {}),
    }


class Calibrator:
    """Runs the probes of a calibration and can be killed at any of them.

    Every head is probed on the snapshots of its own prompt. A probe resumes from the stored input of its
    layer, and its layer's attention is computed once for its heads and candidates, so a probe costs the
    blocks after it.

    Args:
        model: transformer in eval mode, without sparse attention.
        predictor: whose masks the table will serve.
        candidates: thresholds to measure, ascending, each in (0, 1].
        snapshots: dense inputs, all steps of every prompt in use.
        assignment: prompt of each head `[L][H]`.
        log_path: append-only file of measurements.
        header: what identifies the calibration besides predictor and candidates (model, prompts' hash, seed).
        weights: of the error bands.
        store: where block inputs are kept between probes, None: on the model's device.
        seed: of the predictor's random starts; the same as the policy's.
    """

    def __init__(
        self,
        model: Any,
        predictor: MaskPredictor,
        candidates: Sequence[float],
        snapshots: Sequence[Snapshot],
        assignment: Sequence[Sequence[int]],
        log_path: str | Path,
        header: Mapping[str, Any] | None = None,
        weights: Mapping[str, float] = BAND_WEIGHTS,
        store: torch.device | None = None,
        seed: int = 0,
    ) -> None:
        if is_enabled(model):
            raise ConfigError("sparse attention is enabled on the model to calibrate", "disable it first")
        self.model, self.predictor, self.snapshots = model, predictor, list(snapshots)
        self.candidates = [check_tau(t) for t in candidates]
        if self.candidates != sorted(set(self.candidates)) or not self.candidates:
            raise ConfigError(f"candidates must be ascending and different, got {list(candidates)}")
        self.assignment, self.weights, self.store, self.seed = assignment, check_weights(weights), store, seed
        self.family = family_of(model)
        self.layers, self.heads = model_size(model)
        self.sparse = SparseHeads(predictor, self.candidates, seed)
        self.device = next(model.parameters()).device
        self._since = time.monotonic()
        steps = sorted({s.step for s in self.snapshots})
        size = self.layers, self.heads
        self.log = ProbeLog(
            log_path, log_header(predictor, self.candidates, size, steps, self.weights, seed, header)
        )
        self._check_snapshots(steps)

    def _check_snapshots(self, steps: list[int]) -> None:
        have = {(s.prompt, s.step) for s in self.snapshots}
        for prompt in {p for row in self.assignment for p in row}:
            for step in steps:
                if (prompt, step) not in have:
                    raise ConfigError(f"no snapshot of prompt {prompt} at step {step}", "capture it first")

    def wanted(self) -> list[Key]:
        """Keys of all probes: (prompt, step, layer, head, candidate).

        The floor of a layer is probed at every step, on another head each time: one head whose output hardly
        counts would show none.
        """
        steps = sorted({s.step for s in self.snapshots})
        keys = []
        for s in self.snapshots:
            for layer in range(self.layers):
                mine = [head for head in range(self.heads) if self.assignment[layer][head] == s.prompt]
                keys += [
                    (s.prompt, s.step, layer, head, k) for head in mine for k in range(len(self.candidates))
                ]
                nudged = (layer + steps.index(s.step)) % self.heads
                keys += [(s.prompt, s.step, layer, nudged, FLOOR)] if nudged in mine else []
        return keys

    def run(self, progress: Callable[[ProbeProgress], None] | None = None) -> Measurements:
        """Measure what is missing, then average; `progress` is called after every probe."""
        wanted = self.wanted()
        todo = [key for key in wanted if key not in self.log.done]
        start, before = time.monotonic(), len(wanted) - len(todo)
        if before:
            log.info("calibration resumes: %d of %d probes are on disk", before, len(wanted))
        try:
            for n, _ in enumerate(self._probe(todo), 1):
                if progress is not None:
                    elapsed = time.monotonic() - start
                    progress(ProbeProgress(before + n, len(wanted), elapsed, elapsed / n * (len(todo) - n)))
        finally:
            self.log.close()
        return self._average(wanted)

    def _probe(self, todo: list[Key]) -> Iterator[Probe]:
        self._since = time.monotonic()
        for snapshot in self.snapshots:
            mine = [key for key in todo if key[:2] == (snapshot.prompt, snapshot.step)]
            if not mine:
                continue
            inputs = snapshot.on(self.device)
            dense = dense_forward(self.model, inputs, self.store)
            for layer in sorted({key[2] for key in mine}):
                pairs = [(key[3], key[4]) for key in mine if key[2] == layer]
                yield from self._probe_layer(snapshot, inputs, dense, layer, pairs)

    def _probe_layer(
        self,
        snapshot: Snapshot,
        inputs: dict[str, Any],
        dense: DenseForward,
        layer: int,
        pairs: list[tuple[int, int]],
    ) -> Iterator[Probe]:
        place = self.family.layers(self.model)[layer]
        attn, original = place.attention, place.attention.processor
        grid = self.family.grid(self.model.config, self.family.call((), inputs).latents)
        processor = ProbeProcessor(original, self.family, self.sparse, layer, grid, pairs)
        attn.set_processor(processor)
        try:
            with self._resumed(place, dense):
                outputs = self._measure(processor, inputs)
                known: dict[tuple[int, int], BandError] = {}
                for head, k in pairs:
                    same = (head, outputs.same_as[head, k])
                    sparsity = outputs.sparsity[head, k]
                    if same not in known:
                        known[same] = self._error(processor, inputs, dense.velocity, same)
                    error = known[same]
                    now = time.monotonic()
                    probe = Probe(
                        snapshot.prompt,
                        snapshot.step,
                        layer,
                        head,
                        k,
                        error.weighted,
                        sparsity,
                        error.bands,
                        round(now - self._since, 6),
                    )
                    self._since = now
                    self.log.append(probe)
                    yield probe
        finally:
            attn.set_processor(original)

    def _resumed(self, place: Layer, dense: DenseForward) -> contextlib.AbstractContextManager[None]:
        """Forwards start at the layer's block; control blocks run before all others, so at the start."""
        if not place.is_main:
            return contextlib.nullcontext()
        states = tuple(state.to(self.device) for state in dense.inputs[place.depth])
        return resumed_at(self.model, place.depth, states)

    def _measure(self, processor: ProbeProcessor, inputs: dict[str, Any]) -> HeadOutputs:
        with contextlib.suppress(Measured):
            velocity_of(self.model, inputs)
        assert processor.outputs is not None
        return processor.outputs

    def _error(
        self, processor: ProbeProcessor, inputs: dict[str, Any], velocity: Tensor, choice: tuple[int, int]
    ) -> BandError:
        assert processor.outputs is not None
        if choice not in processor.outputs.sparse:
            # a full mask is dense attention; nothing to run
            return BandError(dict.fromkeys(BAND_WEIGHTS, 0.0), 0.0)
        processor.choice = choice
        return band_error(velocity_of(self.model, inputs), velocity, self.weights)

    def _average(self, wanted: list[Key]) -> Measurements:
        shape = (self.layers, self.heads, len(self.candidates))
        errors, sparsities, count = (torch.zeros(shape, dtype=torch.float64) for _ in range(3))
        floors: list[list[float]] = [[] for _ in range(self.layers)]
        for key in wanted:
            probe = self.log.done[key]
            if probe.candidate == FLOOR:
                floors[probe.layer].append(probe.error)
                continue
            errors[key[2:]] += probe.error
            sparsities[key[2:]] += probe.sparsity
            count[key[2:]] += 1
        floor = torch.tensor([sum(row) / len(row) for row in floors], dtype=torch.float64)
        seconds = sum(self.log.done[key].seconds for key in wanted)
        return Measurements(errors / count, sparsities / count, seconds, floor)
