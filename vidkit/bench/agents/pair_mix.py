"""How a funnel's speed depends on the share of questions that need no tool: the same pair on other mixes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.bench.agents.pair_gates import Scored
from vidkit.bench.agents.pair_runs import (
    Timed,
    funnel_run,
    gate_of,
    loss_threshold,
    part_of,
    right_of,
    run_row,
)


def mix_rows(
    timed: Timed,
    calibrate: Scored,
    gate: str,
    loss: float,
    delta: float,
    shares: Sequence[float],
    seed: int,
) -> Iterator[dict[str, Any]]:
    """The agent one by one, agents in batches and the funnel, on as many questions of every mix as there are.

    Args:
        timed: questions.
        calibrate: drafts for the threshold; it is calibrated on the same mix.
        gate: its name.
        loss: of the threshold.
        delta: of the threshold.
        shares: of questions that need no zoom.
        seed: of the choice of questions.
    """
    for share in shares:
        places = mixed(~np.array(timed.needs), share, seed)
        own = mixed(calibrate.columns["needs"] == 0, share, seed)
        if len(places) < 2 or len(own) < 2:
            continue
        some = part_of(timed, places.tolist())
        columns = {name: values[own] for name, values in calibrate.columns.items()}
        scores = {name: values[own] for name, values in calibrate.scores.items()}
        drafts = Scored(columns, scores, calibrate.blend)
        believe = gate_of(gate, loss_threshold(drafts, gate, loss, delta), calibrate)
        serial = funnel_run(some, None, workers=1, batch=1, speculate=False)
        base = right_of(serial, some)
        for name, report in (
            ("agent, one by one", serial),
            ("agents, batched", funnel_run(some, None, speculate=False)),
            (f"ours, {gate}", funnel_run(some, believe)),
        ):
            yield {**run_row(name, report, some, base, serial.seconds), "mix": share}


def mixed(free: NDArray[np.bool_], share: float, seed: int) -> NDArray[np.int64]:
    """Places of as many questions as there are with `share` of them free, in random order."""
    total = min(int(free.sum() / share), int((~free).sum() / (1 - share)))
    draw, count = np.random.default_rng(seed), round(total * share)
    chosen = [
        draw.permutation(np.flatnonzero(free))[:count],
        draw.permutation(np.flatnonzero(~free))[: total - count],
    ]
    return draw.permutation(np.concatenate(chosen)).astype(np.int64)
