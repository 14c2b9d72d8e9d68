"""Where whole steps are worth most: the best of all schedules with a given number of them, found exactly.

Between two computed steps a and b, velocities follow the line through those of a and of the computed step p
before it. What that gets wrong reaches the latents as

    E(p, a, b) = | sum over n = a+1 .. b-1 of (sigma_n - sigma_n+1) (line(p, a, n) - v_n) |^2

which is a quadratic form of the velocities' inner products, measured once for a model (`VelocityTable`).
Errors made early grow: at pure noise one counts `early` dB more than at the end. The sum of all gaps is least
for one set of steps, and since a gap depends on p, a and b alone, dynamic programming over (p, a) finds it.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LONGEST = 4  # gaps, in mean ones


def placed_steps(
    levels: tuple[float, ...],
    count: int,
    table: tuple[tuple[float, ...], tuple[tuple[float, ...], ...]],
    early: float = 0.0,
    held: bool = False,
) -> tuple[int, ...]:
    """Steps to compute, the first one among them, rising.

    Args:
        levels: noise level before each of the N steps, and after the last one: N + 1 falling numbers.
        count: steps to compute, 1..N.
        table: noise levels, falling, and the inner products of the velocities there, as measured.
        early: dB by which an error at pure noise counts more than one at the end.
        held: velocities keep their value between computed steps, instead of following the line.
    """
    steps = len(levels) - 1
    count = max(1, count)
    if count >= steps:
        return tuple(range(steps))
    if steps <= len(table[0]):
        return _placed(levels, count, table, early, held)
    if count >= len(table[0]):
        return even_steps(steps, count)
    # between measured levels there is nothing that bends: placed among those, then the nearest of the many
    own = (*table[0], min(levels[-1], table[0][-1]))
    at = np.asarray([table[0][n] for n in _placed(own, count, table, early, held)])
    nearest = np.abs(np.asarray(levels[:-1])[None] - at[:, None]).argmin(1).tolist()
    found = [0]
    for number, step in enumerate(nearest[1:], 1):  # never two of them on one step
        found.append(min(max(step, found[-1] + 1), steps - count + number))
    return tuple(found)


@functools.lru_cache(maxsize=64)
def _placed(
    levels: tuple[float, ...],
    count: int,
    table: tuple[tuple[float, ...], tuple[tuple[float, ...], ...]],
    early: float,
    held: bool,
) -> tuple[int, ...]:
    steps = len(levels) - 1
    longest = min(steps, max(8, math.ceil(LONGEST * steps / count)))
    between = _at(np.asarray(levels[:-1]), np.asarray(table[0]))
    gram = between @ np.asarray(table[1]) @ between.T
    costs = _gap_costs(np.asarray(levels), gram, longest, held)
    costs *= 10 ** (early / 10 * np.asarray(levels[:-1]))[:, None, None]
    return _cheapest(costs, count)


def _at(levels: Array, measured: Array) -> Array:
    """Each level as a mix of the two measured ones beside it, `[N, M]`."""
    rising = measured[::-1]
    upper = np.clip(np.searchsorted(rising, levels), 1, len(rising) - 1)
    share = np.clip((levels - rising[upper - 1]) / (rising[upper] - rising[upper - 1]), 0, 1)
    mix = np.zeros((len(levels), len(measured)))
    rows, last = np.arange(len(levels)), len(measured) - 1
    mix[rows, last - upper] += share
    mix[rows, last - upper + 1] += 1 - share
    return mix


def _gap_costs(levels: Array, gram: Array, longest: int, held: bool) -> Array:
    """Cost of the gap after step a, `[a, a - p, b - a]`; a - p = 0 where there is no step before a."""
    steps = len(levels) - 1
    costs = np.full((steps, longest + 1, longest + 1), np.inf)
    for a in range(steps):
        ends = min(longest, steps - a)
        for before in range(0 if a == 0 else 1, min(longest, a) + 1):
            costs[a, before, 1 : ends + 1] = _gap(levels, gram, a, before, ends, held)
    return costs


def _gap(levels: Array, gram: Array, a: int, before: int, ends: int, held: bool) -> Array:
    """Of one pair (a - before, a): costs of reaching the next computed step after 1 .. `ends` steps."""
    p = a - before
    skipped = np.arange(a + 1, a + ends)
    lengths = levels[skipped] - levels[skipped + 1]
    wrong = np.zeros((ends, a + ends - p))  # rows: gaps; columns: steps p, p+1, ..
    ahead = np.zeros(len(skipped))
    if before and not held:
        ahead = (levels[skipped] - levels[a]) / min(levels[a] - levels[p], -1e-9)
    wrong[1:, 0] -= np.cumsum(lengths * ahead)
    wrong[1:, a - p] += np.cumsum(lengths * (1 + ahead))
    for row, step in enumerate(skipped, 1):
        wrong[row:, step - p] -= lengths[row - 1]
    part = gram[p : a + ends, p : a + ends]
    cost: Array = np.einsum("ri,ij,rj->r", wrong, part, wrong).clip(0)
    return cost


def _cheapest(costs: Array, count: int) -> tuple[int, ...]:
    """Least sum of costs of `count` computed steps, of which step 0 is the first."""
    steps, wide = costs.shape[0], costs.shape[1]
    best = np.full((steps, wide), np.inf)
    best[0, 0] = 0.0
    chosen: list[NDArray[np.int64]] = []
    for _ in range(count - 1):
        sums = best[:, :, None] + costs
        before = sums.argmin(1)
        least = sums.min(1)
        best, back = np.full((steps, wide), np.inf), np.zeros((steps, wide), dtype=np.int64)
        for gap in range(1, min(wide, steps)):
            best[gap:, gap] = least[: steps - gap, gap]
            back[gap:, gap] = before[: steps - gap, gap]
        chosen.append(back)
    to_end = np.full((steps, wide), np.inf)
    for step in range(max(0, steps - wide + 1), steps):
        to_end[step] = costs[step, :, steps - step]
    last, before = np.unravel_index(np.argmin(best + to_end), best.shape)
    return _traced(int(last), int(before), chosen)


def _traced(step: int, before: int, chosen: list[NDArray[np.int64]]) -> tuple[int, ...]:
    found = [step]
    for back in reversed(chosen):
        step, before = step - before, int(back[step, before])
        found.append(step)
    return tuple(reversed(found))


def even_steps(steps: int, count: int) -> tuple[int, ...]:
    """Evenly spaced ones with the first and the last, for loops whose noise levels are not known."""
    if count <= 1:
        return (0,)
    return tuple(sorted({round(n * (steps - 1) / (count - 1)) for n in range(count)}))
