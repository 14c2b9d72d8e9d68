"""When a funnel does not pay: the share of believed queries against the break-even of the times measured."""

from __future__ import annotations

from collections import deque


class Economy:
    """Watches a funnel and says when drafting should stop.

    Believed drafts save the agent's time, screening and drafting cost the front's: it pays while
    (believed / seen) > (front seconds a query) / (agent seconds a query). See `funnel_model`.

    Args:
        break_even: share of believed queries below which it does not pay; None measures it, so that which
            queries were drafted then depends on the times of this run.
        window: queries that count, the last ones, > 0; nothing is said before so many were seen.
        fewest_agents: answers of agents before their time is known.
    """

    def __init__(self, break_even: float | None = None, window: int = 64, fewest_agents: int = 4) -> None:
        if window < 1:
            raise ValueError(f"window must be >= 1, got {window}")
        self.seen = 0
        self._break_even, self._window, self._fewest = break_even, window, fewest_agents
        self._front: deque[tuple[int, int, float]] = deque()
        self._agents: deque[float] = deque(maxlen=window)

    def rule(self) -> str:
        """When drafting stops, in words."""
        return "measured" if self._break_even is None else f"at {self._break_even:g}"

    def agent_took(self, seconds: float) -> None:
        """One agent answered."""
        self._agents.append(seconds)

    def front_took(self, count: int, believed: int, seconds: float) -> str:
        """One batch was screened and drafted; returns the sentence why it should stop, or nothing."""
        self.seen += count
        self._front.append((count, believed, seconds))
        while sum(part[0] for part in self._front) - self._front[0][0] >= self._window:
            self._front.popleft()
        total = sum(part[0] for part in self._front)
        if total < self._window:
            return ""
        share, limit = sum(part[1] for part in self._front) / total, self._break_even
        if limit is None:
            if len(self._agents) < self._fewest:
                return ""
            agent_s = sum(self._agents) / len(self._agents)
            limit = sum(part[2] for part in self._front) / total / agent_s if agent_s > 0 else 1.0
        if share > limit:
            return ""
        return (
            f"drafting stopped after {self.seen} queries: {share:.0%} of the last {total} were"
            f" believed, and it pays above {limit:.0%}"
        )
