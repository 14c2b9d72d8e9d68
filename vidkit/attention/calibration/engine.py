"""The probes: one head sparse at one threshold, everything else dense, error on the velocity."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from diffusers.models.attention_dispatch import dispatch_attention_fn
from torch import Tensor

from vidkit.attention.apply import is_enabled, model_size
from vidkit.attention.calibration.bands import BAND_WEIGHTS, BandError, band_error, check_weights
from vidkit.attention.calibration.capture import Snapshot
from vidkit.attention.calibration.log import Probe, ProbeLog
from vidkit.attention.calibration.resume import dense_forward, resumed_at, velocity_of
from vidkit.attention.executors import ExecutorChooser
from vidkit.attention.geometry import TokenGrid
from vidkit.attention.hook import token_grid
from vidkit.attention.plan import BlockPlan
from vidkit.attention.predictors import MaskPredictor, PlanState
from vidkit.attention.processor import project, rotate
from vidkit.attention.thresholds import check_tau
from vidkit.errors import ConfigError

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
        seconds: wall time of this run.
    """

    errors: Tensor
    sparsities: Tensor
    seconds: float


class _Measured(Exception):  # noqa: N818  (no error: it leaves a forward early)
    """The layer's attention is known; the rest of the forward is not needed."""


@dataclass
class _HeadOutputs:
    """Dense and sparse attention outputs of one layer, before the output projection.

    Attributes:
        dense: `[B, N, H, D]`.
        sparse: `[B, N, D]` by (head, candidate); candidates with the same mask share one entry.
        sparsity: by (head, candidate), mean over the batch.
        same_as: by (head, candidate) the first candidate with the same mask.
    """

    dense: Tensor
    sparse: dict[tuple[int, int], Tensor]
    sparsity: dict[tuple[int, int], float]
    same_as: dict[tuple[int, int], int]


def of_heads(plan: BlockPlan, heads: Sequence[int]) -> BlockPlan:
    """The plan of some heads, in this order."""
    names = ("counts", "indices", "q_order", "k_order", "selected_density")
    parts = {name: getattr(plan, name) for name in names}
    return replace(plan, **{n: x[:, list(heads)] for n, x in parts.items() if x is not None})


@contextlib.contextmanager
def clustered_once(predictor: MaskPredictor) -> Iterator[None]:
    """Within the block, clusters are found once: they depend on Q, K and the seed, not on the threshold.

    For one layer's Q and K only. Predictors without clusters are left alone.
    """
    original = getattr(predictor, "_cluster", None)
    if original is None:
        yield
        return
    known: dict[str, tuple[Any, dict[str, Tensor]]] = {}

    def cluster(side: str, x: Tensor, wanted: int, state: PlanState, *rest: Any) -> Any:
        if side not in known:
            found = original(side, x, wanted, state, *rest)
            known[side] = found, {n: t for n, t in state.extra.items() if n.endswith(f"_{side}")}
        state.extra.update(known[side][1])
        return known[side][0]

    vars(predictor)["_cluster"] = cluster
    try:
        yield
    finally:
        del vars(predictor)["_cluster"]


class _ProbeProcessor:
    """Sits on the probed layer: measures its heads and candidates at once, then replays one choice."""

    def __init__(
        self, original: Any, calibrator: Calibrator, layer: int, grid: TokenGrid | None,
        pairs: Sequence[tuple[int, int]],
    ) -> None:  # fmt: skip
        self.original, self.calibrator, self.layer, self.grid = original, calibrator, layer, grid
        self.pairs = list(pairs)
        self._attention_backend = original._attention_backend
        self._parallel_config = None
        self.outputs: _HeadOutputs | None = None
        self.choice: tuple[int, int] | None = None

    def __call__(
        self, attn: Any, hidden_states: Tensor, encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None, rotary_emb: tuple[Tensor, Tensor] | None = None, **kwargs: Any,
    ) -> Tensor:  # fmt: skip
        if attention_mask is not None:
            raise ConfigError("block-causal attention cannot be calibrated: it runs dense",
                              "calibrate with bidirectional attention (causal_block_size unset)")  # fmt: skip
        if self.choice is None:
            self.outputs = self._measure(attn, hidden_states, rotary_emb)
            raise _Measured
        assert self.outputs is not None
        mixed = self.outputs.dense.clone()
        mixed[:, :, self.choice[0]] = self.outputs.sparse[self.choice]
        result: Tensor = attn.to_out[1](attn.to_out[0](mixed.flatten(2, 3)))
        return result

    def _measure(
        self, attn: Any, hidden_states: Tensor, rotary: tuple[Tensor, Tensor] | None
    ) -> _HeadOutputs:
        q, k, v = project(attn, hidden_states)
        if rotary is not None:
            q, k = rotate(q, *rotary), rotate(k, *rotary)
        dense = dispatch_attention_fn(q, k, v, backend=self._attention_backend).type_as(q)
        return self.calibrator.sparse_heads(dense, q, k, v, self.layer, self.grid, self.pairs)


