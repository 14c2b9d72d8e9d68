"""Denoising loops dense, sparse and with HASTE's reuse, in turns on one model."""

from __future__ import annotations

import logging
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch

from vidkit.attention.apply import AttentionHandle, enable
from vidkit.attention.calibration.drift_threshold import TraceReuse, choose_delta
from vidkit.attention.policy import AttentionPolicy
from vidkit.attention.predictors import make_predictor
from vidkit.attention.reuse import make_reuse
from vidkit.bench.attention.breakdown import breakdown
from vidkit.bench.attention.loops import (
    FA4Processor,
    Loop,
    NoAttention,
    build,
    run_loop,
    set_processors,
)
from vidkit.bench.attention.report import BUSY, Row, speed_words, spread_words
from vidkit.bench.timing import Gain, gain_of, measure_turns, quantiles
from vidkit.errors import ConfigError
from vidkit.hooks.dense.fa4 import fa4_installed
from vidkit.utils.plain import duration

log = logging.getLogger(__name__)

LOOP_TURNS = 5


@dataclass
class Way:
    """One way of running the loop.

    Attributes:
        name: as printed; that of a dense baseline begins with "dense".
        enter: puts it on the model for as long as the context lasts; gives the handle of sparse attention.
        steps: of one turn. Dense forwards are all alike; sparse ones differ between refresh and reuse, so
            whole loops count.
        report: of the last turn, empty where all is dense.
    """

    name: str
    enter: Callable[[], AbstractContextManager[AttentionHandle | None]]
    steps: int
    report: Mapping[str, Any] = field(default_factory=dict)


