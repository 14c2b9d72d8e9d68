"""From measurements to a table file, and how well the table's additive prediction holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from vidkit.attention.apply import enable
from vidkit.attention.calibration.bands import BAND_WEIGHTS, band_error
from vidkit.attention.calibration.calibrator import Measurements
from vidkit.attention.calibration.floor import above_floor, floor_fields
from vidkit.attention.ebc import allocate
from vidkit.attention.policy import AttentionPolicy
from vidkit.attention.predictors import MaskPredictor
from vidkit.attention.thresholds import ThresholdTable
from vidkit.errors import ConfigError
from vidkit.hooks.partial_forward import velocity_of
from vidkit.hooks.snapshots import Snapshot


def make_table(
    measured: Measurements,
    candidates: Sequence[float],
    predictor: Mapping[str, Any],
    model: str,
    budget: float | None = None,
    shared_tau: float = 0.9,
    meta: Mapping[str, Any] | None = None,
) -> ThresholdTable:
    """Spend the budget and write down everything another budget needs.

    Args:
        measured: E and S, and the floor if it is known.
        candidates: thresholds of the last axis.
        predictor: `MaskPredictor.describe()`.
        model: name of the model.
        budget: minimum mean sparsity; None: what the predictor reaches at `shared_tau` on every head.
        shared_tau: the uncalibrated threshold that the table is compared with; one of the candidates.
        meta: further fields of the file.

    Raises:
        ConfigError: `shared_tau` was not measured, or the budget cannot be reached.
    """
    E, S = measured.errors, measured.sparsities
    shared = [i for i, t in enumerate(candidates) if abs(t - shared_tau) < 1e-9]
    if budget is None and not shared:
        raise ConfigError(
            f"the default budget needs tau {shared_tau} among the candidates {list(candidates)}",
            "add it, or set a budget",
        )
    least = float(S[..., shared[0]].mean()) if budget is None else budget
    found = allocate(E, S, least)
    tau = torch.tensor(list(candidates), dtype=torch.float64)[found.choice]
    extra = {
        "solver": found.solver,
        "gap": found.gap,
        "shared_tau": shared_tau,
        "shared_tau_objective": float(E[..., shared[0]].sum()) if shared else None,
        "shared_tau_sparsity": float(S[..., shared[0]].mean()) if shared else None,
        "calibration_seconds": measured.seconds,
        **floor_fields(measured.floor, E, S),
    }
    return ThresholdTable(
        model,
        dict(predictor),
        list(candidates),
        least,
        found.sparsity,
        found.objective,
        tau.tolist(),
        E.tolist(),
        S.tolist(),
        {**extra, **(meta or {})},
    )


def resolve(table: ThresholdTable, budget: float) -> ThresholdTable:
    """The same measurements under another budget; seconds, no GPU.

    What was measured for the old choice (`joint`) does not carry over.
    """
    measured = Measurements(
        torch.tensor(table.E, dtype=torch.float64),
        torch.tensor(table.S, dtype=torch.float64),
        float(table.meta.get("calibration_seconds") or 0.0),
    )
    meta = {k: v for k, v in table.meta.items() if k != "joint"}
    shared_tau = float(table.meta.get("shared_tau") or 0.9)
    fresh = make_table(measured, table.candidates, table.predictor, table.model, budget, shared_tau)
    return ThresholdTable(**{**vars(fresh), "meta": {**meta, **fresh.meta}})


@dataclass(frozen=True)
class JointReport:
    """The table's additive prediction against all heads sparse at once.

    Attributes:
        predicted: sum over heads of the measured single-head errors.
        joint: mean error with every head at its threshold.
        shared: mean error with every head at the shared threshold.
        sparsity: mean sparsity of the joint runs.
        shared_sparsity: mean sparsity at the shared threshold.
        runs: held-out snapshots.
        above_floor: sum of what the single-head errors have above the floor; None: floor not measured.
    """

    predicted: float
    joint: float
    shared: float
    sparsity: float
    shared_sparsity: float
    runs: int
    above_floor: float | None = None


def joint_error(
    model: Any,
    predictor: MaskPredictor,
    table: ThresholdTable,
    held_out: Sequence[Snapshot],
    weights: Mapping[str, float] = BAND_WEIGHTS,
    seed: int = 0,
) -> JointReport:
    """Run held-out snapshots with all heads sparse, by the table and at its shared threshold.

    Raises:
        ConfigError: no held-out snapshot.
    """
    if not held_out:
        raise ConfigError(
            "the joint error needs held-out prompts", "keep at least one prompt out of the calibration"
        )
    shared_tau = float(table.meta.get("shared_tau") or 0.9)
    by_table = AttentionPolicy(predictor, table=table, table_path="the fresh table", seed=seed)
    joint, sparsity = _mean_error(model, by_table, held_out, weights)
    shared, shared_sparsity = _mean_error(
        model, AttentionPolicy(predictor, tau=shared_tau, seed=seed), held_out, weights
    )
    return JointReport(
        table.objective, joint, shared, sparsity, shared_sparsity, len(held_out), above_floor(table)
    )


def _mean_error(
    model: Any, policy: AttentionPolicy, snapshots: Sequence[Snapshot], weights: Mapping[str, float]
) -> tuple[float, float]:
    """Mean weighted error and mean sparsity over snapshots."""
    device: torch.device = next(model.parameters()).device
    errors, sparsities = [], []
    for snapshot in snapshots:
        inputs = snapshot.on(device)
        dense: Tensor = velocity_of(model, inputs)
        with enable(model, policy) as handle:
            errors.append(band_error(velocity_of(model, inputs), dense, weights).weighted)
            sparsities.append(1 - handle.rows()[-1].density)
            handle.reset()
    return sum(errors) / len(errors), sum(sparsities) / len(sparsities)
