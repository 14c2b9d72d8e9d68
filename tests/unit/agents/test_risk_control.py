"""Thresholds with a guarantee: it holds on fresh data, and none is given where none can be."""

import math

import numpy as np
import pytest

from vidkit.agents import calibrate_threshold
from vidkit.agents.risk_control import conformal_threshold, error_bound, fewest_accepted, within_risk


def drafts(rng: np.random.Generator, count: int):
    scores = rng.beta(4, 1, count)
    return scores, rng.random(count) < 1 - 0.5 * (1 - scores)  # right more often with a higher score


def test_bound_by_hand() -> None:
    assert error_bound(0, 59, 0.05) == pytest.approx(1 - 0.05 ** (1 / 59))
    assert error_bound(3, 3, 0.05) == 1
    assert fewest_accepted(0.05, 0.05) == 59


def test_bounds_of_arrays_are_those_of_one() -> None:
    rng = np.random.default_rng(3)
    count = rng.integers(1, 300, 400)
    wrong = np.minimum(count, rng.binomial(count, 0.05))
    expected = [error_bound(int(w), int(n), 0.03) <= 0.1 for w, n in zip(wrong, count, strict=True)]
    assert within_risk(wrong, count, 0.1, 0.03).tolist() == expected


def test_accepted_drafts_are_wrong_no_more_often_than_the_risk() -> None:
    rng = np.random.default_rng(0)
    fresh_scores, fresh_right = drafts(rng, 200_000)
    kept = 0
    for _ in range(200):
        threshold = calibrate_threshold(*drafts(rng, 600), risk=0.1, delta=0.1)
        if threshold is None or not (taken := fresh_scores > threshold).any():
            kept += 1
        else:
            kept += (~fresh_right[taken]).mean() <= 0.1
    assert kept >= 0.9 * 200 - 3 * math.sqrt(200 * 0.09)


def test_a_threshold_that_believes_as_many_as_the_risk_allows() -> None:
    rng = np.random.default_rng(1)
    scores, right = drafts(rng, 20_000)
    threshold = calibrate_threshold(scores, right, risk=0.08, delta=0.05)
    assert threshold is not None
    wrong = (~right[scores > threshold]).mean()
    assert 0.07 < wrong <= 0.08


def test_enough_right_drafts_pass_and_one_fewer_does_not() -> None:
    assert calibrate_threshold(np.full(59, 0.9), np.ones(59), risk=0.05, delta=0.05) is not None
    assert calibrate_threshold(np.full(58, 0.9), np.ones(58), risk=0.05, delta=0.05) is None


def test_scores_of_any_size_and_drafts_without_one() -> None:
    rng = np.random.default_rng(2)
    margins = rng.exponential(3, 3000)
    right = rng.random(3000) < 1 - 0.5 * np.exp(-margins)
    threshold = calibrate_threshold(margins, right, risk=0.05, delta=0.05)
    assert threshold is not None and 1 < threshold < 6
    with_gaps = np.concatenate([margins, np.full(500, math.nan)])
    assert calibrate_threshold(with_gaps, np.concatenate([right, np.zeros(500)]), 0.05, 0.05) == threshold


def test_conformal_thresholds_keep_the_share_of_wrong_answers_on_average() -> None:
    rng, shares = np.random.default_rng(4), []
    fresh_scores, fresh_right = drafts(rng, 100_000)
    for _ in range(300):
        threshold = conformal_threshold(*drafts(rng, 200), risk=0.05)
        assert threshold is not None
        shares.append(((fresh_scores > threshold) & ~fresh_right).mean())
    assert 0.04 < np.mean(shares) <= 0.05 + 3 * np.std(shares) / math.sqrt(300)


def test_conformal_thresholds_by_hand() -> None:
    scores, right = [0.9, 0.8, 0.7, 0.6, math.nan], [True, False, True, False, False]
    assert conformal_threshold(scores, right, 0.1) is None  # 1 / (N + 1) is more than that
    assert conformal_threshold(scores, right, 0.2) == 0.8  # no wrong one may be believed
    assert conformal_threshold(scores, right, 0.34) == 0.6  # one may
    assert conformal_threshold(scores, right, 0.5) < 0.6  # two may, and no more are there
    assert conformal_threshold([math.nan] * 9, [True] * 9, 0.5) is None
    with pytest.raises(ValueError, match="must be between"):
        conformal_threshold(scores, right, 1.0)


def test_nothing_to_learn_from() -> None:
    assert calibrate_threshold([], [], 0.1, 0.1) is None
    assert calibrate_threshold(np.full(500, 0.99), np.zeros(500), 0.1, 0.1) is None


@pytest.mark.parametrize(("risk", "delta"), [(0, 0.1), (1, 0.1), (0.1, 0), (0.1, 1)])
def test_values_out_of_range(risk: float, delta: float) -> None:
    with pytest.raises(ValueError, match="must be between"):
        calibrate_threshold([0.5], [True], risk, delta)
    with pytest.raises(ValueError, match="must be"):
        calibrate_threshold([0.5, 0.6], [True], 0.1, 0.1)
