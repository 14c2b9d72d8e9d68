"""`vidkit.agents`: names, signatures, and arrays of either library."""

import inspect

import numpy as np
import pytest
import torch

from vidkit import agents
from vidkit.agents.gate import KINDS

SIGNATURES = {
    "separability": {"logits": None, "k": 64, "aggregate": "min"},
    "gate": {"tokens": None, "threshold": None, "kind": "margin"},
    "funnel_model": dict.fromkeys(
        ("alpha", "beta", "screen_s", "draft_s", "agent_s", "workers", "batch"), None
    ),
    "calibrate_threshold": dict.fromkeys(("scores", "correct", "risk", "delta"), None),
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures(name: str) -> None:
    found = inspect.signature(getattr(agents, name)).parameters
    wanted = SIGNATURES[name]
    assert list(found)[: len(wanted)] == list(wanted)
    assert all(found[key].default == value for key, value in wanted.items() if value is not None)
    assert all(one.default is not inspect.Parameter.empty for one in list(found.values())[len(wanted) :])


def test_the_estimate_has_its_figures() -> None:
    found = agents.funnel_model(0.5, 0.8, 0.1, 0.2, 4.0, 2, 4)
    assert found.expected_latency == pytest.approx(0.1 + 0.8 * 0.2 + 0.6 * 4)
    assert found.speedup == pytest.approx(4 / found.expected_latency)
    assert found.ceiling == pytest.approx(1 / 0.6) and found.break_even == pytest.approx(0.26 / 4)
    assert found.interval == pytest.approx(1.2)


ROWS = [[4.0, 1.0, 0.5, -2.0], [3.0, 2.5, 0.0, -1.0]]
MADE = {
    "lists": lambda rows: rows,
    "numpy": np.array,
    "half numpy": lambda rows: np.array(rows, dtype=np.float16),
    "torch": torch.tensor,
    "bfloat16": lambda rows: torch.tensor(rows, dtype=torch.bfloat16),
    "with gradients": lambda rows: torch.tensor(rows, requires_grad=True),
    "list of tensors": lambda rows: [torch.tensor(row, dtype=torch.bfloat16) for row in rows],
}


@pytest.mark.parametrize("kind", MADE)
def test_arrays_of_either_library(kind: str) -> None:
    rows = MADE[kind](ROWS)
    assert agents.separability(rows, k=4) == pytest.approx(agents.separability(ROWS, k=4), abs=1e-4)
    assert agents.gate(rows, 0.1, k=4).reason == agents.gate(ROWS, 0.1, k=4).reason
    scores, right = [0.9] * 200 + [0.2] * 50, [1.0] * 200 + [0.0] * 50
    made, truth = (MADE[kind]([values])[0] for values in (scores, right))
    expected = agents.calibrate_threshold(scores, [value > 0 for value in right], 0.05, 0.05)
    # halves round .2 and .9, and thresholds lie .005 apart there
    assert agents.calibrate_threshold(made, truth, 0.05, 0.05) == pytest.approx(expected, abs=0.006)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: agents.separability(ROWS, k=64.0), "k must be a whole number >= 3, got 64.0"),
        (lambda: agents.separability(ROWS, k=2), "k must be >= 3, got 2"),
        (lambda: agents.separability(None), "one row per token"),
        (lambda: agents.separability("abc"), "one row per token"),
        (lambda: agents.separability(np.array(ROWS) * 1j), "must be real"),
        (lambda: agents.gate(ROWS, "high"), "threshold must be a number, got 'high'"),
        (lambda: agents.gate(ROWS, None), "threshold must be a number, got None"),
        (lambda: agents.funnel_model("a", 0.5, 0.1, 0.1, 1.0), "alpha must be a number, got 'a'"),
        (lambda: agents.funnel_model(0.5, 0.5, 0.1, 0.1, 10**400), "agent_s must be a number, got 1000"),
        (lambda: agents.funnel_model(0.5, 0.5, 0.1, 0.1, 1.0, workers=1.5), "whole number >= 1, got 1.5"),
        (lambda: agents.funnel_model(0.5, 0.5, 0.1, 0.1, 1.0, workers=float("nan")), "got nan"),
        (lambda: agents.funnel_model(0.5, 0.5, 0.1, 0.1, 1.0, batch=0), "batch must be >= 1, got 0"),
    ],
)
def test_what_is_no_number_or_count_is_refused(call, told: str) -> None:
    with pytest.raises(ValueError, match=told.replace("(", r"\(")):
        call()


@pytest.mark.parametrize("odd", [0.5, 2, -1, float("nan")])
def test_a_draft_is_right_or_wrong_and_nothing_else(odd) -> None:
    # a grade, a label of -1 or an unknown one would pass for right, and the threshold promise nothing
    for truth in ([1.0] * 199 + [odd], np.array([1.0] * 199 + [odd]), torch.tensor([1.0] * 199 + [odd])):
        with pytest.raises(ValueError, match="correct must hold True and False"):
            agents.calibrate_threshold([0.9] * 200, truth, 0.05, 0.05)
    assert agents.calibrate_threshold([0.9] * 200, torch.ones(200, dtype=torch.bool), 0.05, 0.05) is not None


def test_figures_are_plain_numbers_whatever_went_in() -> None:
    made = (torch.tensor(0.5), np.float32(0.8), torch.tensor(0.1), np.float64(0.2), torch.tensor(4.0))
    found = agents.funnel_model(*made, workers=np.int64(2), batch=torch.tensor(4))
    for name in ("expected_latency", "speedup", "ceiling", "break_even", "interval"):
        assert type(getattr(found, name)) is float
        expected = agents.funnel_model(0.5, 0.8, 0.1, 0.2, 4.0, 2, 4)
        assert getattr(found, name) == pytest.approx(getattr(expected, name), rel=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_too_little_that_is_known_is_no_score_for_any_gate(kind: str) -> None:
    sure = [[-0.01, -6.0, -7.0, -8.0]]
    for few in (
        None,
        [],
        [[-0.01, -6.0]],
        [[-0.01, -6.0, -9999.0, float("-inf")]],
        torch.tensor([[-0.01, -6.0, -9999.0, float("-inf")]]),
        [*sure, [-0.01, -9999.0, -9999.0, -9999.0]],
    ):
        found = agents.gate(few, float("-inf"), kind=kind)
        assert not found and np.isnan(found.score) and found.reason.startswith("no score")
    assert agents.gate(sure, float("-inf"), kind=kind)
