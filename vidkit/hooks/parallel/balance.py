"""Which heads go to which rank, so that all have about the same to do. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, product


def spread(costs: Sequence[float], ranks: int) -> tuple[int, ...]:
    """Heads in order of ranks, as many for each, with the largest load as small as it gets.

    Largest cost first to the least loaded rank that has room, then swaps of one or two heads between the
    fullest rank and others as long as one helps. The same costs give the same order on every rank.

    Args:
        costs: of each head.
        ranks: W, divides the number of heads.

    Returns:
        Numbers of heads: the first H / W are rank 0's.
    """
    room = len(costs) // ranks
    heads: list[list[int]] = [[] for _ in range(ranks)]
    loads = [0.0] * ranks
    for head in sorted(range(len(costs)), key=lambda h: (-costs[h], h)):
        rank = min((r for r in range(ranks) if len(heads[r]) < room), key=lambda r: (loads[r], r))
        heads[rank].append(head)
        loads[rank] += costs[head]
    while _swap(heads, loads, costs):
        pass
    return tuple(head for own in heads for head in sorted(own))


def imbalance(costs: Sequence[float], order: Sequence[int], ranks: int) -> float:
    """How much longer the busiest rank takes than the mean, 0 for equal loads."""
    room = len(costs) // ranks
    loads = [sum(costs[h] for h in order[r * room : (r + 1) * room]) for r in range(ranks)]
    mean = sum(loads) / ranks
    return max(loads) / mean - 1 if mean else 0.0


def _swap(heads: list[list[int]], loads: list[float], costs: Sequence[float]) -> bool:
    """Make the one swap that lowers the largest load of two ranks most; False: none does."""
    full = max(range(len(loads)), key=lambda r: (loads[r], -r))
    for size in (1, 2):  # heads that change places
        best: tuple[float, int, tuple[int, ...], tuple[int, ...]] | None = None
        for other in range(len(loads)):
            if other == full:
                continue
            ours, theirs = (_sets(heads[rank], costs, size) for rank in (full, other))
            for (mine, given), (yours, got) in product(ours, theirs):
                worst = max(loads[full] - given + got, loads[other] + given - got)
                if worst < (loads[full] if best is None else best[0]) * (1 - 1e-9):
                    best = (worst, other, mine, yours)
        if best is not None:
            _, other, mine, yours = best
            moved = sum(costs[h] for h in mine) - sum(costs[h] for h in yours)
            loads[full] -= moved
            loads[other] += moved
            heads[full] = [h for h in heads[full] if h not in mine] + list(yours)
            heads[other] = [h for h in heads[other] if h not in yours] + list(mine)
            return True
    return False


def _sets(heads: Sequence[int], costs: Sequence[float], size: int) -> list[tuple[tuple[int, ...], float]]:
    """Every choice of so many heads, with its cost."""
    return [(some, sum(costs[h] for h in some)) for some in combinations(heads, size)]
