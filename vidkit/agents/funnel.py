"""The speculative funnel: a small model drafts wide, a gate believes or not, agents answer the rest.

Source: SpecEyes (arXiv 2603.23483), phases I to IV. Its released program runs a batch's phases one after
the other; here they overlap: while agents work, the front goes on with the next batches, held back when
too many queries wait. What a query's answer is never depends on the interleaving, and the failure of one
query never touches another.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from vidkit.agents.economy import Economy
from vidkit.agents.gate import Decision

Query = TypeVar("Query")
Query_contra = TypeVar("Query_contra", contravariant=True)
Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class Draft:
    """What the small model answered, and what the gate said of it."""

    answer: str
    decision: Decision


@dataclass(frozen=True, slots=True)
class AgentAnswer:
    """What an agent's loop came to; `depth` is its number of model steps."""

    answer: str
    depth: int = 1


class Stages(Protocol[Query_contra]):
    """What a funnel runs. A list may hold an exception in place of a result: it concerns that query alone."""

    async def screen(self, queries: Sequence[Query_contra]) -> Sequence[bool | Exception]:
        """Phase I: for every query whether it needs no tool."""

    async def draft(self, queries: Sequence[Query_contra]) -> Sequence[Draft | Exception]:
        """Phases II and III: an answer without tools, and the gate's word."""

    async def agent(self, query: Query_contra) -> AgentAnswer:
        """Phase IV: the whole agent, from a fresh conversation."""


@dataclass(slots=True)
class Outcome:
    """What became of one query.

    Attributes:
        place: of the query in the input, from 0.
        answer: None where nobody answered.
        by: `draft` or `agent`.
        tool_free: the screen's word; None where it was not asked or failed.
        decision: of the gate; None where nothing was drafted.
        depth: model steps of the agent, 0 for a draft.
        problem: why there is no answer, or which stage before the agent failed; empty otherwise.
        latency_s: from arrival to the answer.
        front_s: of it, in screening and drafting.
        agent_s: of it, in the agent.
    """

    place: int
    answer: str | None = None
    by: str = "agent"
    tool_free: bool | None = None
    decision: Decision | None = None
    depth: int = 0
    problem: str = ""
    latency_s: float = 0.0
    front_s: float = 0.0
    agent_s: float = 0.0


@dataclass(slots=True)
class FunnelReport:
    """All outcomes, in the order of the input, and the shares and times behind the speed.

    Attributes:
        outcomes: one per query.
        seconds: from the first arrival to the last answer.
        turned_off_after: queries after which drafting stopped since it did not pay; None if it never did.
        why_off: the sentence about it.
    """

    outcomes: list[Outcome] = field(default_factory=list)
    seconds: float = 0.0
    turned_off_after: int | None = None
    why_off: str = ""

    @property
    def beta(self) -> float:
        """Share screened as needing no tool, of those that were screened; NaN when none was."""
        return _share([one.tool_free for one in self.outcomes if one.tool_free is not None])

    @property
    def alpha(self) -> float:
        """Share believed, of those that were drafted; NaN when none was."""
        return _share([one.decision.accepted for one in self.outcomes if one.decision is not None])


def _share(values: list[bool]) -> float:
    return sum(values) / len(values) if values else float("nan")


@dataclass(slots=True)
class _Job(Generic[Query]):
    query: Query
    outcome: Outcome
    arrived: float


