"""Facility location against the plain loop, LDDR by its definition, DIG's authors by their lists."""

from __future__ import annotations

import numpy as np
import pytest

from vidkit.frames import Candidates, select
from vidkit.frames.selectors.dig_authors import refined_spans
from vidkit.frames.selectors.facility import CoverGains, FacilityConfig, lazy_greedy


def made(seed: int, n: int = 90, whole: bool = False) -> Candidates:
    """Candidates of few scenes; `whole`: small whole numbers, so that many gains are equal."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 3, (n, 5)).astype(float) if whole else rng.normal(size=(n, 12))
    relevance = rng.integers(0, 4, n) / 3.0 if whole else rng.random(n)
    return Candidates(np.arange(float(n)), relevance, rows)


def plain_greedy(gains: CoverGains, k: int) -> list[int]:
    picks: list[int] = []
    while len(picks) < k:
        values = [-np.inf if i in picks else gains.of(i) for i in range(len(gains))]
        best = int(np.argmax(values))
        if values[best] <= 0:
            break
        gains.take(best)
        picks.append(best)
    return picks


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("whole", [False, True], ids=["real", "ties"])
@pytest.mark.parametrize("cfg", [FacilityConfig(), FacilityConfig(0.5, 0.3), FacilityConfig(0.2, 1.0, 17)])
def test_lazy_greedy_equals_the_plain_loop(seed: int, whole: bool, cfg: FacilityConfig) -> None:
    c = made(seed, whole=whole)
    assert lazy_greedy(CoverGains(c, 20, cfg), 20) == plain_greedy(CoverGains(c, 20, cfg), 20)


def test_lazy_greedy_asks_for_fewer_gains() -> None:
    gains = CoverGains(made(0, 400), 20, FacilityConfig())
    asked = []
    real = gains.of
    gains.of = lambda i: asked.append(i) or real(i)  # type: ignore[method-assign, func-returns-value]
    lazy_greedy(gains, 20)
    assert len(asked) < 7800 / 2  # the plain loop asks 7,800 times; random rows are the worst case


def test_facility_reaches_the_bound_of_greedy() -> None:
    import itertools

    c = made(3, 12)
    cfg = FacilityConfig(0.3, 0.5)

    def value(picks: tuple[int, ...]) -> float:
        gains, total = CoverGains(c, 3, cfg), 0.0
        for i in picks:
            total += gains.of(i)
            gains.take(i)
        return total

    best = max(value(p) for p in itertools.combinations(range(12), 3))
    assert value(tuple(select("facility", c, 3, relevance_weight=0.3, focus=0.5).indices)) >= 0.632 * best


def test_facility_without_anything_left_to_cover_fills_by_relevance() -> None:
    rows = np.repeat(np.eye(2), 10, axis=0)
    relevance = np.r_[np.linspace(0.5, 0.9, 10), np.linspace(0.1, 0.4, 10)]
    chosen = select("facility", Candidates(np.arange(20.0), relevance, rows), 6, relevance_weight=0.0)
    assert sorted(chosen.reasons) == ["cover"] * 2 + ["fill"] * 4
    assert [int(i) for i, r in zip(chosen.indices, chosen.reasons, strict=True) if r == "fill"] == [
        6,
        7,
        8,
        9,
    ]


def test_lddr_takes_the_largest_residual_of_weighted_rows() -> None:
    c = made(2, 40)
    rows = c.features / np.linalg.norm(c.features, axis=1, keepdims=True)
    r = (c.relevance - c.relevance.min()) / np.ptp(c.relevance)
    left, picks = r[:, None] * rows, []
    while len(picks) < 8:
        pick = int(np.argmax((left**2).sum(axis=1)))
        picks.append(pick)
        b = left[pick] / np.linalg.norm(left[pick])
        left = left - np.outer(left @ b, b)
    assert select("lddr", c, 8).indices.tolist() == sorted(picks)


# rewards, boundaries (the last frame closes), k, and the list that the authors' code returns
AUTHORS = [
    ([0, 0, 0, 0, 0, 0], [0, 12, 25, 31, 40, 46, 47], 2, [0, 47]),
    ([0], [0, 44], 5, [0, 11, 22, 33, 44]),
    ([2, 3, 0, 0, 3, 3, 3, 3], [0, 1, 4, 7, 10, 11, 28, 34, 42], 6, [0, 6, 13, 20, 27, 34]),
    ([50, 0, 40, 0, 0], [0, 12, 16, 36, 39, 51], 3, [0, 8, 16]),
    ([50, 20, 20, 50, 80, 0, 40, 0], [0, 1, 6, 11, 16, 18, 24, 31, 50], 6, [6, 9, 13, 16, 20, 24]),
    ([20, 20, 0, 0, 0], [0, 7, 12, 15, 32, 37], 7, [0, 6, 12, 18, 24, 30, 37]),
    ([60, 0, 40, 0, 0, 80, 10, 30], [0, 6, 18, 19, 21, 34, 36, 40, 54], 5, [0, 10, 20, 30, 40]),
]


@pytest.mark.parametrize(("rewards", "edges", "k", "expected"), AUTHORS)
@pytest.mark.parametrize("closed", [True, False])
def test_dig_authors_gives_the_list_of_its_authors(
    rewards: list[float], edges: list[int], k: int, expected: list[int], closed: bool
) -> None:
    times = np.arange(float(edges[-1] + 1))
    events = np.array(edges if closed else edges[:-1])
    chosen = select("dig-authors", Candidates(times, rewards=np.array(rewards, float), events=events), k)
    assert chosen.detail["picks"].tolist() == expected and chosen.indices.tolist() == expected


def test_dig_authors_repeats_in_its_list_and_says_so() -> None:
    rewards, events = np.array([0.0, 9, 0, 0, 0, 0, 0]), np.array([0, 2, 4, 5, 20, 30, 40])
    chosen = select("dig-authors", Candidates(np.arange(50.0), rewards=rewards, events=events), 30)
    assert chosen.indices.size == 6 and chosen.detail["picks"].size == 30
    assert any("kept 6 of the 30 frames asked for" in w for w in chosen.warnings)


def test_dig_authors_never_reaches_the_end_of_the_last_event() -> None:
    assert refined_spans(np.array([0.0, 0, 0, 5]), np.array([0, 10, 20, 30, 39])) == [(10, 30)]


def test_dig_authors_takes_middle_frames_for_rewards_and_cuts_before_jumps() -> None:
    rows = np.repeat(np.eye(4), 10, axis=0)
    relevance = np.zeros(40)
    relevance[14] = 1.0  # the middle of the second event: cuts stand on the last frame of each scene
    chosen = select("dig-authors", Candidates(np.arange(40.0), relevance, rows), 4)
    assert [s.start for s in chosen.segments] == [0, 9, 19, 29]
    assert chosen.detail["rewards"].tolist() == [0, 1, 0, 0] and chosen.detail["spans"].tolist() == [[0, 29]]
