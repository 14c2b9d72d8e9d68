"""Every selector: determinism, edge cases of the frame budget, and what is particular to each rule."""

from __future__ import annotations

import numpy as np
import pytest
from made_candidates import make_candidates

from vidkit.errors import ConfigError, DataError
from vidkit.frames import METHODS, Candidates, select


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("n", "k"), [(2, 1), (7, 3), (40, 5), (131, 16), (300, 64)])
def test_every_method_keeps_k_increasing_frames(method: str, n: int, k: int) -> None:
    chosen = select(method, make_candidates(n), k)
    if method.endswith("-authors"):
        assert chosen.indices.size <= k
    else:
        assert chosen.indices.size == k
    assert (np.diff(chosen.indices) > 0).all() and len(chosen.reasons) == chosen.indices.size
    assert chosen.indices.size == 0 or (chosen.indices[0] >= 0 and chosen.indices[-1] < n)
    assert chosen.segments[0].start == 0 and chosen.segments[-1].stop == n
    assert all(a.stop == b.start for a, b in zip(chosen.segments, chosen.segments[1:], strict=False))


@pytest.mark.parametrize("method", METHODS)
def test_methods_are_deterministic(method: str) -> None:
    first, second = (select(method, make_candidates(90), 12) for _ in range(2))
    assert first.indices.tolist() == second.indices.tolist() and first.reasons == second.reasons


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("k", [5, 6, 100])
def test_budget_of_all_candidates_keeps_all(method: str, k: int) -> None:
    chosen = select(method, make_candidates(5), k)
    assert chosen.indices.tolist() == [0, 1, 2, 3, 4] and chosen.method_applied == "all"
    assert ("budget exceeds candidates" in chosen.warnings) == (k > 5)


def test_one_candidate_is_kept_for_any_budget() -> None:
    assert select("wfs-sb", Candidates([3.0]), 8).indices.tolist() == [0]


@pytest.mark.parametrize("k", [0, -3, 2.0, "8", True, None])
def test_budget_must_be_a_positive_whole_number(k: object) -> None:
    with pytest.raises(ConfigError, match="k must be a whole number >= 1, got"):
        select("uniform", make_candidates(9), k)  # type: ignore[arg-type]


@pytest.mark.parametrize("method", [m for m in METHODS if m not in ("uniform", "fps", "scene", "omp")])
def test_constant_relevance_is_no_relevance(method: str) -> None:
    c = make_candidates(60)
    flat = Candidates(c.times, np.full(60, 0.7) + 1e-12 * np.arange(60) % 2, c.features)
    none = Candidates(c.times, None, c.features)
    if method.endswith("-authors"):
        assert select(method, flat, 40).indices.size <= 40
        return
    chosen = select(method, flat, 8)
    assert chosen.indices.tolist() == select(method, none, 8).indices.tolist()
    assert "relevance is constant: treated as no relevance" in chosen.warnings


def test_strict_paper_does_not_guard_against_a_constant_curve() -> None:
    flat = Candidates(np.arange(60.0), np.full(60, 0.7))
    assert select("wfs-sb", flat, 8, strict_paper=True).method_applied == "wfs-sb"
    assert select("wfs-sb", flat, 8).method_applied == "uniform"


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused_with_place_and_count(bad: float) -> None:
    c = make_candidates(40)
    assert c.relevance is not None
    relevance = c.relevance.copy()
    relevance[[7, 12]] = bad
    with pytest.raises(DataError) as caught:
        select("wfs-sb", Candidates(c.times, relevance, c.features), 8)
    assert caught.value.message == "relevance has 2 of 40 rows that are not finite, first at candidate 7"
    assert caught.value.exit_code == 3
    repaired = select("wfs-sb", Candidates(c.times, relevance, c.features), 8, nan="impute")
    assert repaired.indices.size == 8 and "imputed" in repaired.warnings[0]


def test_all_nan_relevance_imputes_to_constant() -> None:
    chosen = select("topk", Candidates(np.arange(20.0), np.full(20, np.nan)), 4, nan="impute")
    assert chosen.method_applied == "uniform"


def test_features_that_are_not_finite_name_their_row() -> None:
    c = make_candidates(20)
    assert c.features is not None
    rows = c.features.copy()
    rows[5, 2] = np.nan
    with pytest.raises(
        DataError, match="features has 1 of 20 rows that are not finite, first at candidate 5"
    ):
        select("efs", Candidates(c.times, c.relevance, rows), 4)


def test_zero_feature_rows_have_no_similarity() -> None:
    rows = np.zeros((30, 4))
    rows[::2] = [1, 2, 3, 4]
    for method in ("efs", "dpp", "fps", "mmr", "scene"):
        chosen = select(method, Candidates(np.arange(30.0), np.linspace(0, 1, 30), rows), 6)
        assert chosen.indices.size == 6


def test_unknown_names_are_explained() -> None:
    c = make_candidates(20)
    with pytest.raises(ConfigError) as caught:
        select("wfs_sb", c, 4)
    assert (
        caught.value.message == "no selection method 'wfs_sb'"
        and "did you mean 'wfs-sb'" in caught.value.hint
    )
    with pytest.raises(ConfigError) as caught:
        select("efs", c, 4, alhpa=0.1)
    assert (
        caught.value.message == "unknown setting 'alhpa' for 'efs'"
        and "did you mean 'alpha'" in caught.value.hint
    )
    with pytest.raises(ConfigError, match="window must be a positive odd number, got 4"):
        select("efs", c, 4, window=4)
    with pytest.raises(ConfigError, match="setting 'events' of 'efs' cannot be 'ten'"):
        select("efs", c, 4, events="ten")