class Funnel(Generic[Query]):
    """A funnel over some stages.

    Args:
        stages: screen, draft with its gate, agent.
        batch: queries screened and drafted in one call at most; a batch is never waited for.
        workers: agents side by side.
        wide: front batches side by side.
        ahead: queries that may wait for an agent before the front pauses; default 4 per worker and a batch.
        overlap: False runs each batch to its end before the next, as the released program does.
        economy: decides when drafting stops since it does not pay; None drafts always.
        speculate: False gives everything to the agent (the baseline).
        clock: seconds, for tests.

    Raises:
        ValueError: a count below 1.
    """

    def __init__(
        self,
        stages: Stages[Query],
        *,
        batch: int = 6,
        workers: int = 1,
        wide: int = 1,
        ahead: int | None = None,
        overlap: bool = True,
        speculate: bool = True,
        economy: Economy | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        for name, count in (("batch", batch), ("workers", workers), ("wide", wide), ("ahead", ahead or 1)):
            if count < 1:
                raise ValueError(f"{name} must be >= 1, got {count}")
        self._stages, self._batch, self._workers, self._wide = stages, batch, workers, wide
        self._ahead = ahead or 4 * workers + batch
        self._overlap, self._economy, self._clock = overlap, economy, clock
        self._speculate = speculate
        self._told: Callable[[Outcome], None] = lambda outcome: None
        self._report = FunnelReport()

    async def run(
        self,
        queries: Iterable[Query] | AsyncIterator[Query],
        on_outcome: Callable[[Outcome], None] | None = None,
    ) -> FunnelReport:
        """Answer all queries.

        Args:
            queries: at once, or as they arrive.
            on_outcome: told of every outcome when it is there, in the order of completion.

        Returns:
            One outcome per query, in the order of the input; none is dropped.
        """
        self._told = on_outcome or self._told
        self._report, start = FunnelReport(), self._clock()
        arrived: asyncio.Queue[_Job[Query] | None] = asyncio.Queue(self._batch * (self._wide + 1))
        waiting: asyncio.Queue[_Job[Query] | None] = asyncio.Queue(self._ahead)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._feed(queries, arrived))
            if self._overlap:
                workers = [group.create_task(self._work(waiting)) for _ in range(self._workers)]
            fronts = [group.create_task(self._front(arrived, waiting)) for _ in range(self._wide)]
            for front in fronts:
                await front
            if self._overlap:
                for _ in workers:
                    await waiting.put(None)
        self._report.outcomes.sort(key=lambda one: one.place)
        self._report.seconds = self._clock() - start
        return self._report

    async def _feed(
        self, queries: Iterable[Query] | AsyncIterator[Query], arrived: asyncio.Queue[_Job[Query] | None]
    ) -> None:
        place = 0
        if isinstance(queries, AsyncIterator):
            async for query in queries:
                await arrived.put(_Job(query, Outcome(place), self._clock()))
                place += 1
        else:
            start = self._clock()
            for query in queries:
                await arrived.put(_Job(query, Outcome(place), start))
                place += 1
        for _ in range(self._wide):
            await arrived.put(None)

    async def _front(
        self, arrived: asyncio.Queue[_Job[Query] | None], waiting: asyncio.Queue[_Job[Query] | None]
    ) -> None:
        last = False
        while not last:
            jobs: list[_Job[Query]] = []
            job = await arrived.get()
            with suppress(asyncio.QueueEmpty):
                while job is not None:
                    jobs.append(job)
                    if len(jobs) == self._batch:
                        break
                    job = arrived.get_nowait()
            last = job is None
            rest = await self._speculated(jobs, waiting) if jobs else []
            if not self._overlap:
                await self._answered(rest)
                continue
            for left in rest:
                await waiting.put(left)

    async def _answered(self, jobs: list[_Job[Query]]) -> None:
        free = asyncio.Semaphore(self._workers)

        async def one(job: _Job[Query]) -> None:
            async with free:
                await self._ask(job)

        async with asyncio.TaskGroup() as group:
            for job in jobs:
                group.create_task(one(job))

    async def _work(self, waiting: asyncio.Queue[_Job[Query] | None]) -> None:
        while (job := await waiting.get()) is not None:
            await self._ask(job)

    async def _ask(self, job: _Job[Query]) -> None:
        start = self._clock()
        try:
            found = await self._stages.agent(job.query)
        except Exception as error:
            job.outcome.problem = f"{type(error).__name__}: {error}"
        else:
            job.outcome.answer, job.outcome.depth = found.answer, found.depth
        job.outcome.agent_s = self._clock() - start
        if self._economy is not None and job.outcome.answer is not None:
            self._economy.agent_took(job.outcome.agent_s)
        self._done(job)

    def _done(self, job: _Job[Query]) -> None:
        job.outcome.latency_s = self._clock() - job.arrived
        self._report.outcomes.append(job.outcome)
        self._told(job.outcome)

    async def _speculated(
        self, jobs: list[_Job[Query]], waiting: asyncio.Queue[_Job[Query] | None]
    ) -> list[_Job[Query]]:
        """Screen and draft; returns what is left for the agent and does not wait for it yet."""
        if not self._speculate or self._report.turned_off_after is not None:
            return jobs
        start = self._clock()
        free, rest = await self._screened(jobs)
        for job in rest:
            job.outcome.front_s = self._clock() - start
        # agents need not wait for drafts of others; a full queue must not hold those drafts up
        while self._overlap and rest and not waiting.full():
            waiting.put_nowait(rest.pop(0))
        deferred = await self._drafted(free) if free else []
        front_s = self._clock() - start
        for job in free:
            job.outcome.front_s = front_s
        believed = [job for job in free if job.outcome.by == "draft"]
        for job in believed:
            self._done(job)
        if self._economy is not None and (why := self._economy.front_took(len(jobs), len(believed), front_s)):
            self._report.turned_off_after, self._report.why_off = self._economy.seen, why
        return sorted(rest + deferred, key=lambda job: job.outcome.place)

    async def _screened(self, jobs: list[_Job[Query]]) -> tuple[list[_Job[Query]], list[_Job[Query]]]:
        """Those that need no tool, and the others."""
        words = await _parts(self._stages.screen([job.query for job in jobs]), len(jobs), "screen")
        free: list[_Job[Query]] = []
        rest: list[_Job[Query]] = []
        for job, word in zip(jobs, words, strict=True):
            if isinstance(word, Exception):
                job.outcome.problem = f"screen failed, {type(word).__name__}: {word}"
            else:
                job.outcome.tool_free = bool(word)
            (free if job.outcome.tool_free else rest).append(job)
        return free, rest

    async def _drafted(self, free: list[_Job[Query]]) -> list[_Job[Query]]:
        """Those whose draft is not believed; the others get theirs as answer."""
        drafts = await _parts(self._stages.draft([job.query for job in free]), len(free), "draft")
        deferred: list[_Job[Query]] = []
        for job, draft in zip(free, drafts, strict=True):
            if isinstance(draft, Exception):
                job.outcome.problem = f"draft failed, {type(draft).__name__}: {draft}"
                deferred.append(job)
                continue
            job.outcome.decision = draft.decision
            if draft.decision.accepted:
                job.outcome.answer, job.outcome.by = draft.answer, "draft"
            else:
                deferred.append(job)
        return deferred


async def _parts(
    call: Awaitable[Sequence[Part | Exception]], count: int, stage: str
) -> Sequence[Part | Exception]:
    """Results of a batch, one per query; what goes wrong for the whole batch goes wrong for each."""
    try:
        found = list(await call)
    except Exception as error:
        return [error] * count
    if len(found) != count:
        return [ValueError(f"{stage} gave {len(found)} results for {count} queries")] * count
    return found
