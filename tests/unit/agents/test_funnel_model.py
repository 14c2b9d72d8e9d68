"""The funnel's arithmetic: its identities and bounds."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidkit.agents import funnel_model

share, seconds = st.floats(0, 1), st.floats(0, 10)


def test_figures_by_hand() -> None:
    found = funnel_model(0.5, 0.8, screen_s=0.1, draft_s=0.2, agent_s=4, workers=2, batch=4)
    assert found.expected_latency == pytest.approx(0.1 + 0.16 + 0.6 * 4)
    assert found.speedup == pytest.approx(4 / 2.66)
    assert found.ceiling == pytest.approx(1 / 0.6)
    assert found.break_even == pytest.approx(0.26 / 4)
    assert found.interval == pytest.approx(max(0.26 / 4, 1.2)) == pytest.approx(1 / found.throughput)


@given(share, share, seconds, seconds, st.floats(0.1, 100))
def test_no_faster_than_the_ceiling_and_faster_than_the_agent_only_past_break_even(a, b, j, s, agent) -> None:
    found = funnel_model(a, b, j, s, agent)
    assert found.speedup <= found.ceiling * (1 + 1e-9)
    if abs(a * b - found.break_even) > 1e-6:
        assert (found.speedup > 1) == (a * b > found.break_even)
    assert found.interval <= found.expected_latency * (1 + 1e-9)


def test_everything_believed_for_nothing() -> None:
    found = funnel_model(1, 1, 0, 0, 2)
    assert (found.speedup, found.ceiling, found.throughput) == (math.inf,) * 3


@pytest.mark.parametrize(
    "values",
    [(1.1, 0, 0, 0, 1), (0, -0.1, 0, 0, 1), (0, math.nan, 0, 0, 1), (0, 0, -1, 0, 1), (0, 0, 0, math.inf, 1),
     (0, 0, 0, 0, 0), (0, 0, 0, 0, 1, 0), (0, 0, 0, 0, 1, 1, 0)],
)  # fmt: skip
def test_values_out_of_range(values) -> None:
    with pytest.raises(ValueError, match="must be"):
        funnel_model(*values)
