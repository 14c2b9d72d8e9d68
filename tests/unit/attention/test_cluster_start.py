"""How SVG2's k-means starts: boxes, samples, and that few rounds keep what many keep."""

from __future__ import annotations

import pytest
import torch
from vidkit_kernels.kmeans import kmeans

from vidkit.attention import AttentionSettings, build_policy
from vidkit.attention.predictors import PlanState, make_predictor
from vidkit.attention.predictors.cluster_start import (
    ClusterStart,
    box_labels,
    first_centroids,
    grid_centroids,
    sample_of,
)
from vidkit.attention.presets import preset
from vidkit.bench.attention.structured import structured
from vidkit.errors import ConfigError
from vidkit.hooks.token_grid import TokenGrid

GRID = TokenGrid(4, 6, 10)
CPU = torch.device("cpu")


@pytest.mark.parametrize(("C", "boxes", "side"), [(240, 240, 1), (100, 30, 2), (16, 16, 3), (1, 1, 10)])
def test_boxes_are_the_smallest_cubes_that_are_few_enough(C: int, boxes: int, side: int) -> None:
    labels = box_labels(GRID, C)
    assert int(labels.max()) + 1 == len(labels.unique()) == boxes
    video = labels.view(4, 6, 10)
    assert (video[:side, :side, :side] == video[0, 0, 0]).all()


def test_centroids_of_a_grid_are_means_of_its_boxes() -> None:
    x = torch.randn(1, 2, GRID.tokens, 8)
    found = grid_centroids(x, 16, GRID, 0, "auto")
    inside = box_labels(GRID, 16) == 5
    torch.testing.assert_close(found[0, 1, 5], x[0, 1, inside].mean(0))


def test_without_a_grid_boxes_are_runs_of_tokens() -> None:
    x = torch.randn(1, 1, 20, 4)
    found = grid_centroids(x, 4, None, 0, "auto")
    torch.testing.assert_close(found[0, 0], x[0, 0].view(4, 5, 4).mean(1))


def test_a_sample_holds_tokens_of_every_part_once_and_follows_its_seed() -> None:
    x = torch.arange(1000.0).view(1, 1, 1000, 1)
    some = sample_of(x, 25, 3).flatten()
    assert len(some) == 200 == len(some.unique()) and (some.diff() > 0).all()
    assert torch.equal(some, sample_of(x, 25, 3).flatten()) and not torch.equal(
        some, sample_of(x, 25, 4).flatten()
    )
    assert sample_of(x, 500, 0) is x


@pytest.mark.parametrize("start", [ClusterStart.sample, ClusterStart.grid])
def test_two_rounds_from_a_better_start_come_near_to_fifty_from_random_tokens(start: ClusterStart) -> None:
    grid = TokenGrid(5, 8, 12)
    q, _, _ = structured(grid, 2, 32, CPU)

    def spread(how: ClusterStart, rounds: int) -> float:
        first = first_centroids(q, 24, how, 0, grid, 8, "auto")
        found = kmeans(q, first, rounds)
        own = found.centroids.gather(2, found.labels.long()[..., None].expand_as(q))
        return float((q - own).square().sum())

    assert spread(start, 2) < 1.08 * spread(ClusterStart.tokens, 50)


@pytest.mark.parametrize("start", list(ClusterStart))
def test_every_start_of_a_full_map_covers_every_pair_once(start: ClusterStart) -> None:
    q, k, _ = structured(GRID, 2, 16, CPU)
    predictor = make_predictor(
        "svg2", block_q=16, block_k=16, query_clusters=6, key_clusters=12, start=str(start)
    )
    state = PlanState(seed=1)
    predictor.refresh(q, k, torch.ones(1, 2), state, None, GRID)
    assert predictor.plan(GRID.tokens, state, GRID).mask().all()


def test_the_presets_start_from_a_sample_and_tables_hold_for_every_start() -> None:
    assert {preset(name).settings["start"] for name in ("svg2", "haste_svg2")} == {"sample"}
    told = [
        build_policy(AttentionSettings("svg2", start=start)).describe()["predictor"] for start in ClusterStart
    ]
    assert told[0] == told[1] == told[2]


def test_an_unknown_start_is_refused_with_the_list() -> None:
    with pytest.raises(ConfigError, match="start='kmeans'") as caught:
        make_predictor("svg2", start="kmeans")
    assert "tokens, grid, sample" in str(caught.value.hint)
