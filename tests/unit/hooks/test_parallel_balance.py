"""Heads given to ranks by what they cost."""

from itertools import combinations

import numpy as np
import pytest

from vidkit.hooks.parallel.balance import imbalance, spread


def test_every_rank_gets_as_many_heads_and_each_head_one_rank() -> None:
    order = spread([0.1 * n for n in range(12)], 4)
    assert sorted(order) == list(range(12))


def test_equal_heads_stay_where_they_are() -> None:
    assert spread([1.0] * 8, 2) == (0, 2, 4, 6, 1, 3, 5, 7)
    assert imbalance([1.0] * 8, spread([1.0] * 8, 2), 2) == 0


def test_imbalance_is_the_busiest_rank_over_the_mean() -> None:
    assert imbalance([3, 1, 1, 1], (0, 1, 2, 3), 2) == pytest.approx(4 / 3 - 1)
    assert imbalance([0, 0], (0, 1), 2) == 0


@pytest.mark.parametrize("seed", range(20))
def test_two_ranks_are_nearly_as_even_as_can_be(seed: int) -> None:
    costs = np.random.default_rng(seed).uniform(0.1, 1, 8).tolist()
    best = min(
        imbalance(costs, (*half, *(h for h in range(8) if h not in half)), 2)
        for half in combinations(range(8), 4)
    )
    assert imbalance(costs, spread(costs, 2), 2) <= best + 0.02


def test_the_order_depends_on_costs_alone() -> None:
    costs = np.random.default_rng(1).uniform(0.1, 1, 40).tolist()
    assert spread(costs, 8) == spread(list(costs), 8)
    assert imbalance(costs, spread(costs, 8), 8) < imbalance(costs, tuple(range(40)), 8)