def test_methods_say_what_they_miss() -> None:
    with pytest.raises(ConfigError, match="'efs' needs features, and there is none"):
        select("efs", Candidates(np.arange(20.0), np.linspace(0, 1, 20)), 4)


def test_candidates_check_their_arrays() -> None:
    with pytest.raises(DataError, match="relevance has 3 rows for 4 candidates"):
        Candidates(np.arange(4.0), np.zeros(3))
    with pytest.raises(DataError, match="not strictly increasing"):
        Candidates([0.0, 1.0, 1.0])
    with pytest.raises(DataError, match="there are no candidates"):
        Candidates([])


def test_uniform_rules() -> None:
    c = Candidates(np.arange(10.0))
    assert select("uniform", c, 5).indices.tolist() == [0, 2, 4, 6, 8]
    assert select("uniform", c, 4, uniform="ends").indices.tolist() == [0, 3, 6, 9]


def test_topk_and_bin_prefer_the_earlier_of_equals() -> None:
    r = np.array([0.1, 0.9, 0.9, 0.2, 0.9, 0.3])
    assert select("topk", Candidates(np.arange(6.0), r), 2).indices.tolist() == [1, 2]
    assert select("bin", Candidates(np.arange(6.0), r), 2).indices.tolist() == [1, 4]


def test_aks_authors_can_keep_nothing_and_says_so() -> None:
    r = np.tile([0.4, 0.6], 200)
    chosen = select("aks-authors", Candidates(np.arange(400.0), r), 16)
    assert chosen.indices.size == 0 and chosen.warnings == ("this method kept 0 of the 16 frames asked for",)
    assert select("aks", Candidates(np.arange(400.0), r), 16).indices.size == 16


def test_aks_stops_where_one_part_stands_out() -> None:
    r = np.zeros(64)
    r[10] = 1.0
    chosen = select("aks", Candidates(np.arange(64.0), r), 4, threshold=0.2)
    assert 10 in chosen.indices


def test_omp_projects_explained_directions_out() -> None:
    rows = np.array([[1.0, 0, 0], [0.99, 0.1, 0], [0, 1, 0], [0, 0, 1]])
    c = Candidates(np.arange(4.0), None, rows, query_features=np.array([1.0, 0.6, 0.1]))
    assert select("omp", c, 2).indices.tolist() == [1, 2]


def test_dpp_matches_exhaustive_greedy() -> None:
    c = make_candidates(25, dim=8)
    assert c.features is not None and c.relevance is not None
    unit = c.features / np.linalg.norm(c.features, axis=1, keepdims=True)
    r = (c.relevance - c.relevance.min()) / np.ptp(c.relevance)
    kernel = np.exp(r)[:, None] * (unit @ unit.T) * np.exp(r)[None]
    picks: list[int] = []
    for _ in range(5):
        value = [
            -np.inf if i in picks else np.linalg.slogdet(kernel[np.ix_([*picks, i], [*picks, i])])[1]
            for i in range(25)
        ]
        picks.append(int(np.argmax(value)))
    assert select("dpp", c, 5).indices.tolist() == sorted(picks)


def test_dig_keeps_the_rewarded_events() -> None:
    rewards = np.array([0, 0, 0, 0, 0, 0, 10.0, 0, 0, 0, 0, 0])
    c = Candidates(np.arange(120.0), rewards=rewards, events=np.arange(0, 120, 10))
    chosen = select("dig", c, 10)
    assert chosen.indices.min() >= 40 and chosen.indices.max() < 90
    everything = select(
        "dig", Candidates(np.arange(120.0), rewards=np.ones(12), events=np.arange(0, 120, 10)), 12
    )
    assert everything.indices.tolist() == select("uniform", Candidates(np.arange(120.0)), 12).indices.tolist()


def test_focus_scores_a_part_of_the_candidates() -> None:
    n = 1600
    r = np.full(n, 0.1) + 1e-3 * np.random.default_rng(0).random(n)
    r[800:816] = 0.9
    chosen = select("focus", Candidates(np.arange(n) * 1.0, r), 8)
    assert ((chosen.indices >= 800) & (chosen.indices < 816)).all()
    assert chosen.detail["scored_ratio"] < 0.5


def test_scene_gives_long_shots_more() -> None:
    from vidkit.frames.selectors.spread import share_by_length
    from vidkit.frames.types import Segment

    shots = (Segment(0, 10), Segment(10, 40), Segment(40, 42))
    assert share_by_length(shots, 2).tolist() == [1, 1, 0]
    assert share_by_length(shots, 5).tolist() == [1, 3, 1]
    assert share_by_length(shots, 42).tolist() == [10, 30, 2]


def test_efs_short_budget_merges_instead_of_dropping_the_end() -> None:
    c = make_candidates(300, seed=5)
    assert select("efs", c, 3).indices[-1] > 150


def test_segment_of_names_the_segment_of_each_frame() -> None:
    chosen = select("efs", make_candidates(200), 16)
    for index, segment in zip(chosen.indices, chosen.segment_of, strict=True):
        assert chosen.segments[segment].start <= index < chosen.segments[segment].stop


def test_unused_features_do_not_change_relevance_methods() -> None:
    c = make_candidates(80)
    for method in ("topk", "bin", "aks", "bolt", "focus"):
        bare = Candidates(c.times, c.relevance)
        assert select(method, c, 8).indices.tolist() == select(method, bare, 8).indices.tolist()
