"""The funnel's schedules on a clock that jumps: ours and the published one, against the theory."""

from __future__ import annotations

import asyncio
import heapq
import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from vidkit.agents.funnel import Funnel, FunnelReport
from vidkit.agents.scripted import ScriptedQuery, ScriptedStages, run_virtually, scripted_queries


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of the stages' calls, and the share by which each is drawn up or down."""

    screen_s: float
    draft_s: float
    agent_s: float
    jitter: float = 0.0


@dataclass(frozen=True, slots=True)
class Point:
    """One place of the grid: shares, agents side by side, queries per front call."""

    alpha: float
    beta: float
    workers: int
    batch: int


def lower_bound_s(report: FunnelReport, times: Times, point: Point) -> float:
    """Seconds that no schedule beats, from the queries as they were: the bound of `funnel_model`.

    The front cannot be shorter than its calls, the agents not shorter than their work shared out evenly.
    """
    deferred = sum(one.by == "agent" for one in report.outcomes)
    return max(_front_ends(report, times, point)[-1][1], deferred * times.agent_s / point.workers)


def tight_bound_s(report: FunnelReport, times: Times, point: Point) -> float:
    """Seconds that no schedule beats that screens and drafts the queries in their order.

    An agent cannot be shared out: its query starts once it is screened, or drafted and not believed, and
    takes `agent_s` of one worker. Jobs of equal length end soonest when each starts as early as it can.
    """
    ends = _front_ends(report, times, point)
    came = [
        ends[place // point.batch][bool(one.tool_free)]
        for place, one in enumerate(report.outcomes)
        if one.by == "agent"
    ]
    free_at = [0.0] * point.workers
    for moment in sorted(came):
        heapq.heappush(free_at, max(heapq.heappop(free_at), moment) + times.agent_s)
    return max(ends[-1][1], *free_at)


def _front_ends(report: FunnelReport, times: Times, point: Point) -> list[tuple[float, float]]:
    """When each full batch is screened and drafted at the earliest; drafts are of the tool-free alone."""
    ends, now = [], 0.0
    for first in range(0, len(report.outcomes), point.batch):
        screened = now + times.screen_s
        drafts = any(one.tool_free for one in report.outcomes[first : first + point.batch])
        now = screened + (times.draft_s if drafts else 0.0)
        ends.append((screened, now))
    return ends


def schedule_rows(points: list[Point], times: Times, count: int, seed: int) -> Iterator[dict[str, Any]]:
    """One row a point: queries per second of our schedule, the published one and the agents alone.

    The published one runs the phases of each batch one after the other, its agents one by one; ours and the
    agents alone have `workers` agents side by side.
    """
    for point in points:
        queries = scripted_queries(count, point.alpha, point.beta, seed)
        ours = _run(queries, times, point, seed)
        published = _run(queries, times, Point(point.alpha, point.beta, 1, point.batch), seed, overlap=False)
        alone = _run(queries, times, point, seed, speculate=False)
        bound, tight = lower_bound_s(ours, times, point), tight_bound_s(ours, times, point)
        yield {
            "alpha": point.alpha,
            "beta": point.beta,
            "workers": point.workers,
            "batch": point.batch,
            "queries": count,
            "ours_s": ours.seconds,
            "published_s": published.seconds,
            "agents_s": alone.seconds,
            "bound_s": bound,
            "share_of_bound": bound / ours.seconds,
            "tight_bound_s": tight,
            "share_of_tight_bound": tight / ours.seconds,
            "speedup": alone.seconds / ours.seconds,
            "same_answers": [one.answer for one in ours.outcomes]
            == [one.answer for one in published.outcomes],
        }


def _run(
    queries: list[ScriptedQuery],
    times: Times,
    point: Point,
    seed: int,
    *,
    overlap: bool = True,
    speculate: bool = True,
) -> FunnelReport:
    async def main() -> FunnelReport:
        return await _funnel(times, point, seed, overlap=overlap, speculate=speculate).run(queries)

    return run_virtually(main())


def _funnel(
    times: Times, point: Point, seed: int, *, overlap: bool = True, speculate: bool = True
) -> Funnel[ScriptedQuery]:
    stages = ScriptedStages(times.screen_s, times.draft_s, times.agent_s, times.jitter, seed)
    return Funnel(
        stages,
        batch=point.batch,
        workers=point.workers,
        overlap=overlap,
        speculate=speculate,
        clock=asyncio.get_running_loop().time,
    )


def latency_rows(
    points: list[Point], times: Times, loads: list[float], count: int, seed: int
) -> Iterator[dict[str, Any]]:
    """Latency of the funnel and of the agents alone, Poisson arrivals at shares of the agents' capacity."""
    for point in points:
        for load in loads:
            rate = load * point.workers / times.agent_s
            queries = scripted_queries(count, point.alpha, point.beta, seed)
            row: dict[str, Any] = {
                "alpha": point.alpha,
                "beta": point.beta,
                "workers": point.workers,
                "batch": point.batch,
                "load": load,
                "per_second": rate,
            }
            for name, speculate in (("funnel", True), ("agents", False)):
                report = _arriving(queries, times, point, rate, seed, speculate)
                waits = np.array([one.latency_s for one in report.outcomes])
                for share in (50, 95, 99):
                    row[f"{name}_p{share}_s"] = float(np.percentile(waits, share))
            yield row


def _arriving(
    queries: list[ScriptedQuery], times: Times, point: Point, rate: float, seed: int, speculate: bool
) -> FunnelReport:
    draw = random.Random(seed)

    async def arrivals() -> AsyncIterator[ScriptedQuery]:
        for query in queries:
            yield query
            await asyncio.sleep(draw.expovariate(rate))

    async def main() -> FunnelReport:
        return await _funnel(times, point, seed, speculate=speculate).run(arrivals())

    return run_virtually(main())
