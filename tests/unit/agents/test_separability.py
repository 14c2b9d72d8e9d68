"""Separability and its gate: the formula, its invariances, the tie trap, and replies of real servers."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vidkit.agents import gate, separability
from vidkit.agents.confidence import CONFIDENCES, log_mean, margin, min_prob, negative_entropy
from vidkit.agents.separability import squashed
from vidkit.serving.reply import Alternative, Token

RAW = {0.90: 3.662, 0.95: 4.907, 0.98: 6.486, 0.99: 7.659, 0.995: 8.822}


def direct(row: list[float], k: int) -> float:
    top = sorted(row, reverse=True)[:k]
    mu = sum(top[1:]) / (len(top) - 1)
    sigma = math.sqrt(sum((z - mu) ** 2 for z in top[1:]) / (len(top) - 1))
    return 1 / (1 + math.exp(-0.6 * (top[0] - mu) / (sigma + 1e-6)))


@pytest.mark.parametrize(("tau", "raw"), RAW.items())
def test_published_thresholds_as_raw_separability(tau: float, raw: float) -> None:
    assert squashed(raw) == pytest.approx(tau, abs=2e-5)


rows = st.lists(st.lists(st.floats(-30, 30), min_size=8, max_size=8), min_size=1, max_size=5)


@given(rows, st.integers(3, 8))
def test_it_is_the_formula(values: list[list[float]], k: int) -> None:
    assert separability(values, k) == pytest.approx(min(direct(row, k) for row in values), abs=1e-9)


@given(rows, st.floats(-50, 50), st.randoms())
def test_order_and_a_constant_change_nothing(values: list[list[float]], shift: float, random) -> None:
    array = np.array(values)
    if np.sort(array, axis=1)[:, :-1].std(axis=1).min() < 1e-3:
        return  # rounding of the shift over a spread of nothing
    mixed = [random.sample(row, len(row)) for row in values]
    assert separability(mixed, 8) == pytest.approx(separability(array, 8), abs=1e-9)
    assert separability(array + shift, 8) == pytest.approx(separability(array, 8), abs=1e-6)
    assert separability(torch.tensor(values, dtype=torch.float64), 8) == separability(array, 8)


def test_a_tie_can_pass_both_published_thresholds_but_not_our_gate() -> None:
    tie = np.array([[0.0, 0.0, *[-20.0] * 62]])
    score = separability(tie)
    assert score == pytest.approx(squashed(math.sqrt(62)), abs=1e-4)
    assert gate(tie, 0.98, "paper")
    refused = gate(tie, 0.98)
    assert not refused.accepted and "nats behind" in refused.reason
    for k, tau in ((44, 0.98), (35, 0.97), (26, 0.95)):  # the largest K at which no tie passes
        assert separability(tie, k) <= tau + 1e-9 < separability(tie, k + 1)


@given(st.lists(st.floats(-30, 0), min_size=3, max_size=64))
def test_no_tie_is_above_samuelsons_bound(rest: list[float]) -> None:
    top = max(rest)
    assert separability([[top, *rest]], 64) <= squashed(math.sqrt(len(rest) - 1)) + 1e-9


def test_aggregates() -> None:
    values = np.array([[9.0, 1, 0, -1], [3, 1, 0, -1], [2, 1, 0, -1], [5, 1, 0, -1], [7, 1, 0, -1]])
    each = [separability(row[None]) for row in values]
    assert separability(values) == min(each) == separability(values, aggregate="bottom20")
    raw = [math.log(s / (1 - s)) / 0.6 for s in each]
    assert separability(values, aggregate="mean") == pytest.approx(squashed(sum(raw) / 5), abs=1e-9)


@pytest.mark.parametrize(
    "values",
    [[], np.zeros((0, 5)), [[1.0, 0.0]], [[1.0, 0.0, -9999.0, -math.inf, math.nan]], [[math.inf, 1, 0, 0]],
     [[3, 2, 1, 0], [1, 0]]],
)  # fmt: skip
def test_no_score_is_not_a_low_score(values) -> None:
    assert math.isnan(separability(values))
    decision = gate(values, 0.1)
    assert not decision and "no score" in decision.reason


def test_placeholders_are_no_logits() -> None:
    clean = [[-0.1, -3.0, -4.0, -6.0]]
    assert separability([[-3.0, -9999.0, -0.1, -math.inf, -6.0, math.nan, -4.0]]) == separability(clean)


def test_no_spread_stays_finite() -> None:
    assert separability([[5.0, 0, 0, 0]]) == 1.0
    assert separability([[0.0, 0, 0, 0]]) == 0.5


def test_the_end_token_and_what_follows_is_left_out() -> None:
    def token(text: str, *logprobs: float) -> Token:
        return Token(text, logprobs[0], tuple(Alternative("x", p) for p in logprobs))

    sure, end = token("B", -0.01, -5, -6, -8), token("<|im_end|>", -0.7, -0.71, -3, -4)
    assert gate([sure, end], 0.9) == gate([sure], 0.9)
    assert gate([sure], 0.9)
    assert not gate([end], 0.9)


@pytest.mark.parametrize(
    "call",
    [lambda: separability([[1, 2, 3]], k=2), lambda: separability([[1, 2, 3]], aggregate="median"),
     lambda: separability(np.zeros(4)), lambda: separability(np.zeros((2, 2, 2))),
     lambda: gate([[1, 2, 3]], 0.5, "best"), lambda: gate([[1, 2, 3]], math.nan)],
)  # fmt: skip
def test_bad_arguments(call) -> None:
    with pytest.raises(ValueError, match=r"must be"):
        call()


def test_plain_confidences() -> None:
    probabilities = np.array([[0.7, 0.2, 0.1], [0.5, 0.25, 0.25]])
    logs = np.log(probabilities)
    assert min_prob(logs) == pytest.approx(0.5)
    assert log_mean(logs) == pytest.approx(math.sqrt(0.35))
    assert margin(logs) == pytest.approx(math.log(2))
    assert negative_entropy(logs) == pytest.approx(0.25 * 2 * math.log(0.25) + 0.5 * math.log(0.5))
    for name, confidence in CONFIDENCES.items():
        assert confidence(logs + 3, k=64) == pytest.approx(confidence(logs, k=64)), (
            name
        )  # logits serve as well
        assert math.isnan(confidence([], k=64)), name
