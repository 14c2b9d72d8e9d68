"""A funnel's speed by what is asked: mixes and kinds of questions; engines in turn, several times."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.agents.funnel import FunnelReport
from vidkit.agents.funnel_model import funnel_model
from vidkit.agents.pair.costs import relative_costs
from vidkit.bench.agents.pair_gates import PAPER, Scored, paired_interval
from vidkit.bench.agents.pair_runs import (
    Timed,
    funnel_run,
    gate_of,
    loss_threshold,
    part_of,
    right_of,
    warm_up,
)
from vidkit.errors import ConfigError
from vidkit.synthetic.zoom_scenes.questions import KINDS

_KINDS: Mapping[str, tuple[str, ...]] = {
    "existence": ("existence",),
    "attributes": ("colour", "shape", "letter"),
    "relations": ("relation", "end"),
}
"""Kinds of questions that benchmarks ask: as POPE, and as both halves of V*."""
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Group:
    """Some of the questions, and the drafts its thresholds are calibrated on.

    Attributes:
        name: as printed.
        places: of the questions.
        own: rows of the calibration drafts, asked in the same way.
    """

    name: str
    places: Places
    own: Places


def groups_in(
    asked: Mapping[str, NDArray[np.float64]],
    calibrate: Mapping[str, NDArray[np.float64]],
    shares: Sequence[float],
    subsets: Sequence[str],
    seed: int,
) -> Iterator[Group]:
    """Mixes with these shares of questions that need no zoom, then kinds of questions as they are.

    A name such as `existence .8` is a mix of a kind.

    Args:
        asked: columns `needs` and `kind` of the questions.
        calibrate: the same of the drafts to calibrate on.
        shares: of mixes.
        subsets: names.
        seed: of the choice.
    """
    for share in shares:
        free, own = (mixed(columns["needs"] == 0, share, seed) for columns in (asked, calibrate))
        yield Group(f"{share:g}", free, own)
    for name in subsets:
        kind, _, share_text = name.partition(" ")
        kinds = [KINDS.index(one) for one in _KINDS[kind]]
        chosen = []
        for columns in (asked, calibrate):
            places = np.flatnonzero(np.isin(columns["kind"], kinds))
            if share_text:
                places = places[mixed(columns["needs"][places] == 0, float(share_text), seed)]
            chosen.append(places)
        yield Group(name, chosen[0], chosen[1])


def asked_in(
    needs: Sequence[bool], calibrate: Mapping[str, NDArray[np.float64]], share: float, seed: int
) -> Group:
    """A mix of questions with this share that needs no zoom, and of the drafts to calibrate on.

    Raises:
        ConfigError: too few questions for the mix.
    """
    asked = {"needs": np.array(needs, dtype=float)}
    (group,) = groups_in(asked, calibrate, [share], [], seed)
    if len(group.places) < 2 or len(group.own) < 2:
        raise ConfigError(
            f"pair.mix={share:g} leaves {len(group.places)} of {len(needs)} questions",
            "raise pair.timed and pair.calibrate",
        )
    return group


def rows_of(scored: Scored, rows: Places) -> Scored:
    """Some of the drafts."""
    return Scored(
        {name: values[rows] for name, values in scored.columns.items()},
        {name: values[rows] for name, values in scored.scores.items()},
        scored.blend,
    )


def group_rows(
    timed: Timed, calibrate: Scored, group: Group, gate: str, loss: float, delta: float, rounds: int
) -> Iterator[dict[str, Any]]:
    """The agent one by one, agents in batches, the published funnel and ours on a group, in turn.

    Seconds and processor seconds are medians over the rounds with the least and the most; a speed-up is the
    median of those within a round. The order of the engines turns from round to round.

    Args:
        timed: questions.
        calibrate: drafts.
        group: of questions.
        gate: of ours.
        loss: of both thresholds.
        delta: of both thresholds.
        rounds: how often each engine runs.
    """
    if len(group.places) < 2 or len(group.own) < 2:
        return
    some = part_of(timed, group.places.tolist())
    drafts = rows_of(calibrate, group.own)
    thresholds = {name: loss_threshold(drafts, name, loss, delta) for name in (PAPER, gate)}
    believe = {name: gate_of(name, limit, calibrate) for name, limit in thresholds.items()}
    engines: dict[str, Callable[[], FunnelReport]] = {
        "agent, one by one": lambda: funnel_run(some, None, workers=1, batch=1, speculate=False),
        "agents, batched": lambda: funnel_run(some, None, speculate=False),
        "published": lambda: funnel_run(
            some, believe[PAPER], workers=1, batch=6, screen="small", overlap=False, passes=1
        ),
        f"ours, {gate}": lambda: funnel_run(some, believe[gate]),
    }
    warm_up(some)
    taken = _in_turn(engines, rounds)
    costs = relative_costs(timed.small, timed.large)
    base = right_of(taken["agent, one by one"][0][0], some)
    for name, runs in taken.items():
        row = _row(name, runs, taken["agent, one by one"], some, base, costs)
        limit = thresholds[PAPER] if name == "published" else thresholds[gate]
        yield {
            "group": group.name,
            "free": 1 - float(np.mean(some.needs)),
            "calibrated_on": len(group.own),
            **row,
            "threshold": limit if row["alpha"] is not None else None,
        }


_Run = tuple[FunnelReport, float, float]  # with its seconds and processor seconds


def _in_turn(engines: Mapping[str, Callable[[], FunnelReport]], rounds: int) -> dict[str, list[_Run]]:
    names, taken = list(engines), dict[str, list[_Run]]()
    for number in range(rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            start, processor = time.perf_counter(), time.process_time()
            report = engines[name]()
            run = (report, time.perf_counter() - start, time.process_time() - processor)
            taken.setdefault(name, []).append(run)
    return {name: taken[name] for name in names}


def _row(
    name: str,
    runs: list[_Run],
    serial: list[_Run],
    some: Timed,
    base: NDArray[np.float64],
    costs: tuple[float, float],
) -> dict[str, Any]:
    report = runs[0][0]
    right = right_of(report, some)
    drafted = [one for one in report.outcomes if one.decision is not None]
    alpha = report.alpha if drafted else None
    beta = len(drafted) / len(right)
    low, high = paired_interval(right - base)
    work, most = _arithmetic(report, costs), _arithmetic(serial[0][0], costs)
    row: dict[str, Any] = {
        "engine": name,
        "questions": len(right),
        "rounds": len(runs),
        **_spread("seconds", [run[1] for run in runs]),
        **_spread("processor_s", [run[2] for run in runs]),
        **_spread("speedup", [one[1] / run[1] for one, run in zip(serial, runs, strict=True)]),
        **_spread("speedup_processor", [one[2] / run[2] for one, run in zip(serial, runs, strict=True)]),
        "speedup_arithmetic": most / work,
        "accuracy": float(right.mean()),
        "difference": float((right - base).mean()),
        "difference_low": low,
        "difference_high": high,
        "beta": beta,
        "alpha": alpha,
        "depth": float(np.mean([one.depth for one in report.outcomes if one.by == "agent"] or [0])),
        "ceiling": None,
    }
    if alpha is not None:
        # of one question after another, screens and drafts for nothing
        row["ceiling"] = funnel_model(alpha, beta, 0.0, 0.0, 1.0).ceiling
    return row


def _spread(name: str, values: list[float]) -> dict[str, float]:
    return {name: float(np.median(values)), f"{name}_low": min(values), f"{name}_high": max(values)}


def _arithmetic(report: FunnelReport, costs: tuple[float, float]) -> float:
    """Of a run, in drafts; a screen of the small model is its draft's own look."""
    looks = sum(one.tool_free is not None for one in report.outcomes)
    agents = [one.depth for one in report.outcomes if one.by == "agent"]
    return looks + sum(costs[0] + costs[1] * (depth - 1) for depth in agents if depth)


def mixed(free: NDArray[np.bool_], share: float, seed: int) -> Places:
    """Places of as many questions as there are with `share` of them free, in random order."""
    total = min(int(free.sum() / share), int((~free).sum() / (1 - share)))
    draw, count = np.random.default_rng(seed), round(total * share)
    chosen = [
        draw.permutation(np.flatnonzero(free))[:count],
        draw.permutation(np.flatnonzero(~free))[: total - count],
    ]
    return draw.permutation(np.concatenate(chosen)).astype(np.int64)
