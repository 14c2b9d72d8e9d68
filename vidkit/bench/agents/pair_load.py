"""The embedded pair under Poisson load: what the funnel can take at the latency the batched agents have."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import numpy as np

from vidkit.agents.pair.stages import Gate
from vidkit.bench.agents.pair_gates import Scored
from vidkit.bench.agents.pair_runs import Timed, funnel_run, gate_of, loss_threshold, right_of, warm_up


def load_rows(
    timed: Timed,
    calibrate: Scored,
    gate: str,
    loss: float,
    delta: float,
    loads: Sequence[float],
    faster: Sequence[float],
    seed: int,
) -> Iterator[dict[str, Any]]:
    """Latency under Poisson arrivals, at shares of what the batched agents can do at most.

    Args:
        timed: questions.
        calibrate: drafts for the gate's threshold.
        gate: its name.
        loss: of the threshold.
        delta: of the threshold.
        loads: for the agents and the funnel.
        faster: further ones for the funnel alone.
        seed: of the arrivals.
    """
    warm_up(timed)
    most = timed.count / funnel_run(timed, None, speculate=False).seconds
    believe = gate_of(gate, loss_threshold(calibrate, gate, loss, delta), calibrate)
    agents: list[dict[str, Any]] = []
    funnel: list[dict[str, Any]] = []
    for load in loads:
        agents.append(_arriving(timed, None, load, most, seed))
        yield agents[-1]
    for load in sorted({*loads, *faster}):
        funnel.append(_arriving(timed, believe, load, most, seed))
        yield funnel[-1]
    for row in agents:
        fits = [one["load"] for one in funnel if one["p99_s"] <= row["p99_s"]]
        best = max(fits, default=None)
        yield {
            "engine": "funnel at the agents' p99",
            "load": best,
            "per_second": None if best is None else best * most,
            "p99_s": row["p99_s"],
            "times_the_agents": None if best is None else best / row["load"],
        }


def _arriving(timed: Timed, gate: Gate | None, load: float, most: float, seed: int) -> dict[str, Any]:
    draw, due, waits = random.Random(seed), [0.0] * timed.count, [0.0] * timed.count

    async def arrivals() -> AsyncIterator[int]:
        moment = time.monotonic()
        for place in range(timed.count):
            moment += draw.expovariate(load * most)
            due[place] = moment
            if (early := moment - time.monotonic()) > 0:
                await asyncio.sleep(early)
            yield place

    def ended(outcome: Any) -> None:
        # from when it was due, so that a full queue hides nothing
        waits[outcome.place] = time.monotonic() - due[outcome.place]

    report = funnel_run(timed, gate, speculate=gate is not None, arrivals=arrivals, on_outcome=ended)
    row: dict[str, Any] = {
        "engine": "agents, batched" if gate is None else "funnel",
        "load": load,
        "per_second": load * most,
        "answered_per_second": timed.count / report.seconds,
        "accuracy": float(right_of(report, timed).mean()),
    }
    return row | {f"p{share}_s": float(np.percentile(waits, share)) for share in (50, 95, 99)}
