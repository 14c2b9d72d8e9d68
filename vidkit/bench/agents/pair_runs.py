"""The embedded pair at work: engines timed on the same questions, one by one, in batches, under load."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vidkit.agents.funnel import Funnel, FunnelReport
from vidkit.agents.gate import Decision
from vidkit.agents.pair.columns import Column, gate_columns, seeds_of
from vidkit.agents.pair.network import PairNetwork
from vidkit.agents.pair.stages import Gate, LargeRunner, PairStages, Set
from vidkit.agents.risk_control import calibrate_threshold
from vidkit.bench.agents.pair_gates import BLEND, OURS, PAPER, Scored, blend_inputs, paired_interval
from vidkit.synthetic.zoom_scenes.drawing import draw_pictures, shrunk
from vidkit.synthetic.zoom_scenes.questions import draw_questions
from vidkit.synthetic.zoom_scenes.words import text_of
from vidkit.utils.event_loop import run_whole

GATES = (PAPER, OURS, "min_prob", "log_mean", "entropy", BLEND)
_RATED = 7  # of 9: from which the large model of SpecReason keeps a step


@dataclass(frozen=True, slots=True)
class Timed:
    """What is timed.

    Attributes:
        small: model.
        large: model.
        questions: that are asked, of the test split.
        truths: their answers in words.
        needs: whether each needs a zoom.
        kinds: of each, place in `KINDS`.
        batch: questions a pass, at most.
        workers: agents side by side.
    """

    small: PairNetwork
    large: PairNetwork
    questions: Set
    truths: tuple[str, ...]
    needs: tuple[bool, ...]
    kinds: tuple[int, ...]
    batch: int
    workers: int

    @property
    def count(self) -> int:
        """Questions."""
        return len(self.truths)


def timed_set(
    small: PairNetwork, large: PairNetwork, count: int, batch: int, workers: int, start: int = 60_000_000
) -> Timed:
    """Questions of the test split, drawn beforehand: pictures are given, not made, while the clock runs."""
    seeds, parts = seeds_of("test", start), []
    device = small.grid.device
    for _ in range(-(-count // 64)):
        questions = draw_questions(next(seeds), min(64, count), device)
        needs = questions.need.any(1)
        parts.append((draw_pictures(questions), questions.tokens, questions.answer, needs, questions.kind))
    pictures, tokens, answers, needed, kinds = (
        torch.cat([part[n] for part in parts])[:count] for n in range(5)
    )
    truths = tuple(text_of(row) for row in answers.tolist())
    return Timed(
        small,
        large,
        Set(pictures, tokens),
        truths,
        tuple(needed.tolist()),
        tuple(kinds.tolist()),
        batch,
        workers,
    )


def part_of(
    timed: Timed, places: Sequence[int], batch: int | None = None, workers: int | None = None
) -> Timed:
    """Some of the questions."""
    chosen = list(places)
    return Timed(
        timed.small,
        timed.large,
        Set(timed.questions.pictures[chosen], timed.questions.tokens[chosen]),
        tuple(timed.truths[place] for place in chosen),
        tuple(timed.needs[place] for place in chosen),
        tuple(timed.kinds[place] for place in chosen),
        batch or timed.batch,
        workers or timed.workers,
    )


def gate_of(name: str, threshold: float | None, scored: Scored) -> Gate:
    """A gate for batches of drafts; without a threshold it believes nothing."""

    def decide(logits: Tensor, tool_free: Tensor) -> Sequence[Decision]:
        values = logits.double().numpy()
        if name == BLEND:
            inputs = blend_inputs(values, tool_free.double().numpy())
            scores = scored.blend.score(np.stack([inputs[each] for each in scored.blend.names], 1))
        else:
            scores = gate_columns(values)[name]
        limit = np.inf if threshold is None else threshold
        return [Decision(bool(score > limit), float(score), name) for score in scores]

    return decide


def loss_threshold(calibrate: Scored, name: str, loss: float, delta: float) -> float | None:
    """Lowest threshold at which at most `loss` of the believed are wrong: no more is lost to the agent."""
    return calibrate_threshold(calibrate.scores[name], calibrate.columns["small"] > 0, loss, delta)


def engine_rows(timed: Timed, calibrate: Scored, loss: float, delta: float) -> Iterator[dict[str, Any]]:
    """One row an engine; speed against the agent one by one, accuracy against the batched agents."""
    warm_up(timed)
    serial = funnel_run(timed, None, workers=1, batch=1, speculate=False)
    base = right_of(serial, timed)
    yield run_row("agent, one by one", serial, timed, base, serial.seconds)
    yield run_row("agents, batched", funnel_run(timed, None, speculate=False), timed, base, serial.seconds)
    yield _direct_row(timed, base, serial.seconds)
    yield _spec_reason_row(timed, base, serial.seconds)
    paper = gate_of(PAPER, loss_threshold(calibrate, PAPER, loss, delta), calibrate)
    for screen in ("large", "small"):
        found = funnel_run(timed, paper, workers=1, batch=6, screen=screen, overlap=False, passes=1)
        yield run_row(f"published, {screen} screens", found, timed, base, serial.seconds)
    for name in GATES:
        threshold = loss_threshold(calibrate, name, loss, delta)
        found = funnel_run(timed, gate_of(name, threshold, calibrate))
        yield {**run_row(f"ours, {name}", found, timed, base, serial.seconds), "threshold": threshold}


def funnel_run(
    timed: Timed,
    gate: Gate | None,
    *,
    workers: int | None = None,
    batch: int | None = None,
    passes: int | None = None,
    screen: str = "none",
    overlap: bool = True,
    speculate: bool = True,
    arrivals: Callable[[], AsyncIterator[int]] | None = None,
    count: int | None = None,
    on_outcome: Callable[[Any], None] | None = None,
) -> FunnelReport:
    """A funnel over the first `count` questions; `passes`: questions of a pass of the large model."""
    workers = workers or timed.workers

    async def main() -> FunnelReport:
        size = passes or min(timed.batch, workers)
        runner = LargeRunner(timed.large, timed.questions, size)
        believe_none = gate or (lambda logits, free: [Decision(False, 0.0, "")] * len(logits))
        stages = PairStages(timed.small, runner, timed.questions, believe_none, screen, large=timed.large)
        funnel: Funnel[int] = Funnel(
            stages, batch=batch or timed.batch, workers=workers, overlap=overlap, speculate=speculate
        )
        try:
            queries = arrivals() if arrivals is not None else range(count or timed.count)
            return await funnel.run(queries, on_outcome)
        finally:
            stages.close()

    return run_whole(main())


def warm_up(timed: Timed) -> None:
    """Whatever a first pass costs is no engine's cost."""
    few = min(timed.count, 2 * timed.batch)
    for workers in (1, timed.workers):
        funnel_run(timed, None, workers=workers, count=few if workers > 1 else min(few, 8))


