"""The pair on held-out questions: accuracy by kind and size, zooming, gates, the speed of the funnel."""

from __future__ import annotations

from typing import Any

import numpy as np

from vidkit.agents.gate_scores import aurc, auroc
from vidkit.agents.pair.columns import gate_columns
from vidkit.agents.risk_control import calibrate_threshold
from vidkit.synthetic.zoom_scenes.questions import KINDS, STRATA
from vidkit.utils.statistics import wilson_interval

SIZES = ((12, 18), (18, 28), (28, 44), (44, 70), (70, 113))


def _share(values: np.ndarray) -> dict[str, Any]:
    interval = wilson_interval(int(values.sum()), len(values))
    return {"share": float(values.mean()), "low": interval.low, "high": interval.high, "count": len(values)}


def figures(columns: dict[str, np.ndarray], costs: tuple[float, float]) -> dict[str, Any]:
    """All figures of the pair.

    Args:
        columns: of `pair_columns`.
        costs: of the large model's first look and of a crop, in drafts of the small one.
    """
    groups = {"all": np.ones(len(columns["kind"]), bool)}
    groups |= {kind: columns["kind"] == place for place, kind in enumerate(KINDS)}
    groups |= {f"{low}-{high} px": (columns["key"] >= low) & (columns["key"] < high) for low, high in SIZES}
    groups |= {"needs zoom": columns["needs"] > 0, "readable": columns["needs"] == 0}
    existence = columns["kind"] == KINDS.index("existence")
    groups |= {f"existence, {name}": existence & (columns["stratum"] == n) for n, name in enumerate(STRATA)}
    accuracy = {
        name: {who: _share(columns[who][rows] > 0) for who in ("small", "no_zoom", "agent")} | {
            "crops": float(columns["crops"][rows].mean())}
        for name, rows in groups.items() if rows.any()
    }  # fmt: skip
    scores, right = gate_columns(columns["logits"]), columns["small"]
    gates = {name: {"auroc": auroc(one, right), "aurc": aurc(one, right)} for name, one in scores.items()}
    return {
        "accuracy": accuracy,
        "gates": gates,
        "screen_auroc": auroc(columns["tool_free"], columns["needs"] == 0),
        "funnel": [_funnel(name, values, columns, costs) for name, values in scores.items()],
    }


def _funnel(
    name: str, scores: np.ndarray, columns: dict[str, np.ndarray], costs: tuple[float, float]
) -> dict[str, Any]:
    """The funnel with a threshold from the first half, measured on the second; speed in units of cost."""
    half = len(scores) // 2
    wrong_agent = 1 - columns["agent"][:half].mean()
    risk = min(max(float(wrong_agent), 1e-3), 1 - 1e-3)  # as wrong as the agent itself
    threshold = calibrate_threshold(scores[:half], columns["small"][:half] > 0, risk, 0.05)
    rest = slice(half, None)
    believed = scores[rest] > (np.inf if threshold is None else threshold)
    agent_cost = costs[0] + columns["crops"][rest] * costs[1]
    funnel_cost = 1 + np.where(believed, 0, agent_cost)
    accuracy = np.where(believed, columns["small"][rest], columns["agent"][rest])
    return {
        "gate": name,
        "threshold": threshold,
        "believed": float(believed.mean()),
        "accuracy": _share(accuracy > 0),
        "agent_accuracy": _share(columns["agent"][rest] > 0),
        "speedup": float(agent_cost.mean() / funnel_cost.mean()),
    }
