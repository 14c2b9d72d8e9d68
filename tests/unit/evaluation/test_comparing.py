"""Comparisons of two runs: false verdicts are as rare as said, and few groups have no interval."""

import math
from typing import Any

import numpy as np
import pytest

from vidkit.evaluation.comparing import Comparable, compare
from vidkit.evaluation.ratios import RatioMetrics
from vidkit.evaluation.tasks import social_omni, video_mme_v2
from vidkit.evaluation.tasks.social_omni.records import parse_timestamp
from vidkit.evaluation.tasks.social_omni.streaming import offset_label, streaming_scores
from vidkit.evaluation.tasks.social_omni.when import When
from vidkit.evaluation.types import Mode
from vidkit.utils.statistics import MIN_GROUPS, holm, swap_test, too_few_groups

LETTERS = "ABCDEFGH"


def accuracy_of(sums: Any) -> dict[str, Any]:
    return {"accuracy": sums[:, 0] / sums[:, 1]}


def clustered(generator: np.random.Generator, clusters: int, size: int) -> Any:
    """Which items of a run are right, [clusters, size]; those of one cluster mostly go together."""
    return generator.random((clusters, size)) < generator.beta(0.3, 0.3, size=(clusters, 1))


def sums_of(right: Any) -> Any:
    return np.stack([right.sum(1), np.full(right.shape[0], right.shape[1])], axis=1).astype(float)


def mcnemar_p(a: Any, b: Any) -> float:
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    statistic = max(abs(only_a - only_b) - 1, 0) ** 2 / max(only_a + only_b, 1)
    return math.erfc(math.sqrt(statistic / 2))


def test_runs_that_do_not_differ_are_called_different_in_five_of_a_hundred_cases() -> None:
    generator = np.random.default_rng(7)
    runs = 600
    hits = single = 0
    for _ in range(runs):
        a, b = clustered(generator, 40, 8), clustered(generator, 40, 8)
        hits += swap_test(sums_of(a), sums_of(b), accuracy_of, swaps=400, seed=1)["accuracy"] < 0.05
        single += mcnemar_p(a, b) < 0.05
    # the standard error of a share of .05 in 600 is .009
    assert 0.025 <= hits / runs <= 0.075
    assert single / runs > 0.3, "the simulated questions must be dependent, or the test shows nothing"


def test_a_true_difference_is_found() -> None:
    generator = np.random.default_rng(3)
    a = sums_of(clustered(generator, 60, 4))
    b = a.copy()
    b[:30, 0] = np.maximum(b[:30, 0] - 1, 0)
    assert swap_test(a, b, accuracy_of, swaps=2000)["accuracy"] < 0.01


def test_few_clusters_are_swapped_in_every_way() -> None:
    a = np.array([[1.0, 1], [1, 1], [1, 1], [0, 1]])
    b = np.array([[0.0, 1], [0, 1], [0, 1], [0, 1]])
    # three clusters disagree, all for A: 2 of the 8 ways are as far apart
    assert swap_test(a, b, accuracy_of)["accuracy"] == 2 / 8
    assert swap_test(a, a, accuracy_of)["accuracy"] == 1.0


def test_holm_by_hand() -> None:
    adjusted = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": math.nan})
    assert adjusted["a"] == pytest.approx(0.03) and adjusted["c"] == adjusted["b"] == pytest.approx(0.06)
    assert math.isnan(adjusted["d"])


