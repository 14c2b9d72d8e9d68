"""What the pair said, replayed through the funnel on a clock that jumps, with the seconds its passes take.

Who is right, who is believed and how deep an agent goes are the models' own; so are the seconds of a pass.
One processor serves both models, a pass at a time, so that nothing is gained by a second one. A replay does
not depend on what else a machine does, and takes thousands of questions in a second.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vidkit.agents.funnel import AgentAnswer, Draft, Funnel, FunnelReport, Outcome
from vidkit.agents.gate import Decision
from vidkit.agents.pair.columns import Column
from vidkit.agents.scripted import run_virtually
from vidkit.bench.agents.pair_passes import Passes

RIGHT, WRONG = "right", "wrong"


@dataclass(frozen=True, slots=True)
class Said:
    """What the models said of questions, as columns [N] each.

    Attributes:
        small: whether the draft is right.
        agent: whether the agent's answer is right.
        crops: that the agent takes.
        tool_free: probability the small model gives to needing no tool.
        answers_now: probability the large model gives to answering at its first look.
        scores: of the gate.
    """

    small: Column
    agent: Column
    crops: Column
    tool_free: Column
    answers_now: Column
    scores: Column


@dataclass(frozen=True, slots=True)
class Plan:
    """A schedule.

    Attributes:
        workers: agents side by side.
        batch: questions of a pass of the large model, at most.
        front: questions that are screened and drafted together, at most.
        screen: `none`, `small` or `large`.
        overlap: the front goes on while agents work.
        speculate: drafts are made.
    """

    workers: int = 1
    batch: int = 1
    front: int = 1
    screen: str = "none"
    overlap: bool = True
    speculate: bool = True


class ReplayStages:
    """Stages of a funnel whose queries are places in `Said`; places beyond the last begin anew."""

    def __init__(self, said: Said, passes: Passes, plan: Plan, threshold: float | None) -> None:
        self._said, self._passes, self._plan = said, passes, plan
        self._threshold = np.inf if threshold is None else threshold
        self._processor = asyncio.Lock()
        self._waiting: dict[int, list[tuple[int, asyncio.Future[None]]]] = {}
        self._task: asyncio.Task[None] | None = None

    async def _busy(self, seconds: float) -> None:
        async with self._processor:
            await asyncio.sleep(seconds)

    def _row(self, query: int) -> int:
        return query % len(self._said.small)

    async def screen(self, queries: Sequence[int]) -> list[bool]:
        """Whether each needs no tool."""
        rows = [self._row(query) for query in queries]
        if self._plan.screen == "none":
            return [True] * len(rows)
        if self._plan.screen == "large":
            for _ in rows:
                await self._busy(self._passes.look(1))
            return [bool(self._said.answers_now[row] > 0.5) for row in rows]
        await self._busy(self._passes.draft(len(rows)))
        return [bool(self._said.tool_free[row] > 0.5) for row in rows]

    async def draft(self, queries: Sequence[int]) -> list[Draft]:
        """Drafts with the gate's word; the look of the small model's screen is not made twice."""
        if self._plan.screen != "small":
            await self._busy(self._passes.draft(len(queries)))
        found = []
        for row in map(self._row, queries):
            score = float(self._said.scores[row])
            found.append(Draft(_word(self._said.small[row]), Decision(score > self._threshold, score, "")))
        return found

    async def agent(self, query: int) -> AgentAnswer:
        """All steps, each in a pass with others that wait for the same depth."""
        row = self._row(query)
        depth = int(self._said.crops[row]) + 1
        for step in range(depth):
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.setdefault(step, []).append((row, done))
            if self._task is None or self._task.done():
                self._task = asyncio.get_running_loop().create_task(self._serve())
            await done
        return AgentAnswer(_word(self._said.agent[row]), depth)

    async def _serve(self) -> None:
        """Passes, one after the other, of the depth at which most wait, as `LargeRunner` makes them."""
        await asyncio.sleep(0)
        while self._waiting:
            depth = max(self._waiting, key=lambda each: (len(self._waiting[each]), each))
            jobs = self._waiting.pop(depth)
            now, later = jobs[: self._plan.batch], jobs[self._plan.batch :]
            if later:
                self._waiting[depth] = later
            kind = self._passes.crop if depth else self._passes.look
            await self._busy(kind(len(now)))
            for _, done in now:
                done.set_result(None)
            await asyncio.sleep(0)  # those that go on stand in line before the next pass is chosen


def _word(is_right: float) -> str:
    return RIGHT if is_right else WRONG


def replay(said: Said, passes: Passes, plan: Plan, threshold: float | None = None) -> FunnelReport:
    """A funnel over all questions at once."""

    async def main() -> FunnelReport:
        return await _funnel(said, passes, plan, threshold).run(range(len(said.small)))

    return run_virtually(main())


def waits_under(
    rate: float,
    count: int,
    said: Said,
    passes: Passes,
    plan: Plan,
    threshold: float | None = None,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Seconds from when each of `count` questions was due to its answer; Poisson, `rate` a second."""
    draw = random.Random(seed)
    due = np.cumsum([draw.expovariate(rate) for _ in range(count)])
    waits = np.zeros(count)

    async def main() -> None:
        loop = asyncio.get_running_loop()

        async def arrivals() -> AsyncIterator[int]:
            for place in range(count):
                if (early := due[place] - loop.time()) > 0:
                    await asyncio.sleep(early)
                yield place

        def ended(outcome: Outcome) -> None:
            # from when it was due, so that a full queue hides nothing
            waits[outcome.place] = loop.time() - due[outcome.place]

        await _funnel(said, passes, plan, threshold).run(arrivals(), ended)

    run_virtually(main())
    return waits


def _funnel(said: Said, passes: Passes, plan: Plan, threshold: float | None) -> Funnel[int]:
    return Funnel(
        ReplayStages(said, passes, plan, threshold),
        batch=plan.front,
        workers=plan.workers,
        overlap=plan.overlap,
        speculate=plan.speculate,
        clock=asyncio.get_running_loop().time,
    )


def right_of(report: FunnelReport) -> NDArray[np.float64]:
    """Right answers [N], in the order of the questions."""
    return np.array([one.answer == RIGHT for one in report.outcomes], dtype=np.float64)
