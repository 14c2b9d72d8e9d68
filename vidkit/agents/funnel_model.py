"""Latency and throughput that a speculative funnel can reach, from its shares and times.

Screening costs c_J a query, a draft c_S, the agent L_A. A share beta is screened as needing no tool, of
those a share alpha is believed:

    E[L]       = c_J + beta c_S + (1 - beta alpha) L_A
    speedup    = L_A / E[L] <= 1 / (1 - beta alpha)
    break-even : beta alpha > (c_J + beta c_S) / L_A
    interval   = max((c_J + beta c_S) / b, (1 - beta alpha) L_A / w)

The last line is the steady time a query when the front (batches of b that take as long as one) and w
agent workers overlap: no schedule is faster. It agrees with the complexity the paper gives (arXiv
2603.23483).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from vidkit.agents.separability import real_number, whole_number


@dataclass(frozen=True, slots=True)
class FunnelEstimate:
    """What the model says.

    Attributes:
        expected_latency: E[L], seconds a query handled alone.
        speedup: L_A / E[L], times as fast as the agent alone, one query after another.
        ceiling: 1 / (1 - beta alpha), the speedup if screen and drafts cost nothing; infinite where all
            is believed.
        break_even: share beta alpha above which the funnel is faster than the agent.
        interval: steady seconds a query when the front and the workers overlap.
    """

    expected_latency: float
    speedup: float
    ceiling: float
    break_even: float
    interval: float

    @property
    def throughput(self) -> float:
        """Queries per second, at most."""
        return math.inf if self.interval == 0 else 1 / self.interval


def funnel_model(
    alpha: float,
    beta: float,
    screen_s: float,
    draft_s: float,
    agent_s: float,
    workers: int = 1,
    batch: int = 1,
) -> FunnelEstimate:
    """Speed of a funnel.

    Args:
        alpha: share of drafts that the gate believes, 0 to 1.
        beta: share of queries screened as needing no tool, 0 to 1.
        screen_s: seconds of one screening, >= 0.
        draft_s: seconds of one draft, >= 0.
        agent_s: seconds of the agent's whole loop, > 0.
        workers: agent loops side by side, >= 1.
        batch: queries that are screened and drafted in one call, >= 1.

    Raises:
        ValueError: a value out of range.
    """
    alpha, beta = real_number("alpha", alpha), real_number("beta", beta)
    screen_s, draft_s = real_number("screen_s", screen_s), real_number("draft_s", draft_s)
    agent_s = real_number("agent_s", agent_s)
    for name, share in (("alpha", alpha), ("beta", beta)):
        if not 0 <= share <= 1:
            raise ValueError(f"{name} must be between 0 and 1, got {share}")
    for name, seconds in (("screen_s", screen_s), ("draft_s", draft_s)):
        if not 0 <= seconds < math.inf:
            raise ValueError(f"{name} must be >= 0 seconds, got {seconds}")
    if not 0 < agent_s < math.inf:
        raise ValueError(f"agent_s must be > 0 seconds, got {agent_s}")
    workers, batch = whole_number("workers", workers, 1), whole_number("batch", batch, 1)
    front, rest = screen_s + beta * draft_s, (1 - beta * alpha) * agent_s
    return FunnelEstimate(
        expected_latency=front + rest,
        speedup=math.inf if front + rest == 0 else agent_s / (front + rest),
        ceiling=math.inf if rest == 0 else agent_s / rest,
        break_even=front / agent_s,
        interval=max(front / batch, rest / workers),
    )
