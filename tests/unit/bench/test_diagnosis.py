"""Masks against drift: figures that can be told by hand."""

import pytest
import torch

from vidkit.attention.predictors import PlanState, make_predictor
from vidkit.bench.attention_quality import WatchingPredictor, diagnosis_of
from vidkit.hooks.token_grid import TokenGrid


def qk(seed, B=1, H=2, N=64, D=8):
    g = torch.Generator().manual_seed(seed)
    return torch.randn(B, H, N, D, generator=g), torch.randn(B, H, N, D, generator=g)


def watch(calls, tau=0.6):
    predictor = WatchingPredictor(make_predictor("xattention", block_q=8, block_k=8, stride=4))
    state, grid = PlanState(), TokenGrid(4, 4, 4)
    for q, k in calls:
        predictor.refresh(q, k, torch.full((1, 2), tau), state, None, grid)
    return predictor


def test_the_same_q_and_k_have_the_same_mask_and_no_drift():
    steps = diagnosis_of(watch([qk(0), qk(0)]).rows)["steps"]
    assert [step["call"] for step in steps] == [0, 1]
    assert steps[1]["iou_last"] == steps[1]["iou_first"] == 1.0
    assert steps[1]["drift_last"] == 0 and steps[1]["kept_last"] == steps[1]["kept_fresh"]


def test_old_masks_keep_less_and_drift_counts_from_each():
    a, b = qk(0), qk(1)
    found = diagnosis_of(watch([a, b, a]).rows)
    one, two = found["steps"][1], found["steps"][2]
    assert 0 < one["iou_last"] < 1 and one["kept_last"] < one["kept_fresh"]
    assert two["iou_first"] == 1.0 and two["drift_first"] == 0 < two["drift_last"]
    moved = sum((x.mean(2) - y.mean(2)).abs().sum(-1) for x, y in zip(b, a, strict=True)).mean()
    assert one["drift_last"] == pytest.approx(moved.item(), rel=1e-5)
    # no drift and the same mask at one step, drift and another mask at the other
    assert found["spearman_first"] < 0


def test_figures_of_a_full_mask():
    row = diagnosis_of(watch([qk(3)], tau=1.0).rows)
    assert row["steps"][0]["kept_fresh"] == pytest.approx(1.0) and row["steps"][0]["density_fresh"] == 1.0
    assert row["spearman_last"] is None


def test_it_stands_for_the_predictor_it_watches():
    inner = make_predictor("svg2", query_clusters=2, key_clusters=3)
    watched = WatchingPredictor(inner)
    assert watched.name == "svg2" and watched.uses_age and watched.describe() == inner.describe()
