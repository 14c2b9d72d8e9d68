"""Selectors against plain references written out loop by loop, and the edge cases of the frame budget."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import pywt
from scipy.signal import find_peaks

from vidkit.errors import ConfigError, DataError
from vidkit.frames import METHODS, Candidates, select


def make_candidates(n: int = 200, dim: int = 24, seed: int = 0, features: bool = True) -> Candidates:
    rng = np.random.default_rng(seed)
    scenes = rng.normal(size=(max(2, n // 25), dim))
    rows = scenes[np.arange(n) * len(scenes) // n] + 0.5 * rng.normal(size=(n, dim))
    relevance = np.clip(0.3 + 0.25 * np.sin(np.arange(n) / (n / 20)) + 0.1 * rng.normal(size=n), 0, 1)
    return Candidates(
        np.arange(n) * 1.0,
        relevance,
        rows if features else None,
        query_features=rng.normal(size=dim),
        seed=seed,
    )


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def plain_wfs_sb(r: np.ndarray, features: np.ndarray | None, k: int) -> list[int]:
    """WFS-SB with the pairwise form of MMR."""
    n = len(r)
    deepest = math.floor(math.log2(n / 7)) if n >= 7 else 0
    level = 1 if n <= 1 or deepest <= 1 else min(max(math.floor(math.log2(n) - 3), 1), deepest)
    bands = pywt.wavedec(r, "db4", "symmetric", level)
    bands = [b if i == 1 else b * 0 for i, b in enumerate(bands)]
    c = np.abs(pywt.waverec(bands, "db4", "symmetric")[:n])
    peaks, _ = find_peaks(
        c,
        height=c.mean() + 0.5 * c.std(),
        prominence=0.05 * (c.max() - c.min()),
        distance=max(5, int(0.02 * n)),
    )

    def similarity(i: int, j: int) -> float:
        return math.exp(-abs(i - j) / 10) if features is None else cosine(features[i], features[j])

    if len(peaks) == 0:
        picks = list(dict.fromkeys(np.linspace(0, n - 1, k // 2).astype(int).tolist()))
        picks += [i for i in sorted(range(n), key=lambda i: (-r[i], i)) if i not in picks][: k - len(picks)]
        return sorted(picks)
    edges = [0, *peaks, n]
    spans = list(itertools.pairwise(edges))
    score = []
    for a, b in spans:
        g = r[a:b]
        score.append(0.4 * (b - a) / n + 0.2 * g.mean() + 0.3 * g.max() + 0.1 * g.var() / (r.var() + 1e-8))
    score_array = np.array(score)
    kept = list(range(len(spans)))
    if len(spans) > 3:
        bar = max(0.05, score_array.mean() - 1.2 * score_array.std())
        kept = [i for i in kept if score[i] >= bar] or kept
    weights = [math.exp(score[i]) for i in kept]
    exact = [k * w / sum(weights) for w in weights]
    quota = [math.floor(q) for q in exact]
    order = sorted(range(len(kept)), key=lambda j: (-(exact[j] - quota[j]), -score[kept[j]], kept[j]))
    for j in order[: k - sum(quota)]:
        quota[j] += 1
    picks: list[int] = []
    for i, count in zip(kept, quota, strict=True):
        a, b = spans[i]
        mine: list[int] = []
        while len(mine) < min(count, b - a):
            best, best_value = -1, -math.inf
            for t in range(a, b):
                if t in mine:
                    continue
                value = 0.5 * (2 * r[t] - 1) - 0.5 * max(similarity(t, j) for j in mine) if mine else r[t]
                if value > best_value:
                    best, best_value = t, value
            mine.append(best)
        picks += mine
    while len(picks) < k:
        rest = [t for t in range(n) if t not in picks]
        picks.append(
            max(rest, key=lambda t: (0.5 * (2 * r[t] - 1) - 0.5 * max(similarity(t, j) for j in picks), -t))
        )
    return sorted(picks)


def plain_efs(r: np.ndarray, features: np.ndarray, k: int, events: int = 10, alpha: float = 0.5) -> list[int]:
    n = len(r)
    s = np.zeros(n)
    for i in range(n):
        near = [j for j in (i - 1, i + 1) if 0 <= j < n]
        s[i] = sum(cosine(features[i], features[j]) for j in near) / len(near)
    starts = [0, *find_peaks(-s, distance=5)[0].tolist()]
    while len(starts) > min(events, k):
        edges = [*starts, n]
        means = [features[a:b].mean(axis=0) for a, b in itertools.pairwise(edges)]
        alike = [cosine(a, b) for a, b in itertools.pairwise(means)]
        del starts[int(np.argmax(alike)) + 1]
    edges = [*starts, n]
    anchors = [a + int(np.argmax(r[a:b])) for a, b in itertools.pairwise(edges)]
    rest = [i for i in sorted(range(n), key=lambda i: (-r[i], i)) if i not in anchors]
    near_anchor = np.array([max(cosine(features[i], features[a]) for a in anchors) for i in rest])
    strict = float(np.clip(near_anchor.mean() - alpha * near_anchor.std(), 0, 1))
    loose = float(np.clip(near_anchor.mean() + alpha * near_anchor.std(), 0, 1))
    picks, theta = list(anchors), strict
    while True:
        for i in rest:
            if (
                len(picks) < k
                and i not in picks
                and max(cosine(features[i], features[j]) for j in picks) < theta
            ):
                picks.append(i)
        if len(picks) >= k or theta >= loose:
            break
        theta = min(theta + 0.05, loose)
    picks += [i for i in rest if i not in picks][: k - len(picks)]
    return sorted(picks)


@pytest.mark.filterwarnings("ignore:Level value:UserWarning")  # the twin calls PyWavelets on 13 samples
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("with_features", [True, False], ids=["features", "distance"])
def test_wfs_sb_matches_plain_twin(seed: int, with_features: bool) -> None:
    n, k = [(13, 4), (31, 8), (64, 8), (100, 16), (150, 12), (257, 32)][seed]
    c = make_candidates(n, seed=seed, features=with_features)
    assert c.relevance is not None
    assert select("wfs-sb", c, k).indices.tolist() == plain_wfs_sb(c.relevance, c.features, k)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("alpha", [0.0, 0.1, 0.5, 2.0])
def test_efs_matches_plain_twin(seed: int, alpha: float) -> None:
    n, k = [(13, 4), (31, 8), (64, 3), (100, 16), (150, 12), (200, 40)][seed]
    c = make_candidates(n, seed=seed)
    assert c.relevance is not None and c.features is not None
    assert select("efs", c, k, alpha=alpha).indices.tolist() == plain_efs(
        c.relevance, c.features, k, alpha=alpha
    )


def test_efs_gate_is_exact_over_many_blocks() -> None:
    c = make_candidates(700, seed=3)
    assert c.relevance is not None and c.features is not None
    assert select("efs", c, 60).indices.tolist() == plain_efs(c.relevance, c.features, 60)


def test_unit_rows_equal_the_plain_form_at_any_size() -> None:
    from vidkit.frames.similarity import UnitRows

    rng = np.random.default_rng(0)
    for n, dim, kind in ((1, 3, np.float64), (130, 40, np.float16), (1100, 1000, np.float32)):
        features = rng.normal(size=(n, dim)).astype(kind)
        features[n // 3] = 0
        wide = features.astype(np.float64)
        norms = np.linalg.norm(wide, axis=1, keepdims=True)
        plain = np.divide(wide, norms, out=np.zeros_like(wide), where=norms > 0)
        unit, members = UnitRows(features), np.arange(0, n, 77)
        assert np.allclose(unit.rows, plain, rtol=1e-12, atol=0) and np.allclose(unit.norms, norms[:, 0])
        for rows in (None, np.arange(n)[::-1], slice(n // 2, None)):
            subset = plain if rows is None else plain[rows]
            expected = (subset @ plain[members].T).max(axis=1)
            assert np.allclose(unit.max_to(members, rows), expected, rtol=0, atol=1e-12)


def matrix_efs(r: np.ndarray, features: np.ndarray, k: int) -> list[int]:
    """EFS at full size: the plain rules over one matrix of all similarities."""
    n = len(r)
    wide = features.astype(np.float64)
    unit = wide / np.linalg.norm(wide, axis=1, keepdims=True)
    alike = unit @ unit.T
    near = np.diagonal(alike, 1)
    curve = np.r_[near[0], (near[1:] + near[:-1]) / 2, near[-1]]
    starts = [0, *find_peaks(-curve, distance=5)[0].tolist()]
    groups = np.add.reduceat(wide, starts, axis=0)
    while len(starts) > 10:
        length = np.linalg.norm(groups, axis=1)
        cos = (groups[:-1] * groups[1:]).sum(axis=1) / (length[:-1] * length[1:])
        at = int(np.argmax(cos))
        groups[at] += groups[at + 1]
        groups = np.delete(groups, at + 1, axis=0)
        del starts[at + 1]
    anchors = [a + int(np.argmax(r[a:b])) for a, b in itertools.pairwise([*starts, n])]
    rest = [int(i) for i in np.argsort(-r, kind="stable") if i not in anchors]
    spread = alike[np.ix_(rest, anchors)].max(axis=1)
    theta, loose = (max(0.0, float(spread.mean() + sign * 0.5 * spread.std())) for sign in (-1, 1))
    picks = list(anchors)
    while True:
        for i in rest:
            if len(picks) < k and i not in picks and alike[i, picks].max() < theta:
                picks.append(i)
        if len(picks) >= k or theta >= loose:
            break
        theta = min(theta + 0.05, loose)
    picks += [i for i in rest if i not in picks][: k - len(picks)]
    return sorted(picks)


@pytest.mark.parametrize("seed", range(3))
def test_efs_picks_at_full_width_equal_the_matrix_form(seed: int) -> None:
    c = make_candidates(1500, 768, seed)
    assert c.relevance is not None and c.features is not None
    assert select("efs", c, 64).indices.tolist() == matrix_efs(c.relevance, c.features, 64)


def test_transform_levels_of_the_paper() -> None:
    from vidkit.frames.selectors.wfs_sb import transform_level

    lengths = {1: 1, 13: 1, 32: 2, 64: 3, 128: 4, 300: 5, 1040: 7, 3600: 8}
    assert {n: transform_level(n, 8) for n in lengths} == lengths


def test_wfs_sb_change_signal_is_the_coarsest_detail() -> None:
    from vidkit.frames.selectors.wfs_sb import semantic_change

    n = 512
    level, flat = semantic_change(np.full(n, 0.4))
    assert level == 6 and np.abs(flat).max() < 1e-9  # a detail band has no mean
    period = 2 ** (level + 0.5)
    _, slow = semantic_change(np.sin(2 * np.pi * np.arange(n) / period))
    _, quick = semantic_change(np.sin(2 * np.pi * np.arange(n) / 4))
    assert slow.mean() > 20 * quick.mean()


def test_wfs_sb_strict_ties_go_to_the_end_of_an_unstable_sort() -> None:
    from vidkit.frames.selectors.budget_allocation import allocate_budget
    from vidkit.frames.selectors.wfs_sb import WfsSbConfig

    importance, kept = np.array([0.5, 0.5, 0.5, 0.5]), np.arange(4)
    assert allocate_budget(importance, kept, 6, WfsSbConfig())[0].tolist() == [2, 2, 1, 1]
    assert allocate_budget(importance, kept, 6, WfsSbConfig(strict_paper=True))[0].tolist() == [1, 1, 2, 2]


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
