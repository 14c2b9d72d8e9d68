"""One number (tau or budget) set so that a policy reaches a wanted density."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Match:
    """Where the search ended.

    Attributes:
        value: parameter.
        density: density it gave on the tuning clips.
        runs: generations that the search took.
        matched: whether the density is within the tolerance.
    """

    value: float
    density: float
    runs: int
    matched: bool


def match_density(
    density: Callable[[float], float],
    start: float,
    target: float,
    slope: float,
    low: float,
    high: float,
    tolerance: float = 0.005,
    max_runs: int = 7,
) -> Match:
    """Search by false position, bracketed as soon as both sides were seen.

    Args:
        density: runs the policy with a value and tells the density; monotone up to noise.
        start: first value.
        target: wanted density.
        slope: guess of d density / d value, for the second value.
        low: least value allowed.
        high: largest value allowed.
        tolerance: of the density.
        max_runs: calls of `density` at most; the nearest value is returned.
    """
    seen: list[tuple[float, float]] = []
    value = min(max(start, low), high)
    while len(seen) < max_runs:
        found = density(value)
        seen.append((value, found))
        if abs(found - target) <= tolerance:
            break
        following = _next(seen, target, slope, low, high)
        if any(abs(following - x) < 1e-6 for x, _ in seen):
            break
        value = following
    value, found = min(seen, key=lambda pair: abs(pair[1] - target))
    return Match(value, found, len(seen), abs(found - target) <= tolerance)


def _next(seen: list[tuple[float, float]], target: float, slope: float, low: float, high: float) -> float:
    below = [p for p in seen if p[1] < target]
    above = [p for p in seen if p[1] >= target]
    if below and above:
        a, b = max(below, key=lambda p: p[1]), min(above, key=lambda p: p[1])
        share = (target - a[1]) / (b[1] - a[1]) if b[1] > a[1] else 0.5
        share = min(max(share, 0.1), 0.9)  # false position alone may creep along one side
        return a[0] + share * (b[0] - a[0])
    value, found = min(seen, key=lambda p: abs(p[1] - target))
    # a little further than the guess says, so that the other side is seen soon
    return min(max(value + 1.3 * (target - found) / slope, low), high)