def test_verdicts_over_many_metrics_are_false_in_five_of_a_hundred_comparisons_at_most() -> None:
    generator = np.random.default_rng(11)
    false, runs = 0, 120
    groups = [str(n // 4) for n in range(120)]
    for _ in range(runs):
        sides = []
        for _side in "AB":
            metrics = RatioMetrics(groups)
            for metric in range(8):
                metrics.add(f"m{metric}", generator.random(120) < 0.5)
            names = tuple(f"m{metric}" for metric in range(8))
            sides.append(Comparable(metrics, dict, names, {}, groups=metrics.groups()))
        result = compare(*sides, resamples=400, seed=2)
        false += any(entry["better"] for entry in result["metrics"].values())
    assert false / runs <= 0.10  # .05 and two standard errors of a share in 120


def rows_of(videos: int) -> list[dict[str, Any]]:
    return [
        {
            "video_id": f"{v:03d}",
            "question_id": f"{v:03d}-{k}",
            "group_type": "relevance",
            "level": 1,
            "group_structure": "None",
            "options": "\n".join(f"{c}. {c * 3}" for c in LETTERS),
            "answer": LETTERS[k],
            "prediction": LETTERS[k if (v + k) % 3 else 0],
        }
        for v in range(1, videos + 1)
        for k in range(1, 5)
    ]


def test_no_interval_below_the_stated_number_of_groups() -> None:
    few = video_mme_v2.score(rows_of(MIN_GROUPS - 1), resamples=50)
    assert few["avg_acc"] is not None and few["intervals"]["avg_acc"] == [None, None]
    assert f"no intervals: {MIN_GROUPS - 1} videos, they need at least {MIN_GROUPS}" in few["warnings"]
    enough = video_mme_v2.score(rows_of(MIN_GROUPS), resamples=50)
    assert None not in enough["intervals"]["avg_acc"]
    assert not any("no interval" in line for line in enough["warnings"])


def test_a_metric_of_few_groups_says_so_beside_others() -> None:
    rows = rows_of(8)
    for row in rows[:4]:
        row["level"] = 3
    result = video_mme_v2.score(rows, resamples=50)
    assert result["intervals"]["level_3"] == [None, None] and None not in result["intervals"]["level_1"]
    assert f"no intervals for level_3 (1): they need at least {MIN_GROUPS} videos" in result["warnings"]
    assert too_few_groups({"a": 9, "empty": 0}, "group") == []


def test_comparisons_in_official_mode_leave_out_what_that_mode_leaves_out() -> None:
    rows = rows_of(6)
    silent = [{**row, "prediction": "?"} if row["question_id"] == "001-1" else row for row in rows]
    official = video_mme_v2.comparable(silent, Mode.OFFICIAL)
    assert official.right["avg_acc"]["001-1"] is None
    assert video_mme_v2.comparable(silent, Mode.ROBUST).right["avg_acc"]["001-1"] is False
    result = compare(video_mme_v2.comparable(rows, Mode.OFFICIAL), official, resamples=50)
    assert result["disagreements"]["avg_acc"] == {"items": 23, "only_a": 0, "only_b": 0}


def test_skipped_calls_leave_official_comparisons_of_who() -> None:
    base = {"options": ["A. x said y", "B. u said v"], "correct_answer": "A", "video_id": "v"}
    rows = [
        {**base, "id": n, "metadata": {"consistency": "consistent"}, **({"prediction": "A"} if n else {})}
        for n in range(3)
    ]
    assert social_omni.comparable(rows, Mode.OFFICIAL).right["who"] == {
        "l1/0": None,
        "l1/1": True,
        "l1/2": True,
    }
    assert social_omni.comparable(rows, Mode.ROBUST).right["who"]["l1/0"] is False


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1:05.5", 65.5), ("1:05,5", 65.5), ("0:00.25", 0.25), ("12", 12.0), ("00:17:00", 17.0), ("1:05", 65.0)],
)
def test_time_stamps_with_parts_of_seconds(text: str, seconds: float) -> None:
    assert parse_timestamp(text) == (seconds, "")


@pytest.mark.parametrize("entry", [0.1, 1.1, 5.0, 7.3, 100.7])
@pytest.mark.parametrize("delta", [0.2, 0.5, 1.0])
def test_a_reply_exactly_at_the_bound_is_on_time(entry: float, delta: float) -> None:
    for tau in (entry + delta, entry - delta):
        item = When("l2/v", "v", "A", "", entry, {"stream": {"tau_s": tau, "steps": [[tau, True]]}})
        found = streaming_scores([item])
        assert found is not None
        phases = found["phases"][str(delta)]
        assert (phases["early"], phases["on_time"], phases["late"]) == (0, 100, 0)
    assert offset_label(entry + 2, entry) == "Perfect" and offset_label(entry - 1, entry) == "Perfect"


@pytest.mark.parametrize("when", ["at 1:05.5", "at 5.5 seconds", "at the 7th second", "by 1:02:03", "in 12s"])
def test_the_annotated_second_leaves_the_question_whole(when: str) -> None:
    from vidkit.evaluation.benchmark import _TIME

    assert _TIME.sub(" now", f"Should X speak {when}?") == "Should X speak now?"
