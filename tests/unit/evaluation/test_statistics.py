"""Intervals: against plain resampling, published Wilson bounds."""

import math

import numpy as np
import pytest

from vidkit.evaluation.ratios import RatioMetrics
from vidkit.utils.statistics import (
    alike_interval,
    intervals,
    mean_interval,
    paired_differences,
    paired_mean_interval,
    percentile_interval,
    resampled_sums,
    share_bounds,
    share_interval,
    student_interval,
    wilson_interval,
)


def test_resampled_sums_equal_a_plain_loop() -> None:
    sums = np.random.default_rng(0).normal(size=(7, 3))
    fast = resampled_sums(sums, 20, seed=5)
    generator = np.random.default_rng(5)
    plain = [sums[row].sum(0) for row in generator.integers(0, 7, size=(20, 7), dtype=np.int32)]
    assert fast == pytest.approx(np.array(plain))


def test_interval_of_a_mean_is_close_to_the_normal_one() -> None:
    values = np.random.default_rng(1).normal(10, 2, size=400)
    metrics = RatioMetrics(range(400))
    metrics.add("mean", values, scale=1)
    bound = percentile_interval(metrics.draws(10_000, 42)["mean"])
    half = 1.96 * values.std() / math.sqrt(400)
    assert bound.low == pytest.approx(values.mean() - half, abs=0.02)
    assert bound.high == pytest.approx(values.mean() + half, abs=0.02)


