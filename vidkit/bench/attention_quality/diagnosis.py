"""Why reuse helps or not: how masks, drift and kept mass change from step to step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vidkit.attention.plan import BlockPlan
from vidkit.attention.predictors import MaskPredictor, PlanState
from vidkit.attention.reuse import Anchors, drift, pool
from vidkit.hooks.token_grid import TokenGrid

SAMPLED_ROWS = 96


@dataclass
class WatchingPredictor:
    """A predictor that also compares each new mask with the last one and the first one.

    Run it with reuse=never. Masks are compared at the level of tokens on sampled query rows, and the true
    softmax mass that each mask keeps of these rows is measured.

    Attributes:
        inner: the predictor that is watched.
        rows: one dict a (layer, step): call number of the layer, and `[B * H]` lists of figures.
    """

    inner: MaskPredictor
    rows: list[dict[str, Any]] = field(default_factory=list)
    _seen: dict[int, tuple[PlanState, dict[str, Any]]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.name = self.inner.name

    @property
    def uses_age(self) -> bool:
        """As the watched predictor."""
        return bool(getattr(self.inner, "uses_age", False))

    def describe(self) -> dict[str, Any]:
        """As the watched predictor."""
        return self.inner.describe()

    def plan(self, N: int, state: PlanState, grid: TokenGrid | None) -> BlockPlan:
        """As the watched predictor."""
        return self.inner.plan(N, state, grid)

    def refresh(
        self,
        q: Tensor,
        k: Tensor,
        tau: Tensor,
        state: PlanState,
        active: Tensor | None,
        grid: TokenGrid | None,
    ) -> None:
        """Predict, then compare."""
        self.inner.refresh(q, k, tau, state, active, grid)
        N = q.shape[2]
        picked = torch.linspace(0, N - 1, min(SAMPLED_ROWS, N), device=q.device).long()
        mask = self.inner.plan(N, state, grid).token_mask()[:, :, picked]
        mass = (q[:, :, picked].float() @ k.float().mT * q.shape[-1] ** -0.5).softmax(-1)
        pooled = pool(q, k)
        # states live as long as their generation; the object itself is kept so that its id stays its own
        known = self._seen.get(id(state))
        memory: dict[str, Any] = {"call": 0, "first": mask, "at_first": pooled} if known is None else known[1]
        memory.setdefault("last", mask)
        memory.setdefault("at_last", pooled)
        row: dict[str, Any] = {
            "call": memory["call"],
            "kept_fresh": _mean(mass, mask),
            "density_fresh": _flat(mask.float().mean((-1, -2))),
        }
        for then in ("last", "first"):
            old = memory[then]
            row[f"iou_{then}"] = _iou(mask, old)
            row[f"kept_{then}"] = _mean(mass, old)
            anchors = Anchors.at(memory[f"at_{then}"], 0)
            row[f"drift_{then}"] = _flat(drift(pooled, anchors))
        self.rows.append(row)
        memory.update(call=memory["call"] + 1, last=mask, at_last=pooled)
        self._seen[id(state)] = (state, memory)


def _flat(x: Tensor) -> list[float]:
    values: list[float] = x.double().flatten().tolist()
    return values


def _mean(mass: Tensor, mask: Tensor) -> list[float]:
    return _flat((mass * mask).sum(-1).mean(-1))


def _iou(a: Tensor, b: Tensor) -> list[float]:
    return _flat((a & b).sum((-1, -2)).double() / (a | b).sum((-1, -2)).clamp_min(1))


def diagnosis_of(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Means by step, and how well drift tells which masks changed.

    Returns:
        `steps`: by call number (0: first sparse step) means of every figure; `spearman_last`: rank
        correlation of drift and mask IoU between neighbouring steps over all (layer, head, step);
        `spearman_first`: the same against the first sparse step; None where one of them does not vary.
    """
    from scipy.stats import spearmanr

    calls = sorted({row["call"] for row in rows})
    names = [name for name in rows[0] if name != "call"] if rows else []
    steps = [
        {"call": call}
        | {name: float(np.mean([row[name] for row in rows if row["call"] == call])) for name in names}
        for call in calls
    ]
    found: dict[str, Any] = {"steps": steps}
    for then in ("last", "first"):
        later = [row for row in rows if row["call"] > 0]
        x = np.concatenate([row[f"drift_{then}"] for row in later]) if later else np.zeros(0)
        y = np.concatenate([row[f"iou_{then}"] for row in later]) if later else np.zeros(0)
        varies = len(x) > 2 and np.ptp(x) > 0 and np.ptp(y) > 0
        found[f"spearman_{then}"] = float(spearmanr(x, y).statistic) if varies else None
    return found
