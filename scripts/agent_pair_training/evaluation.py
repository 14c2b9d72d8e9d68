"""The pair on held-out questions: accuracy by kind and size, zooming, gates, the speed of the funnel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from vidkit.agents.gate_scores import aurc, auroc
from vidkit.agents.pair.network import PairNetwork
from vidkit.agents.pair.running import draft, is_right, run_agent
from vidkit.agents.risk_control import calibrate_threshold
from vidkit.agents.separability import squashed
from vidkit.synthetic.zoom_scenes.drawing import draw_pictures
from vidkit.synthetic.zoom_scenes.layout import is_held_out
from vidkit.synthetic.zoom_scenes.questions import KINDS, STRATA, draw_questions
from vidkit.synthetic.zoom_scenes.words import END
from vidkit.utils.statistics import wilson_interval

FIRST_SEED = 20_000_000
SIZES = ((12, 18), (18, 28), (28, 44), (44, 70), (70, 113))


def held_out_seeds(start: int = FIRST_SEED) -> Iterator[int]:
    """Seeds of batches that no training draws."""
    seed = start
    while True:
        if is_held_out(seed):
            yield seed
        seed += 1


def asked(small: PairNetwork, large: PairNetwork, count: int, batch: int) -> dict[str, np.ndarray]:
    """Both models on `count` held-out questions; a column each."""
    columns: dict[str, list[torch.Tensor]] = {}
    device, seeds = small.grid.device, held_out_seeds()
    for _ in range(-(-count // batch)):
        questions = draw_questions(next(seeds), batch, device)
        pictures = draw_pictures(questions)
        first, agent = draft(small, pictures, questions.tokens), run_agent(large, pictures, questions.tokens)
        found = {
            "kind": questions.kind, "stratum": questions.stratum, "key": questions.key,
            "needs": questions.need.any(1), "small": is_right(first.logits, questions.answer),
            "tool_free": first.tool_free, "logits": first.logits, "crops": agent.crops,
            "no_zoom": is_right(agent.first, questions.answer),
            "agent": is_right(agent.final, questions.answer),
        }  # fmt: skip
        for name, values in found.items():
            columns.setdefault(name, []).append(values.float().cpu())
    return {name: torch.cat(parts)[:count].numpy() for name, parts in columns.items()}


def gate_columns(logits: np.ndarray) -> dict[str, np.ndarray]:
    """Scores of all drafts at once from logits [N, 2, V]; as `vidkit.agents` scores them one by one."""
    has_two = logits.argmax(-1)[:, 1] != END
    top = -np.sort(-logits.astype(np.float64), axis=-1)
    logs = top - np.logaddexp.reduce(top, axis=-1, keepdims=True)

    def lowest(each: np.ndarray) -> np.ndarray:
        return np.where(has_two, each.min(1), each[:, 0])

    found = {}
    for k in (8, 16, 32, 64):
        rest = top[..., 1:k]
        each = (top[..., 0] - rest.mean(-1)) / (rest.std(-1) + 1e-6)
        found[f"separability, K = {k}"] = np.array([squashed(value) for value in lowest(each)])
    margins = lowest(top[..., 0] - top[..., 1])
    found["margin (ours), K = 64"] = np.where(margins >= 1, found["separability, K = 64"], 0.0)
    found["min_prob"] = np.exp(lowest(logs[..., 0]))
    found["entropy"] = lowest((np.exp(logs) * logs).sum(-1))
    return found


def _share(values: np.ndarray) -> dict[str, Any]:
    interval = wilson_interval(int(values.sum()), len(values))
    return {"share": float(values.mean()), "low": interval.low, "high": interval.high, "count": len(values)}


def figures(columns: dict[str, np.ndarray], costs: tuple[float, float]) -> dict[str, Any]:
    """All figures of the pair.

    Args:
        columns: of `asked`.
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
