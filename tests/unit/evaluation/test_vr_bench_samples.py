"""What k attempts are worth, against the mean over all subsets."""

import itertools
import statistics

import pytest

from vidkit.evaluation.tasks.vr_bench.samples import expected_max, expected_min, pass_at_k
from vidkit.evaluation.tasks.vr_bench.summary import Estimates, SampleEstimates, ratio_metrics, shown_ks
from vidkit.evaluation.tasks.vr_bench.tables import Groups, authors_means


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_closed_forms_are_means_over_all_subsets(k: int) -> None:
    values = [0.2, 0.9, 0.9, 0.1, 0.5]
    subsets = list(itertools.combinations(values, k))
    assert expected_max(values, k) == pytest.approx(statistics.mean(map(max, subsets)))
    passed = [1, 0, 0, 1, 0]
    assert pass_at_k(5, 2, k) == pytest.approx(
        statistics.mean(any(some) for some in itertools.combinations(passed, k))
    )
    partly = [0.2, None, 0.9, None, 0.5]
    least = [
        min(value for value in some if value is not None)
        for some in itertools.combinations(partly, k)
        if any(value is not None for value in some)
    ]
    total, chance = expected_min(partly, k)
    assert total / chance == pytest.approx(statistics.mean(least))
    assert chance == pytest.approx(len(least) / len(subsets))


def test_all_k_and_none() -> None:
    assert pass_at_k(16, 0, 16) == 0
    assert pass_at_k(16, 1, 16) == 1
    assert expected_min([None, None], 2) == (0.0, 0.0)
    for attempts, successes, k in ((4, 1, 0), (4, 1, 5), (4, 5, 1)):
        with pytest.raises(ValueError, match="must be in"):
            pass_at_k(attempts, successes, k)


def row(level: str, sample: int, success: bool, official: bool | None = True) -> dict[str, object]:
    sd = 0.25 if success else None
    robust = {"success": float(success), "em": float(success), "sr_end": 1.0, "pr": 0.5, "sd": sd}
    return {
        "level": level,
        "sample": str(sample),
        "type": "regular",
        "difficulty": level.split("_")[0],
        "failure": None if success else "goal",
        "robust": robust | {"legal": None, "mf": None, "tracked_ratio": 1.0},
        "official": None
        if official is None
        else {"sr": float(success), "em": 0.0, "pr": 0.5, "sd": sd, "mf": 1.0},
    }


def test_undefined_stays_undefined_and_missing_is_a_failure() -> None:
    rows = [row(f"easy_{n}", 0, n < 3) for n in range(8)] + [row("easy_8", 0, False, None)]
    ours = Estimates(rows, 200, 1)
    assert ours.values["success"] == pytest.approx(100 * 3 / 9)
    assert ours.values["sd"] == pytest.approx(25)
    assert ours.counts["sd"] == 3
    assert ours.as_dict()["values"]["mf"] is None
    assert ours.cell("legal") is None
    assert ours.values["official_sr"] == pytest.approx(100 * 3 / 9)
    assert Estimates(rows, 200, 1, as_authors=True).values["official_sr"] == pytest.approx(100 * 3 / 8)
    assert ours.values["official_mf"] == 100
    low, high = ours.intervals["success"].low, ours.intervals["success"].high
    assert 0 <= low < 100 * 3 / 9 < high <= 100


@pytest.mark.parametrize(("won", "low", "high"), [(True, 77.91, 100.0), (False, 0.0, 22.09)])
def test_levels_that_are_all_alike_have_exact_bounds_and_extra_length_none(
    won: bool, low: float, high: float
) -> None:
    rows = [row(f"easy_{n}", s, won) for n in range(12) for s in range(2)]
    groups = Groups(rows, 200, 1)
    tables = groups.tables()
    for each in (groups.all, SampleEstimates(rows, 2, 200, 1)):
        for name in ("success", "official_sr"):
            assert each.intervals[name].rounded() == pytest.approx([low, high], abs=0.01)
        assert not isinstance(each.cell("sd"), tuple), "nothing limits how long a way may be"
    cells = [cell for table in tables for line in table["rows"] for cell in line if isinstance(cell, tuple)]
    assert cells
    assert all(below < above for _, below, above in cells)
    (line,) = groups.warnings()
    assert "all levels have the same success, " in line
    assert "SD" not in line


def test_differences_of_extra_length_that_are_all_alike_have_no_bounds() -> None:
    one, two = (ratio_metrics([row(f"easy_{n}", 0, True) for n in range(8)]) for _ in range(2))
    alike = one.differences_alike(two)
    assert "success" in alike
    assert not {"sd", "official_sd"} & set(alike)


def test_levels_are_the_unit_of_pass_at_k() -> None:
    rows = [row(f"easy_{n}", s, n < 3 and s == 0) for n in range(6) for s in range(4)]
    assert shown_ks(rows) == [1, 2, 4]
    assert SampleEstimates(rows, 1, 50, 1).values["success"] == pytest.approx(100 * 3 * 0.25 / 6)
    assert SampleEstimates(rows, 2, 50, 1).values["success"] == pytest.approx(100 * 3 * 0.5 / 6)
    assert SampleEstimates(rows, 4, 50, 1).values["success"] == pytest.approx(50)
    assert SampleEstimates(rows, 4, 50, 1).values["sd"] == pytest.approx(25)


def test_the_authors_mean_counts_a_difficulty_without_success_as_sd_0() -> None:
    rows = [row("easy_1", 0, True), row("medium_1", 0, False), row("hard_1", 0, False, None)]
    assert authors_means(rows)["regular"] == {"sr": 50.0, "em": 0.0, "pr": 50.0, "sd": 12.5, "mf": 100.0}
