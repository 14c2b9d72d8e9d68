"""`vidkit.agents`: names, signatures, and arrays of either library."""

import inspect

import numpy as np
import pytest
import torch

from vidkit import agents

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
