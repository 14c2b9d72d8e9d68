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
    stream_s: float,
) -> Iterator[dict[str, Any]]:
    """Latency under Poisson arrivals, at shares of what the batched agents can do at most.

    Args:
        timed: questions.
        calibrate: drafts for the gate's threshold.
        gate: its name.
        loss: of the threshold.
        delta: of the threshold.
        loads: for the agents and the funnel.
        faster: further ones for the funnel alone; after two that are slower than the agents ever are, the
            rest is left out.
        seed: of the arrivals.
        stream_s: seconds of a stream at least; questions come again where there are too few.
    """
    warm_up(timed)
    most = _capacity(timed, stream_s)
    believe = gate_of(gate, loss_threshold(calibrate, gate, loss, delta), calibrate)
    agents: list[dict[str, Any]] = []
    funnel: list[dict[str, Any]] = []
    for load in loads:
        agents.append({"load": load} | _arriving(timed, None, load * most, seed, stream_s))
        yield agents[-1]
    slowest, over = max(row["p99_s"] for row in agents), 0
    for load in sorted({*loads, *faster}):
        funnel.append({"load": load} | _arriving(timed, believe, load * most, seed, stream_s))
        yield funnel[-1]
        over += funnel[-1]["p99_s"] > slowest
        if over == 2:
            break
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


def _capacity(timed: Timed, stream_s: float) -> float:
    """Questions a second that the batched agents answer when there is always work."""
    first = funnel_run(timed, None, speculate=False)
    count = max(timed.count, int(timed.count / first.seconds * stream_s))
    return count / funnel_run(timed, None, speculate=False, count=count).seconds


def _arriving(timed: Timed, gate: Gate | None, rate: float, seed: int, stream_s: float) -> dict[str, Any]:
    count = max(timed.count, int(rate * stream_s))
    draw, due, waits = random.Random(seed), [0.0] * count, [0.0] * count

    async def arrivals() -> AsyncIterator[int]:
        moment = time.monotonic()
        for place in range(count):
            moment += draw.expovariate(rate)
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
        "per_second": rate,
        "questions": count,
        "answered_per_second": count / report.seconds,
        "believed": sum(one.by == "draft" for one in report.outcomes) / count,
        "accuracy": float(right_of(report, timed).mean()),
    }
    return row | {f"p{share}_s": float(np.percentile(waits, share)) for share in (50, 95, 99)}
