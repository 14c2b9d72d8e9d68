"""Metrics of trajectories against values worked out by hand."""

from typing import Any

import numpy as np
import pytest

from vidkit.evaluation.vr_bench import maze_fidelity, trajectory_metrics

SIZE, GOAL = (100, 100), [80, 40, 20, 20]
TRUTH = [(10, 50), (90, 50)]


def test_the_truth_matches_itself() -> None:
    assert trajectory_metrics(TRUTH, TRUTH, GOAL, SIZE) == {"pr": 1.0, "sr": 1.0, "sd": 0.0, "em": 1.0}


def test_a_detour_is_followed_up_to_where_it_leaves() -> None:
    # along the line for half of it, then up by 20, across, and down into the goal
    way = [(10, 50), (50, 50), (50, 30), (90, 30), (90, 50)]
    got = trajectory_metrics(way, TRUTH, GOAL, SIZE, samples=801)
    # after 40 px the way goes up: d px later it is d px above and d px behind, sqrt(2) d > 5 away
    assert got["pr"] == pytest.approx((40 + 5 / 2**0.5) / 80, abs=2 / 801)
    assert got["sd"] == pytest.approx(120 / 80 - 1)
    assert (got["sr"], got["em"]) == (1.0, 0.0)


def test_a_short_cut_has_no_step_deviation() -> None:
    truth = [(10, 50), (10, 10), (90, 10), (90, 50)]
    got = trajectory_metrics(TRUTH, truth, GOAL, SIZE)
    assert got["sr"] == 1.0
    assert got["sd"] is None
    assert got["em"] == 0.0


def test_success_is_touching_the_goal_at_any_time_its_border_included() -> None:
    assert trajectory_metrics([(10, 50), (80, 60), (10, 50)], TRUTH, GOAL, SIZE)["sr"] == 1.0
    assert trajectory_metrics([(10, 50), (79.9, 60)], TRUTH, GOAL, SIZE)["sr"] == 0.0


def test_failure_leaves_the_step_deviation_undefined() -> None:
    assert trajectory_metrics([(10, 50), (40, 50)], TRUTH, GOAL, SIZE)["sd"] is None
    assert trajectory_metrics([(85, 50)], TRUTH, GOAL, SIZE) == {"pr": 0.0, "sr": 1.0, "sd": None, "em": 0.0}


def test_in_sokoban_the_box_has_to_arrive() -> None:
    got = trajectory_metrics(TRUTH, TRUTH, GOAL, SIZE, generated_box=[(30, 50), (60, 50)])
    assert (got["sr"], got["em"], got["pr"]) == (0.0, 0.0, 1.0)
    assert trajectory_metrics(TRUTH, TRUTH, GOAL, SIZE, generated_box=[(30, 50), (90, 50)])["em"] == 1.0


def test_width_and_height_count_alike() -> None:
    wide = trajectory_metrics(
        [(20, 55), (180, 55)], [(20, 50), (180, 50)], [160, 40, 40, 20], (200, 100), eps=0.04
    )
    assert wide["pr"] == 0.0  # 5 of 100 px is more than 0.04
    assert (
        trajectory_metrics(
            [(25, 50), (185, 50)], [(20, 50), (180, 50)], [160, 40, 40, 20], (200, 100), eps=0.04
        )["pr"]
        == 1.0
    )


@pytest.mark.parametrize(
    ("way", "message"),
    [
        ([], "must be points"),
        ([(1, 2, 3)], "must be points"),
        ("abc", "must be points"),
        (None, "must be points"),
        ([(float("nan"), 0)], "not finite"),
    ],
)
def test_arrays_of_another_kind_are_refused(way: list[object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        trajectory_metrics(way, TRUTH, GOAL, SIZE)


@pytest.mark.parametrize(
    "word",
    [
        *({"eps": value} for value in (float("nan"), -0.1, "x", None)),
        *({"samples": value} for value in (0, 1, -2, 1.5, True)),
        *({"goal_box": value} for value in ([1, 2, 3], [1, 2, float("nan"), 4], [1, 2, -3, 4], None, "abcd")),
        *({"size": value} for value in ((96,), (0, 96), (float("nan"), 96), 96, ("a", "b"))),
    ],
)
def test_settings_that_would_score_nothing_are_refused(word: dict[str, Any]) -> None:
    """A limit of NaN has nothing beyond it: all was followed, it would say."""
    given = {"goal_box": GOAL, "size": SIZE} | word
    with pytest.raises(ValueError, match=f"{next(iter(word))} must be"):
        trajectory_metrics(TRUTH, TRUTH, **given)


def test_fidelity_is_the_share_of_pixels_that_stay() -> None:
    first = np.full((40, 40, 3), 100, np.uint8)
    frames = [first.copy() for _ in range(11)]
    for frame in frames[1:]:
        frame[:10] = 200  # a quarter of the picture, away from all boxes
    way = [(30, 30)] * 11
    boxes = ([28, 28, 4, 4], [34, 34, 4, 4])
    seen = 40 * 40 - 16 - 16
    assert maze_fidelity(frames, way, *boxes) == pytest.approx((seen - 400) / seen)
    assert maze_fidelity(frames[:5], way, *boxes) == 0.0
    slight = [frame + np.uint8(5) for frame in frames]
    assert maze_fidelity([first, *slight[1:]], way, *boxes) == pytest.approx((seen - 400) / seen)