def test_clusters_widen_the_interval() -> None:
    right = np.repeat(np.random.default_rng(2).integers(0, 2, size=100), 4)  # a video's four answers agree
    alone, together = RatioMetrics(range(400)), RatioMetrics([i // 4 for i in range(400)])
    widths = []
    for metrics in (alone, together):
        metrics.add("acc", right)
        bound = percentile_interval(metrics.draws(4000, 1)["acc"])
        widths.append(bound.high - bound.low)
    assert 1.8 < widths[1] / widths[0] < 2.2


def test_undefined_metrics_are_nan_or_their_stated_value() -> None:
    metrics = RatioMetrics(["a", "b"])
    metrics.add("none", [1, 0], [0, 0])
    metrics.add("zero", [1, 0], [0, 0], empty=0.0)
    values = metrics.values()
    assert math.isnan(values["none"]) and values["zero"] == 0
    assert math.isnan(percentile_interval(metrics.draws(5, 0)["none"]).low)


def test_wilson_gives_the_published_interval_of_gpt_4o() -> None:
    bound = wilson_interval(735, 2000)  # who, 36.75 %
    assert (round(100 * bound.low, 2), round(100 * bound.high, 2)) == (34.66, 38.89)


def test_paired_difference_of_equal_runs_is_exactly_zero() -> None:
    metrics = RatioMetrics(range(50))
    metrics.add("acc", np.arange(50) % 2)
    drawn = paired_differences(metrics.sums, metrics.sums, metrics.of_sums, 200)
    assert not drawn["acc"].any()


def test_paired_interval_is_narrower_than_the_difference_of_two() -> None:
    generator = np.random.default_rng(3)
    a = generator.random(300)
    metrics = []
    for values in (a, a + 0.05 + 0.01 * generator.random(300)):
        each = RatioMetrics(range(300))
        each.add("m", values, scale=1)
        metrics.append(each)
    bound = percentile_interval(
        paired_differences(metrics[1].sums, metrics[0].sums, metrics[0].of_sums, 2000)["m"]
    )
    assert 0.05 < bound.low < bound.high < 0.06
    with pytest.raises(ValueError, match="paired runs must share their clusters"):
        paired_differences(metrics[0].sums, metrics[1].sums[:5], metrics[0].of_sums)


def test_share_has_the_wilson_interval() -> None:
    # R: prop.test(8, 10, correct = FALSE)
    share = share_interval(8, 10)
    assert (share.mean, share.low, share.high) == pytest.approx((0.8, 0.4901625, 0.9433178), abs=1e-6)
    assert share_interval(0, 20).low == 0.0 and share_interval(20, 20).high == 1.0
    nothing = share_interval(0, 0)
    assert math.isnan(nothing.mean) and (nothing.low, nothing.high) == (0, 1)


def test_mean_of_clips_has_the_interval_of_a_plain_bootstrap() -> None:
    values = np.random.default_rng(3).normal(10, 2, size=60)
    drawn = np.random.default_rng(7).integers(0, 60, size=(2000, 60), dtype=np.int32)
    low, high = np.percentile(values[drawn].mean(1), [2.5, 97.5])
    found = mean_interval(values, 2000, seed=7)
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.mean == pytest.approx(values.mean()) and found.count == 60


def test_pairs_leave_no_spread_however_wide_the_clips_are() -> None:
    clips = np.linspace(20, 30, 40)
    found = paired_mean_interval(clips + 0.5, clips)
    assert (found.low, found.high) == pytest.approx((0.5, 0.5))
    spread = mean_interval(clips)
    assert spread.low < 25 < spread.high and 1.5 < spread.high - spread.low < 2.5
    with pytest.raises(ValueError, match="2 and 1"):
        paired_mean_interval([1, 2], [1])


def test_one_value_has_a_mean_and_no_bounds() -> None:
    assert mean_interval([3.0]).rounded(4) == {"mean": 3.0, "low": None, "high": None}
    assert mean_interval([3.0]).high == math.inf


def test_groups_that_are_all_alike_have_the_exact_interval() -> None:
    metrics = RatioMetrics([i // 3 for i in range(90)])
    metrics.add("right", np.ones(90))
    metrics.add("wrong", np.zeros(90))
    metrics.add("third", np.arange(90) % 3 == 0)
    metrics.add("mixed", np.arange(90) % 7 == 0)
    alike = metrics.alike()
    assert set(alike) == {"right", "wrong", "third"}
    # the rule of three: of 30 groups without one that differs, at most some 10 % do
    assert alike["right"].high == 100 and alike["right"].low == pytest.approx(90.5, abs=0.05)
    assert alike["wrong"].low == 0 and alike["wrong"].high == pytest.approx(9.5, abs=0.05)
    assert alike["third"].low < 100 / 3 < alike["third"].high < 45


@pytest.mark.parametrize("true_share", [0.99, 0.9, 0.7])
@pytest.mark.parametrize("groups", [6, 20, 60])
def test_the_exact_interval_is_wrong_in_at_most_5_percent(true_share: float, groups: int) -> None:
    seen_alike = true_share**groups  # chance that all groups are right, when the interval would be shown
    missed = alike_interval(100.0, groups).low > 100 * true_share
    assert not (missed and seen_alike > 0.05)


def test_differences_that_are_all_alike_are_not_certain() -> None:
    a, b, c = (RatioMetrics(range(40)) for _ in range(3))
    right = np.arange(40) % 2
    for metrics, values in ((a, right), (b, right), (c, 1 - right)):
        metrics.add("acc", values)
    bound = a.differences_alike(b)["acc"]
    assert bound.low == pytest.approx(-bound.high) and 5 < bound.high < 10
    assert "acc" not in a.differences_alike(c)


def test_draws_that_are_all_equal_and_explained_by_nothing_have_no_interval() -> None:
    bounds = intervals({"a": np.full(9, 3.0), "b": np.arange(9.0)}, alike={})
    assert math.isnan(bounds["a"].low) and bounds["b"].high > bounds["b"].low


def test_student_interval_of_two_values_is_that_of_the_table() -> None:
    found = student_interval([1.0, 3.0])
    assert found.mean == 2 and found.high - 2 == pytest.approx(12.7062, rel=1e-5)  # t(1) times 1
    assert found.low == pytest.approx(4 - found.high)


@pytest.mark.parametrize("values", [[], [5.0]])
def test_student_interval_of_fewer_than_two_values_says_nothing(values: list[float]) -> None:
    found = student_interval(values)
    assert (found.low, found.high, found.count) == (-math.inf, math.inf, len(values))


def test_share_bounds_are_exact() -> None:
    none_of_six = share_bounds(0, 6)
    assert (none_of_six.low, none_of_six.high) == (0.0, pytest.approx(1 - 0.05 ** (1 / 6)))
    all_of_six = share_bounds(6, 6)
    assert (all_of_six.low, all_of_six.high) == (pytest.approx(0.05 ** (1 / 6)), 1.0)
    assert share_bounds(0, 0).high == 1.0
