"""WFS-SB, EFS and AKS against plain references written out loop by loop."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import pywt
from made_candidates import make_candidates
from scipy.signal import find_peaks

from vidkit.frames import select
from vidkit.frames.types import Candidates


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


def plain_aks_authors(r: np.ndarray, k: int, threshold: float = 0.8, depth: int = 5) -> list[int]:
    """Halves until the k best of a part stand out; a part at depth d keeps its int(k / 2^d) best."""
    scaled = [(x - min(r)) / (max(r) - min(r)) for x in r]

    def kept(start: int, stop: int, at: int) -> list[int]:
        part = scaled[start:stop]
        best = sorted(part, reverse=True)[:k]
        if at == depth or stop - start < 2 or np.mean(best) - np.mean(part) > threshold:
            return sorted(range(start, stop), key=lambda i: (-scaled[i], i))[: int(k / 2**at)]
        middle = start + (stop - start) // 2
        return kept(start, middle, at + 1) + kept(middle, stop, at + 1)

    return sorted(kept(0, len(r), 0))


@pytest.mark.parametrize("seed", range(40))
def test_aks_authors_matches_plain_twin(seed: int) -> None:
    draw = np.random.default_rng(seed)
    n, k = int(draw.integers(80, 400)), int(draw.choice([1, 2, 8, 16, 40, 64]))
    relevance = draw.random(n) ** draw.choice([1, 8, 60])  # most rows far below a few, in some
    candidates = Candidates(np.arange(n, dtype=float), relevance)
    assert select("aks-authors", candidates, k).indices.tolist() == plain_aks_authors(relevance, k)


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
