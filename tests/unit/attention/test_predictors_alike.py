"""Every predictor alike: a threshold of 1 is dense, and the rows of a batch do not know of each other."""

import pytest
import torch

from vidkit.attention import TokenGrid, predict_mask
from vidkit.attention.predictors import PREDICTORS, PlanState, make_predictor

PARAMETERS = {
    "xattention": {"stride": 4},
    "svg2": {"query_clusters": 5, "key_clusters": 9},
    "svg1": {},
    "pooled_mean": {},
    "exact_mass": {},
}


def small_case(batch):
    grid = TokenGrid(5, 6, 6)
    q, k, v = (
        torch.randn(batch, 3, grid.tokens, 16, generator=torch.Generator().manual_seed(n)) for n in range(3)
    )
    return grid, q, k, v


@pytest.mark.parametrize("name", PREDICTORS)
def test_a_threshold_of_1_is_dense_with_every_predictor(name):
    grid, q, k, v = small_case(2)
    cut = {"grid": grid, "v": v, "block_q": 16, "block_k": 16, **PARAMETERS[name]}
    for scale in (1.0, 30.0):  # sharp softmax: most mass in few blocks
        for tau in (1, torch.ones(3), torch.ones(2, 3)):
            plan = predict_mask(name, q * scale, k * scale, tau, **cut)
            assert plan.density == plan.block_density == 1 and bool(plan.token_mask().all())
    mixed = predict_mask(name, q, k, torch.tensor([1.0, 0.3, 1.0]), **cut)
    assert mixed.head_density[:, 0].eq(1).all() and mixed.head_density[:, 2].eq(1).all()
    assert mixed.head_density[:, 1].lt(1).all() or name == "svg2"


@pytest.mark.parametrize("name", PREDICTORS)
def test_a_batch_of_two_is_two_single_runs(name):
    grid, q, k, v = small_case(2)
    predictor = make_predictor(name, block_q=16, block_k=16, **PARAMETERS[name])

    def plans(rows):
        """A first mask, and one from what the first left."""
        state, found = PlanState(seed=3, values=v[rows]), []
        for scale in (1.0, 1.3):
            x, y = q[rows] * scale, k[rows].roll(int(scale), 2)
            predictor.refresh(x, y, torch.full(x.shape[:2], 0.5), state, None, grid)
            found.append(predictor.plan(grid.tokens, state, grid).token_mask())
        return torch.stack(found)

    both = plans(slice(0, 2))
    for row in range(2):
        assert torch.equal(plans(slice(row, row + 1)), both[:, row : row + 1])