class LoopBench:
    """One model and the ways of running it.

    Args:
        loop: what runs.
        device: where.
        dtype: of the weights.
        tell: hears how far it is.
    """

    def __init__(
        self,
        loop: Loop,
        device: torch.device,
        dtype: torch.dtype,
        tell: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.loop, self.device, self.dtype, self.tell = loop, device, dtype, tell
        self.model = build(loop, device, dtype)
        self._originals = [block.attn1.processor for block in self.model.blocks]
        if device.type == "cuda":
            for block in self.model.blocks:
                block.compile()

    def once(self, way: Way, steps: int | None = None) -> float:
        """Milliseconds a forward of one turn."""
        count = steps or way.steps
        with way.enter() as handle:
            seconds = run_loop(self.model, self.loop, self.device, self.dtype, count)
            way.report = handle.report() if handle is not None else {}
        return seconds / (2 * count) * 1e3

    def rows(self, density: float, reuse: float, turns: int = LOOP_TURNS) -> Iterator[Row]:
        """Milliseconds a forward of every way, and gains over the dense ones of the same turns.

        Where the GPU's time of every way goes follows (`breakdown` rows, GPU only).
        """
        ways = [*self.dense_ways(), *self.sparse_ways(density, reuse)]
        for way in ways:
            self.tell(f"{way.name}: first forwards")
            self.once(way, 1 if way.name.startswith(("dense", "everything")) else 2)  # compiles, tunes
        start = time.monotonic()

        def told(turn: int) -> None:
            left = (time.monotonic() - start) / turn * (turns - turn) if turn else None
            self.tell(f"turn {turn + 1} of {turns}" + (f", {duration(left)} left of them" if left else ""))

        found = measure_turns({way.name: partial(self.once, way) for way in ways}, turns, told)
        yield from loop_rows_of(self.loop, ways, found)
        for way in ways:
            yield from self._breakdown(way)

    def _breakdown(self, way: Way) -> Iterator[Row]:
        if self.device.type != "cuda":
            return
        with way.enter():
            parts = breakdown(
                lambda: run_loop(self.model, self.loop, self.device, self.dtype, way.steps),
                2 * way.steps,
                self.device,
            )
        for part, ms in parts.items():
            name = f"{way.name}: {part}"
            yield Row("breakdown", self.loop.name, name, None, ms, ms, ms, None, "GPU time per forward")

    def dense_ways(self) -> list[Way]:
        """The dense baselines at hand, and everything but self-attention."""
        if self.device.type != "cuda":
            return [Way("dense", partial(self._dense, None, True), self.loop.steps)]
        found = [
            Way("dense flash", partial(self._dense, "_native_flash", False), 1),
            Way("dense cudnn", partial(self._dense, "_native_cudnn", False), 1),
            Way("dense cudnn, blocks compiled", partial(self._dense, "_native_cudnn", True), 1),
        ]
        if fa4_installed():
            fa4 = [FA4Processor() for _ in self._originals]
            enter = partial(self._dense, "_native_cudnn", True, fa4)
            found.append(Way("dense fa4, blocks compiled", enter, 1))
        nothing = [NoAttention() for _ in self._originals]
        enter = partial(self._dense, "_native_cudnn", True, nothing)
        return [*found, Way("everything but self-attention, compiled", enter, 1)]

    @contextmanager
    def _dense(
        self, backend: str | None, compiled: bool, processors: list[Any] | None = None
    ) -> Iterator[None]:
        if backend is not None:
            self.model.set_attention_backend(backend)
        set_processors(self.model, processors or self._originals)
        try:
            with torch.compiler.set_stance("default" if compiled else "force_eager"):
                yield
        finally:
            set_processors(self.model, self._originals)

    @contextmanager
    def _sparse(self, policy: AttentionPolicy) -> Iterator[AttentionHandle]:
        if self.device.type == "cuda":
            self.model.set_attention_backend("_native_cudnn")  # of cross-attention
        with enable(self.model, policy) as handle:
            yield handle

    def sparse_ways(self, density: float, reuse: float) -> Iterator[Way]:
        """XAttention alone, with temporal mask reuse, and SVG2 with it, all at about `density`."""
        steps = self.loop.steps
        block = 128 if self.loop.model["attention_head_dim"] == 128 else 64
        predictor = make_predictor("xattention", block_q=block, block_k=block, stride=16)
        self.tell("threshold of xattention for the density")
        tau = self.tau_for_density(predictor, density)
        yield Way(
            f"xattention tau {tau:.3f}", partial(self._sparse, AttentionPolicy(predictor, tau=tau)), steps
        )
        trace = TraceReuse()
        self.tell("drift of a loop")
        with self._sparse(AttentionPolicy(predictor, trace, tau=tau)):
            run_loop(self.model, self.loop, self.device, self.dtype)
        try:
            delta, _ = choose_delta(trace, reuse)
        except ConfigError as error:
            log.warning("HASTE row left out: %s", error.message)
            return
        policy = AttentionPolicy(predictor, make_reuse("tmr", delta=delta), tau=tau)
        yield Way(f"haste delta {delta:.2f}", partial(self._sparse, policy), steps)
        clusters = (300, 1000) if block == 128 else (16, 48)
        svg2 = make_predictor(
            "svg2",
            query_clusters=clusters[0],
            key_clusters=clusters[1],
            min_kc_ratio=0.0,
            first_iterations=10,
            block_q=block,
            block_k=block,
        )
        self.tell("threshold of svg2 for the density")
        svg2_tau = self.tau_for_density(svg2, density)
        policy = AttentionPolicy(svg2, make_reuse("tmr", delta=delta), tau=svg2_tau)
        yield Way(f"svg2 + tmr tau {svg2_tau:.3f}", partial(self._sparse, policy), steps)

    def tau_for_density(self, predictor: Any, density: float) -> float:
        """Threshold whose masks have about this density on the model's own Q and K (bisection)."""
        low, high = 0.0, 1.0
        for _ in range(7):
            tau = (low + high) / 2
            with self._sparse(AttentionPolicy(predictor, tau=tau)) as handle:
                run_loop(self.model, self.loop, self.device, self.dtype, 1)
                found = handle.report()["sparse_density"]
            low, high = (tau, high) if found < density else (low, tau)
        return low or high


def loop_rows(
    loop: Loop,
    device: torch.device,
    dtype: torch.dtype,
    tell: Callable[[str], None] = lambda text: None,
    density: float = 0.25,
    reuse: float = 0.7,
) -> Iterator[Row]:
    """Dense baselines and sparse policies on one model, in turns.

    Args:
        loop: what runs.
        device: where.
        dtype: of the weights.
        tell: hears how far it is.
        density: that the thresholds of sparse attention are set for.
        reuse: share of masks that the drift threshold is set for.
    """
    yield from LoopBench(loop, device, dtype, tell).rows(density, reuse)


def loop_rows_of(loop: Loop, ways: list[Way], found: Mapping[str, list[float]]) -> Iterator[Row]:
    """One row a way, from milliseconds by turn; gains are over the dense ways of the same turns."""
    dense = [way.name for way in ways if way.name.startswith("dense")]
    fastest = min(dense, key=lambda name: statistics.median(found[name]))
    for way in ways:
        time_ms = quantiles(found[way.name])
        row = Row(
            "loop", loop.name, way.name, None, time_ms.median, time_ms.low, time_ms.high, None, loop.label
        )
        if not way.report:
            yield row
            continue
        gains = {name: gain_of(found[name], found[way.name]) for name in dense}
        used = "/".join(way.report["executors_used"])
        reached = f"density {way.report['sparse_density']:.3f}, reuse {way.report['reuse_ratio']:.2f}"
        words = ", ".join(gain_words(gain, name) for name, gain in gains.items())
        note = f"{loop.label}; {reached}, {used}; {words}"
        kept = {name: None if gain.busy else gain for name, gain in gains.items()}
        row = replace(row, density=way.report["sparse_density"], note=note, gains=kept)
        yield row.beside(gains[fastest], fastest)


def gain_words(gain: Gain, baseline: str) -> str:
    """A gain that cannot be read the wrong way round, with its spread, or why there is none."""
    if gain.busy:
        return f"against {baseline}: {BUSY}"
    return f"{speed_words(gain.median)} as {baseline} ({spread_words(gain.median, gain.low, gain.high)})"