def log_header(
    predictor: MaskPredictor, candidates: Sequence[float], size: tuple[int, int], steps: Sequence[int],
    weights: Mapping[str, float], seed: int, header: Mapping[str, Any] | None,
) -> dict[str, Any]:  # fmt: skip
    """What a log of probes belongs to; `size` is (layers, heads)."""
    return {
        "predictor": predictor.describe(), "candidates": list(candidates), "layers": size[0],
        "heads": size[1], "steps": list(steps), "weights": dict(weights), "seed": seed, **(header or {}),
    }  # fmt: skip


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
        self.layers, self.heads = model_size(model)
        self.executor = ExecutorChooser()
        self.device = next(model.parameters()).device
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

    def wanted(self) -> list[tuple[int, int, int, int, int]]:
        """Keys of all probes: (prompt, step, layer, head, candidate)."""
        K = range(len(self.candidates))
        return [
            (s.prompt, s.step, layer, head, k)
            for s in self.snapshots for layer in range(self.layers) for head in range(self.heads)
            if self.assignment[layer][head] == s.prompt for k in K
        ]  # fmt: skip

    def run(self, progress: Callable[[ProbeProgress], None] | None = None) -> Measurements:
        """Measure what is missing, then average; `progress` is called after every probe."""
        wanted = self.wanted()
        todo = [key for key in wanted if key not in self.log.done]
        start, before = time.monotonic(), len(wanted) - len(todo)
        if before:
            log.info("calibration resumes: %d of %d probes are on disk", before, len(wanted))
        for n, _ in enumerate(self._probe(todo), 1):
            if progress is not None:
                elapsed = time.monotonic() - start
                progress(ProbeProgress(before + n, len(wanted), elapsed, elapsed / n * (len(todo) - n)))
        return self._average(wanted, time.monotonic() - start)

    def _probe(self, todo: list[tuple[int, int, int, int, int]]) -> Iterator[Probe]:
        for snapshot in self.snapshots:
            mine = [key for key in todo if key[:2] == (snapshot.prompt, snapshot.step)]
            if not mine:
                continue
            inputs = snapshot.on(self.device)
            dense = dense_forward(self.model, inputs, self.store)
            for layer in sorted({key[2] for key in mine}):
                pairs = [(key[3], key[4]) for key in mine if key[2] == layer]
                hidden = dense.inputs[layer].to(self.device)
                yield from self._probe_layer(snapshot, inputs, hidden, dense.velocity, layer, pairs)

    def _probe_layer(
        self, snapshot: Snapshot, inputs: dict[str, Any], hidden: Tensor, velocity: Tensor, layer: int,
        pairs: list[tuple[int, int]],
    ) -> Iterator[Probe]:  # fmt: skip
        attn = self.model.blocks[layer].attn1
        original = attn.processor
        grid = token_grid(inputs["hidden_states"], self.model)
        processor = _ProbeProcessor(original, self, layer, grid, pairs)
        attn.set_processor(processor)
        try:
            with resumed_at(self.model, layer, hidden):
                outputs = self._measure(processor, inputs)
                known: dict[tuple[int, int], BandError] = {}
                for head, k in pairs:
                    same = (head, outputs.same_as[head, k])
                    sparsity = outputs.sparsity[head, k]
                    if same not in known:
                        known[same] = self._error(processor, inputs, velocity, same, sparsity)
                    error = known[same]
                    probe = Probe(
                        snapshot.prompt, snapshot.step, layer, head, k, error.weighted, sparsity, error.bands
                    )
                    self.log.append(probe)
                    yield probe
        finally:
            attn.set_processor(original)

    def _measure(self, processor: _ProbeProcessor, inputs: dict[str, Any]) -> _HeadOutputs:
        with contextlib.suppress(_Measured):
            velocity_of(self.model, inputs)
        assert processor.outputs is not None
        return processor.outputs

    def _error(
        self, processor: _ProbeProcessor, inputs: dict[str, Any], velocity: Tensor, choice: tuple[int, int],
        sparsity: float,
    ) -> BandError:  # fmt: skip
        if sparsity == 0:
            # a full mask is dense attention; nothing to run
            return BandError(dict.fromkeys(BAND_WEIGHTS, 0.0), 0.0)
        processor.choice = choice
        return band_error(velocity_of(self.model, inputs), velocity, self.weights)

    def sparse_heads(
        self, dense: Tensor, q: Tensor, k: Tensor, v: Tensor, layer: int, grid: TokenGrid | None,
        pairs: Sequence[tuple[int, int]],
    ) -> _HeadOutputs:  # fmt: skip
        """Attention of the (head, candidate) pairs; q, k, v `[B, N, H, D]`.

        Masks are predicted for all heads (random starts are drawn for a whole layer), attention is computed
        for the pairs alone.
        """
        q, k, v = (x.transpose(1, 2) for x in (q, k, v))
        made = _HeadOutputs(dense, {}, {}, {})
        masks: dict[tuple[int, int], Tensor] = {}
        with clustered_once(self.predictor):
            plans = {c: self._plan(q, k, v, self.candidates[c], layer, grid) for c in {c for _, c in pairs}}
        for c in sorted(plans):
            heads = [head for head, other in pairs if other == c]
            plan = of_heads(plans[c], heads)
            for n, head in enumerate(heads):
                masks[head, c] = plan.pack()[:, n]
                same = (x for x in range(c + 1) if (head, x) in masks)
                # clusterings share a seed, so equal maps mean equal orders
                made.same_as[head, c] = next(x for x in same if torch.equal(masks[head, x], masks[head, c]))
                sparsity = float((1 - plan.head_density[:, n].mean()).clamp(0, 1))
                # exactly full lists are exactly 0, whatever the rounding of the density
                made.sparsity[head, c] = 0.0 if sparsity < 1e-7 else sparsity
            new = [n for n, h in enumerate(heads) if made.same_as[h, c] == c and made.sparsity[h, c] > 0]
            if new:
                here = [heads[n] for n in new]
                out = self.executor.attend(q[:, here], k[:, here], v[:, here], of_heads(plan, new))
                made.sparse.update({(head, c): out[:, n] for n, head in enumerate(here)})
        return made

    def _plan(
        self, q: Tensor, k: Tensor, v: Tensor, tau: float, layer: int, grid: TokenGrid | None
    ) -> BlockPlan:
        """Plan of all heads at one threshold, from nothing cached."""
        state = PlanState(seed=self.seed + 1_000_003 * layer, values=v)
        self.predictor.refresh(q, k, torch.full(q.shape[:2], tau, device=q.device), state, None, grid)
        return self.predictor.plan(q.shape[2], state, grid)

    def _average(self, wanted: list[tuple[int, int, int, int, int]], seconds: float) -> Measurements:
        shape = (self.layers, self.heads, len(self.candidates))
        errors, sparsities, count = (torch.zeros(shape, dtype=torch.float64) for _ in range(3))
        for key in wanted:
            probe = self.log.done[key]
            errors[key[2:]] += probe.error
            sparsities[key[2:]] += probe.sparsity
            count[key[2:]] += 1
        return Measurements(errors / count, sparsities / count, seconds)
