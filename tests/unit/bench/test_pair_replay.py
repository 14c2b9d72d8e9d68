"""Replays: seconds by hand, the same answers whatever the schedule, and what is taken at a p99."""

import numpy as np
import pytest

from vidkit.bench.agents.pair_passes import Pass, Passes
from vidkit.bench.agents.pair_replay import Plan, Said, replay, right_of, waits_under

PASSES = Passes(Pass(1.0, 0.5, 0.0), Pass(10.0, 2.0, 0.0), Pass(4.0, 1.0, 0.0))


def said(count: int = 6) -> Said:
    """Every third question needs two crops, and only there the draft is wrong, and knows it."""
    hard = np.arange(count) % 3 == 0
    small = (~hard).astype(float)
    return Said(small, np.ones(count), 2.0 * hard, small, small, np.where(hard, 0.3, 0.9))


def test_one_by_one_is_the_sum_of_its_passes() -> None:
    report = replay(said(), PASSES, Plan(speculate=False))
    assert report.seconds == pytest.approx(6 * 10 + 2 * 2 * 4)
    assert right_of(report).all() and [one.depth for one in report.outcomes] == [3, 1, 1, 3, 1, 1]


def test_agents_that_wait_for_the_same_depth_share_a_pass() -> None:
    report = replay(said(), PASSES, Plan(workers=6, batch=6, front=6, speculate=False))
    assert report.seconds == pytest.approx((10 + 5 * 2) + 2 * (4 + 1))


def test_a_funnel_on_one_processor() -> None:
    ours = Plan(workers=6, batch=6, front=6)
    report = replay(said(), PASSES, ours, threshold=0.5)
    assert report.seconds == pytest.approx((1 + 5 * 0.5) + (10 + 2) + 2 * (4 + 1))
    assert report.alpha == pytest.approx(2 / 3) and right_of(report).all()
    rash = replay(said(), PASSES, ours, threshold=0.0)
    assert rash.seconds == pytest.approx(3.5) and right_of(rash).tolist() == [0, 1, 1, 0, 1, 1]
    shy = replay(said(), PASSES, ours, threshold=None)
    alone = replay(said(), PASSES, Plan(workers=6, batch=6, front=6, speculate=False))
    assert shy.alpha == 0 and shy.seconds == pytest.approx(alone.seconds + 3.5)  # the drafts' own time


@pytest.mark.parametrize("screen", ["small", "large"])
def test_the_published_schedule_by_hand(screen: str) -> None:
    report = replay(said(), PASSES, Plan(front=6, screen=screen, overlap=False), threshold=0.5)
    front = 3.5 if screen == "small" else 6 * 10 + (1 + 3 * 0.5)
    assert report.seconds == pytest.approx(front + 2 * (10 + 2 * 4))
    assert report.beta == pytest.approx(2 / 3) and report.alpha == 1 and right_of(report).all()


def test_waits_grow_with_the_load_and_the_funnel_takes_more() -> None:
    agents, ours = Plan(4, 4, 4, speculate=False), Plan(4, 4, 4)
    most = 600 / replay(said(600), PASSES, agents).seconds
    calm, busy = (waits_under(share * most, 600, said(600), PASSES, agents) for share in (0.3, 0.9))
    assert np.percentile(calm, 99) < np.percentile(busy, 99) and (calm > 0).all()
    funnel = waits_under(1.5 * most, 600, said(600), PASSES, ours, 0.5)
    assert np.percentile(funnel, 99) < np.percentile(busy, 99)
    again = waits_under(1.5 * most, 600, said(600), PASSES, ours, 0.5)
    assert (funnel == again).all()
