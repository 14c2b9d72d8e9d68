"""A policy for a share of the FLOPs: its one knob is turned until it executes that much."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vidkit.caching.context import BlockContext
from vidkit.caching.decision import Kind
from vidkit.caching.policies.base import CachePolicy
from vidkit.errors import ConfigError
from vidkit.hooks.token_grid import TokenGrid

TRIES = 10
LOOSEST = 1e6  # a threshold that nothing reaches
CLOSE = 0.01  # of the target, in share of FLOPs
ROUNDING = 0.002  # whole steps are not given up for what embedding and head cost

Make = Callable[..., CachePolicy]
Measure = Callable[[CachePolicy], float]


@dataclass(frozen=True)
class Found:
    """What a target came to.

    Attributes:
        policy: with its knob set.
        knob: name of the setting.
        value: of it.
        share: of the FLOPs that it executes, as planned or as last measured.
        runs: loops that were run to find out.
    """

    policy: CachePolicy
    knob: str
    value: float
    share: float
    runs: int


def knob_of(policy: CachePolicy) -> str | None:
    """The setting that decides how much is computed; None: there is none."""
    names = {field.name for field in dataclasses.fields(policy.cfg)} if policy.cfg is not None else set()
    if "full" in names and getattr(policy.cfg, "full_every", None) is None:
        return "full"
    if "share" in names:
        return "share"
    return next((name for name in ("threshold", "every") if name in names), None)


def planned_share(policy: CachePolicy, steps: int, ends: float = 0.0) -> float | None:
    """Share of the FLOPs that a policy will execute, where that does not depend on the content.

    Args:
        policy: `interval`, `taylor`, `fewer_steps`, or `change` without a threshold.
        steps: N.
        ends: share of a forward's FLOPs outside the layers, which every step executes.
    """
    knob = knob_of(policy)
    if policy.changes_steps:
        return policy.loop_steps(steps) / steps
    if knob is None or getattr(policy.cfg, "threshold", None) is not None:
        return 1.0 if knob is None else None
    computed = sum(_computed(policy, step, steps) for step in range(steps)) / steps
    return ends + (1 - ends) * computed


def _computed(policy: CachePolicy, step: int, steps: int) -> float:
    """Share of the tokens that a step computes, asked of the policy's own schedule."""
    ctx = BlockContext("cond", 0, step, steps, 1.0, TokenGrid(1, 1, 1))
    kind = policy.scheduled(ctx)
    if kind is Kind.TOKENS:
        return float(getattr(policy.cfg, "share", 1.0))
    return 1.0 if kind is Kind.FULL else 0.0


def for_target(
    make: Make,
    settings: dict[str, Any],
    target: float,
    steps: int,
    measure: Measure,
    ends: float = 0.0,
) -> Found:
    """The policy whose executed share of FLOPs is nearest to a target, from below where it can be.

    Args:
        make: makes a policy of settings.
        settings: those that are given; the knob's own is not used.
        target: share, (0, 1].
        steps: N.
        measure: runs the loop with a policy and gives its share, for policies that depend on the content.
        ends: share of a forward's FLOPs outside the layers.

    Raises:
        ConfigError: no setting of the policy reaches so low; the message says its floor.
    """
    first = make(**settings)
    knob = knob_of(first)
    if knob is None:
        raise ConfigError(f"'{first.name}' has nothing to set for target_flops", "choose another policy")
    if knob in ("every", "full") or first.changes_steps:
        return _listed(make, settings, target, steps, ends, knob)
    runs = 0

    def share_of(value: float) -> tuple[CachePolicy, float]:
        nonlocal runs
        made = make(**{**settings, knob: value})
        planned = planned_share(made, steps, ends)
        runs += planned is None
        return made, measure(made) if planned is None else planned

    low, high = (1e-9, 1.0) if knob == "share" else (0.0, LOOSEST)
    floor_at = low if knob == "share" else high
    _, floor = share_of(floor_at)
    if target < floor - 1e-6:
        raise _below(first.name, target, floor)
    return _bisected(share_of, knob, target, floor_at, lambda: runs)


def _bisected(
    share_of: Callable[[float], tuple[CachePolicy, float]],
    knob: str,
    target: float,
    floor_at: float,
    runs: Callable[[], int],
) -> Found:
    """A share grows with its FLOPs, a threshold shrinks them; thresholds are searched by magnitude."""
    rising = knob == "share"
    low, high = (0.0, 1.0) if rising else (1e-6, floor_at)
    best: Found | None = None
    for _ in range(40 if rising else TRIES + 8):
        middle = (low + high) / 2 if rising else (low * high) ** 0.5
        policy, share = share_of(middle)
        if best is None or abs(share - target) < abs(best.share - target):
            best = Found(policy, knob, middle, share, runs())
        if abs(share - target) <= (1e-4 if rising else CLOSE):
            break
        if (share > target) == rising:
            high = middle
        else:
            low = middle
    assert best is not None
    return dataclasses.replace(best, runs=runs())


def _listed(make: Make, settings: dict[str, Any], target: float, steps: int, ends: float, knob: str) -> Found:
    """Whole numbers: all of them are looked at."""
    values: list[float] = [float(n) / steps for n in range(1, steps + 1)]
    if knob == "every":
        values = list(range(1, steps + 1))
    best: Found | None = None
    floor = 1.0
    for value in values:
        made = make(**{**settings, knob: int(value) if knob == "every" else value})
        share = planned_share(made, steps, ends)
        assert share is not None
        floor = min(floor, share)
        fits = share <= target + ROUNDING
        if fits and (best is None or share > best.share):
            best = Found(made, knob, value, share, 0)
    if best is None:
        raise _below(make(**settings).name, target, floor)
    return best


def _below(name: str, target: float, floor: float) -> ConfigError:
    return ConfigError(
        f"target_flops={target:g} is below what '{name}' must compute: {floor:.3f}"
        " of the FLOPs with warm-up and forced steps",
        f"ask for {floor:.3f} or more, run more steps, or shorten its warm-up",
    )
