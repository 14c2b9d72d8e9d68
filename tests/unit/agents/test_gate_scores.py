"""Figures of a gate: by hand, and against scikit-learn's definitions where it is installed."""

import math

import numpy as np
import pytest

from vidkit.agents.gate_scores import aurc, auroc, selective_accuracy


def test_auroc_by_counting_pairs() -> None:
    rng = np.random.default_rng(0)
    scores, right = np.round(rng.random(60), 1), rng.random(60) < 0.6
    pairs = [(a > b) + 0.5 * (a == b) for a in scores[right] for b in scores[~right]]
    assert auroc(scores, right) == pytest.approx(np.mean(pairs))
    assert auroc([1, 2, 3], [0, 0, 1]) == 1
    assert math.isnan(auroc([1, 2], [1, 1]))


def test_no_score_comes_last() -> None:
    assert auroc([math.nan, 0.1], [0, 1]) == 1
    coverage, accuracy = selective_accuracy([math.nan, 0.1], [0, 1])
    assert coverage.tolist() == [0.5, 1] and accuracy.tolist() == [1, 0.5]


def test_equal_scores_are_taken_together() -> None:
    coverage, accuracy = selective_accuracy([3, 1, 1, 1], [1, 1, 0, 0])
    assert coverage.tolist() == [0.25, 1] and accuracy.tolist() == [1, 0.5]


def test_aurc_is_the_error_for_a_constant_score_and_less_for_a_good_one() -> None:
    right = np.array([1, 1, 1, 0])
    assert aurc(np.zeros(4), right) == pytest.approx(0.25)
    assert aurc([4, 3, 2, 1], right) == pytest.approx(0.25 / 4)
    assert math.isnan(aurc([], []))
    with pytest.raises(ValueError, match=r"must be \[N\] each"):
        aurc([1, 2], [1])