def right_of(report: FunnelReport, timed: Timed) -> Column:
    truths = timed.truths
    return np.array(
        [one.answer == truths[one.place % len(truths)] for one in report.outcomes], dtype=np.float64
    )


def run_row(name: str, report: FunnelReport, timed: Timed, base: Column, serial_s: float) -> dict[str, Any]:
    right = right_of(report, timed)
    drafted = [one for one in report.outcomes if one.decision is not None]
    agents = [one.depth for one in report.outcomes if one.by == "agent"]
    waits = np.array([one.agent_s for one in report.outcomes if one.by == "agent"])
    return {
        **_figures(name, right, base, report.seconds, serial_s),
        "beta": len(drafted) / len(right),
        "alpha": None if not drafted else report.alpha,
        "depth": float(np.mean(agents)) if agents else None,
        "agent_p50_s": float(np.median(waits)) if len(waits) else None,
        "failed": sum(one.answer is None for one in report.outcomes),
    }


def _figures(name: str, right: Column, base: Column, seconds: float, serial_s: float) -> dict[str, Any]:
    low, high = paired_interval(right - base)
    return {
        "engine": name,
        "questions": len(right),
        "seconds": seconds,
        "per_second": len(right) / seconds,
        "speedup": serial_s / seconds,
        "accuracy": float(right.mean()),
        "difference": float((right - base).mean()),
        "difference_low": low,
        "difference_high": high,
    }


@torch.no_grad()
def _direct_row(timed: Timed, base: Column, serial_s: float) -> dict[str, Any]:
    """The small model alone, in batches."""
    start, said = time.perf_counter(), []
    for first in range(0, timed.count, timed.batch):
        places = list(range(first, min(first + timed.batch, timed.count)))
        view = timed.questions.views(places, timed.small.config.view)
        said += timed.small.look(view, timed.questions.tokens[places]).answer.argmax(-1).tolist()
    seconds = time.perf_counter() - start
    right = [text_of(words) == truth for words, truth in zip(said, timed.truths, strict=True)]
    return _figures("small alone, batched", np.array(right, dtype=np.float64), base, seconds, serial_s)


@torch.no_grad()
def _spec_reason_row(timed: Timed, base: Column, serial_s: float) -> dict[str, Any]:
    """After SpecReason: the small model's step is rated by the large one, and redone below 7 of 9; unbatched.

    The rating is the probability the large model gives the draft at its first look.
    """
    start, right, kept = time.perf_counter(), [], 0
    redo: list[int] = []
    for place in range(timed.count):
        tokens, picture = timed.questions.tokens[place : place + 1], timed.questions.pictures[[place]]
        small = timed.small.look(shrunk(picture, timed.small.config.view), tokens).answer[0].argmax(-1)
        look = timed.large.look(shrunk(picture, timed.large.config.view), tokens)
        chance = look.answer[0].softmax(-1).gather(1, small[:, None]).prod()
        if round(9 * float(chance)) >= _RATED:
            kept += 1
            right.append((place, text_of(small.tolist()) == timed.truths[place]))
        else:
            redo.append(place)
    drafted_s = time.perf_counter() - start
    report = _places_run(timed, redo)
    right += [(redo[one.place], one.answer == timed.truths[redo[one.place]]) for one in report.outcomes]
    found = np.array([fits for _, fits in sorted(right)], dtype=np.float64)
    row = _figures("SpecReason-like", found, base, drafted_s + report.seconds, serial_s)
    return {**row, "beta": 1.0, "alpha": kept / timed.count}


def _places_run(timed: Timed, places: list[int]) -> FunnelReport:
    """The agent on some questions, one by one."""
    if not places:
        return FunnelReport()
    return funnel_run(part_of(timed, places, 1, 1), None, speculate=False)
