"""Funnels with times that are set, on a clock that jumps: schedules checked exactly and without waiting."""

from __future__ import annotations

import asyncio
import random
import selectors
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from vidkit.agents.funnel import AgentAnswer, Draft
from vidkit.agents.gate import Decision

Result = TypeVar("Result")


class _JumpingSelector(selectors.SelectSelector):
    """Instead of waiting it moves the loop's clock."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("nothing will ever happen: every task waits for another")
            self.now += max(0.0, timeout)
        return ready


class VirtualClockLoop(asyncio.SelectorEventLoop):
    """An event loop in which sleeping takes no time and the clock shows what it would have been."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._jumping.now


def run_virtually(main: Coroutine[Any, Any, Result]) -> Result:
    """Run to the end on a virtual clock (`asyncio.get_running_loop().time()`)."""
    with asyncio.Runner(loop_factory=VirtualClockLoop) as runner:
        return runner.run(main)


@dataclass(frozen=True, slots=True)
class ScriptedQuery:
    """What will happen to a query; `name` is its answer."""

    name: str
    tool_free: bool
    believed: bool


def scripted_queries(count: int, alpha: float, beta: float, seed: int = 0) -> list[ScriptedQuery]:
    """Queries of which exactly the shares (rounded) are tool-free and believed, in random order."""
    free = round(beta * count)
    believed = round(alpha * free)
    found = [ScriptedQuery(f"q{i}", i < free, i < believed) for i in range(count)]
    random.Random(seed).shuffle(found)
    return found


@dataclass
class ScriptedStages:
    """Stages whose calls take set seconds, however many queries a batch holds.

    Attributes:
        screen_s: of a screening call.
        draft_s: of a drafting call.
        agent_s: of one agent.
        jitter: share by which every time is drawn up or down, for random schedules.
        seed: of the jitter.
        most_agents: agents that ever ran at once, counted.
    """

    screen_s: float
    draft_s: float
    agent_s: float
    jitter: float = 0.0
    seed: int = 0
    most_agents: int = 0
    _running: int = 0
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    async def _spend(self, seconds: float) -> None:
        await asyncio.sleep(seconds * (1 + self.jitter * self._random.uniform(-1, 1)))

    async def screen(self, queries: Sequence[ScriptedQuery]) -> list[bool]:
        """Each query's own word."""
        await self._spend(self.screen_s)
        return [query.tool_free for query in queries]

    async def draft(self, queries: Sequence[ScriptedQuery]) -> list[Draft]:
        """Each query's name, believed or not as it says."""
        await self._spend(self.draft_s)
        return [
            Draft(query.name, Decision(query.believed, float(query.believed), "scripted"))
            for query in queries
        ]

    async def agent(self, query: ScriptedQuery) -> AgentAnswer:
        """The query's name with `!`, so that who answered is seen."""
        self._running += 1
        self.most_agents = max(self.most_agents, self._running)
        try:
            await self._spend(self.agent_s)
        finally:
            self._running -= 1
        return AgentAnswer(query.name + "!", depth=3)
