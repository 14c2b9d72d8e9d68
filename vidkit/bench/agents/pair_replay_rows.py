"""Replays of the pair by mix and kind of question: speed at once, and what is taken at the agents' p99."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from vidkit.agents.funnel import FunnelReport
from vidkit.agents.funnel_model import funnel_model
from vidkit.agents.pair.columns import Column
from vidkit.bench.agents.pair_gates import PAPER, Scored, paired_interval
from vidkit.bench.agents.pair_groups import groups_in, rows_of
from vidkit.bench.agents.pair_passes import Passes
from vidkit.bench.agents.pair_replay import Plan, Said, replay, right_of, waits_under
from vidkit.bench.agents.pair_runs import loss_threshold

_STEP = 0.03  # of the batched agents' capacity: how exactly a load is found
_HIGHEST = 6.0
_PUBLISHED = 0.98  # threshold of the released program


@dataclass(frozen=True, slots=True)
class ReplayWork:
    """What is replayed.

    Attributes:
        gate: of our funnel.
        loss: of every threshold.
        delta: of every threshold.
        batch: questions of a pass and of a draft call, at most.
        workers: agents side by side.
        loads: shares of the batched agents' capacity at which their p99 is taken.
        stream: questions of a stream.
        seeds: of streams.
        losses: further ones, at each of which our funnel's speed and accuracy are told.
    """

    gate: str
    loss: float
    delta: float
    batch: int
    workers: int
    loads: tuple[float, ...]
    stream: int = 2000
    seeds: tuple[int, ...] = (0, 1, 2)
    losses: tuple[float, ...] = ()


def replay_rows(
    test: Scored,
    calibrate: Scored,
    passes: Passes,
    costs: tuple[float, float],
    shares: Sequence[float],
    subsets: Sequence[str],
    work: ReplayWork,
    seed: int,
) -> Iterator[dict[str, Any]]:
    """First the passes, then for every group a row an engine, and a row a load.

    Args:
        test: questions that are replayed, answered by both models.
        calibrate: drafts for the thresholds, by the same groups.
        passes: seconds.
        costs: arithmetic of a look and a crop, in drafts.
        shares: of mixes.
        subsets: kinds.
        work: what is replayed.
        seed: of the choice of questions.
    """
    for kind in ("draft", "look", "crop"):
        yield {"pass": kind, **asdict(getattr(passes, kind))}
    for group in groups_in(test.columns, calibrate.columns, shares, subsets, seed):
        if len(group.places) < 2 or len(group.own) < 2:
            continue
        asked, drafts = rows_of(test, group.places), rows_of(calibrate, group.own)
        limits = {name: loss_threshold(drafts, name, work.loss, work.delta) for name in (PAPER, work.gate)}
        said = {name: _said(asked, asked.scores[name]) for name in limits}
        base: Column | None = None
        serial_s = most = 0.0  # of the agent, one by one: seconds, and arithmetic a question
        for name, plan, gate, limit in _plans(work, limits):
            report = replay(said[gate], passes, plan, limit)
            right = right_of(report)
            if base is None:
                base, serial_s = right, report.seconds
            row = {"group": group.name, "free": float((asked.columns["needs"] == 0).mean()), "engine": name}
            figures = _figures(report, plan, right, base, serial_s, costs, limit)
            most = most or figures["arithmetic"]
            yield row | figures
        assert base is not None
        asked_for = [(work.gate, loss) for loss in work.losses]
        if work.losses:  # every other score too, at the loss of all
            asked_for += [(name, work.loss) for name in asked.scores if name != work.gate]
        for name, loss in asked_for:
            limit = loss_threshold(drafts, name, loss, work.delta)
            plan = _ours(work, limit)
            report = replay(_said(asked, asked.scores[name]), passes, plan, limit)
            figures = _figures(report, plan, right_of(report), base, serial_s, costs, limit)
            named = {"group": group.name, "score": name, "loss": loss}
            yield named | {"less_work": most / figures["arithmetic"]} | figures
        yield from _loads(group.name, said[work.gate], passes, work, limits[work.gate])


def _plans(
    work: ReplayWork, limits: dict[str, float | None]
) -> Iterator[tuple[str, Plan, str, float | None]]:
    """Name, schedule, score and threshold of every engine."""
    yield "agent, one by one", Plan(speculate=False), work.gate, None
    agents = Plan(work.workers, work.batch, work.batch, speculate=False)
    yield "agents, batched", agents, work.gate, None
    released = Plan(front=6, screen="large", overlap=False)
    yield f"published, score above {_PUBLISHED:g}", released, PAPER, _PUBLISHED
    yield "published, small screens", Plan(front=6, screen="small", overlap=False), PAPER, limits[PAPER]
    yield f"ours, {work.gate}", _ours(work, limits[work.gate]), work.gate, limits[work.gate]


def _ours(work: ReplayWork, limit: float | None) -> Plan:
    """A gate that would believe nothing is refused, so that the agents answer all."""
    return Plan(work.workers, work.batch, work.batch, speculate=limit is not None)


def _said(asked: Scored, scores: Column) -> Said:
    columns = asked.columns
    names = ("small", "agent", "crops", "tool_free", "answers_now")
    return Said(**{name: columns[name] for name in names}, scores=scores)


def _figures(
    report: FunnelReport,
    plan: Plan,
    right: Column,
    base: Column,
    serial_s: float,
    costs: tuple[float, float],
    limit: float | None,
) -> dict[str, Any]:
    drafted = [one for one in report.outcomes if one.decision is not None]
    depths = [one.depth for one in report.outcomes if one.by == "agent"]
    alpha, beta = report.alpha if drafted else None, len(drafted) / len(right)
    low, high = paired_interval(right - base)
    work = sum(costs[0] + costs[1] * (depth - 1) for depth in depths)
    if plan.speculate:  # a screen of the small model is its draft's own look
        work += len(drafted) + len(right) * costs[0] if plan.screen == "large" else len(right)
    return {
        "questions": len(right),
        "seconds": report.seconds,
        "speedup": serial_s / report.seconds,
        "arithmetic": work / len(right),
        "accuracy": float(right.mean()),
        "difference": float((right - base).mean()),
        "difference_low": low,
        "difference_high": high,
        "beta": beta,
        "alpha": alpha,
        "ceiling": None if alpha is None else funnel_model(alpha, beta, 0.0, 0.0, 1.0).ceiling,
        "threshold": limit,
    }


def _loads(
    group: str, said: Said, passes: Passes, work: ReplayWork, limit: float | None
) -> Iterator[dict[str, Any]]:
    """What the funnel takes at the p99 the batched agents have at a load."""
    agents = Plan(work.workers, work.batch, work.batch, speculate=False)
    ours = _ours(work, limit)
    most = len(said.small) / replay(said, passes, agents).seconds
    for load in work.loads:
        found = []
        for seed in work.seeds:
            p99 = _p99(load * most, said, passes, agents, None, work.stream, seed)
            low, high = 0.0, _HIGHEST  # waits grow with the load, so that halving finds the last that fits
            while high - low > _STEP:
                share = (low + high) / 2
                fits = _p99(share * most, said, passes, ours, limit, work.stream, seed) <= p99
                low, high = (share, high) if fits else (low, share)
            found.append((p99, low / load))
        times = [one for _, one in found]
        yield {
            "group": group,
            "load": load,
            "agents_per_second": load * most,
            "p99_s": float(np.median([one for one, _ in found])),
            "times_the_agents": float(np.median(times)),
            "times_low": min(times),
            "times_high": max(times),
        }


def _p99(
    rate: float, said: Said, passes: Passes, plan: Plan, limit: float | None, stream: int, seed: int
) -> float:
    return float(np.percentile(waits_under(rate, stream, said, passes, plan, limit, seed), 99))
