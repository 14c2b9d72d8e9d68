"""EBC: one threshold per head within a sparsity budget, a multiple-choice knapsack."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from vidkit.errors import ConfigError, DataError

log = logging.getLogger(__name__)

Array = npt.NDArray[np.float64]
Values = Tensor | npt.ArrayLike
SLACK = 1e-12  # sums of floats are compared with this tolerance


@dataclass(frozen=True)
class Allocation:
    """A choice and how it was found.

    Attributes:
        choice: `[L, H]` int64 index of the candidate of each head.
        objective: summed error of the choice.
        sparsity: mean sparsity of the choice.
        solver: `milp` or `lagrangian`.
        gap: proven relative distance from the optimum.
    """

    choice: Tensor
    objective: float
    sparsity: float
    solver: str
    gap: float


def solve_budget(errors: Values, sparsities: Values, min_sparsity: float) -> Tensor:
    """Candidate of each head with the smallest summed error at a mean sparsity of at least `min_sparsity`.

    Source: HASTE (arXiv 2605.14513), error-guided budgeted calibration, eq. of the allocation.

    Args:
        errors: E `[L, H, K]`: a tensor, an array or nested lists.
        sparsities: S `[L, H, K]`, in [0, 1], likewise.
        min_sparsity: budget, in [0, 1].

    Returns:
        `[L, H]` int64.

    Raises:
        ConfigError: no choice reaches the budget.
        DataError: shapes differ, or values are not finite numbers.
    """
    return allocate(errors, sparsities, min_sparsity).choice


def allocate(errors: Values, sparsities: Values, min_sparsity: float, solver: str = "auto") -> Allocation:
    """`solve_budget` with the details; `solver` is `auto`, `milp` or `lagrangian`."""
    (E, S), shape = _checked(errors, sparsities)
    best = S.max(1).mean()
    if not best >= min_sparsity - SLACK:
        raise ConfigError(
            f"no choice of thresholds reaches a mean sparsity of {min_sparsity:.4f};"
            f" the maximum is {best:.4f}",
            "lower the budget, or calibrate with smaller candidates",
        )
    if solver == "auto":
        solver = "milp" if _has_scipy() else "lagrangian"
    if solver == "milp":
        choice, gap = _milp(E, S, min_sparsity)
    else:
        choice, gap = lagrangian(E, S, min_sparsity)
    choice = _repair(E, S, choice, min_sparsity)
    rows = np.arange(len(E))
    return Allocation(
        torch.from_numpy(choice.reshape(shape)),
        float(E[rows, choice].sum()),
        float(S[rows, choice].mean()),
        solver,
        gap,
    )


def _checked(errors: Values, sparsities: Values) -> tuple[tuple[Array, Array], tuple[int, int]]:
    """E and S as fp64 `[L * H, K]`, and (L, H)."""
    E, S = _array(errors, "errors"), _array(sparsities, "sparsities")
    if E.ndim != 3 or E.shape != S.shape or 0 in E.shape:
        raise DataError(f"errors and sparsities must be [L, H, K] of one shape, got {E.shape} and {S.shape}")
    if not (np.isfinite(E).all() and np.isfinite(S).all()):
        raise DataError(
            "errors or sparsities hold values that are not finite", "some probes are missing or failed"
        )
    L, H, K = E.shape
    return (E.reshape(L * H, K), S.reshape(L * H, K)), (L, H)


def _array(values: Values, name: str) -> Array:
    """fp64 on the host."""
    try:
        if isinstance(values, Tensor):
            values = values.detach().cpu().double()
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name} are not an array of numbers ({error})", "pass [L, H, K] values") from error


def _has_scipy() -> bool:
    import importlib.util

    return importlib.util.find_spec("scipy") is not None


def _milp(E: Array, S: Array, min_sparsity: float) -> tuple[npt.NDArray[np.int64], float]:
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_matrix, kron, vstack

    n, K = E.shape
    # errors are around 1e-6 of the velocity's energy: scaled so that solver tolerances do not swallow them
    scale = max(float(np.abs(E).max()), 1e-300)
    one_each = kron(csr_matrix(np.eye(n)), np.ones((1, K)))
    budget = csr_matrix(S.reshape(1, -1))
    limits = LinearConstraint(
        vstack([one_each, budget]), np.r_[np.ones(n), n * min_sparsity], np.r_[np.ones(n), np.inf]
    )
    found: Any = milp(
        (E / scale).ravel(),
        constraints=limits,
        integrality=np.ones(n * K),
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": 1e-5, "time_limit": 120},
    )
    if found.x is None:
        log.warning("milp found no solution (%s); using the Lagrangian", found.message)
        return lagrangian(E, S, min_sparsity)
    return found.x.reshape(n, K).argmax(1).astype(np.int64), float(found.mip_gap or 0.0)


def lagrangian(E: Array, S: Array, min_sparsity: float) -> tuple[npt.NDArray[np.int64], float]:
    """Bisection on the price of sparsity, then greedy steps back where the budget leaves room.

    Returns:
        Choice `[n]` and its relative gap to the dual bound.
    """
    rows = np.arange(len(E))

    def pick(price: float) -> npt.NDArray[np.int64]:
        # among equal costs the sparser candidate, so that the budget is met at the limit price
        cost = E - price * S
        tied = cost <= cost.min(1, keepdims=True) + 1e-15
        picked: npt.NDArray[np.int64] = np.where(tied, S, -np.inf).argmax(1).astype(np.int64)
        return picked

    def reaches(choice: npt.NDArray[np.int64]) -> bool:
        return bool(S[rows, choice].mean() >= min_sparsity - SLACK)

    low, high = 0.0, 1e-6 * max(float(np.abs(E).max()), 1e-300)
    if reaches(pick(0.0)):
        choice = pick(0.0)
    else:
        while not reaches(pick(high)) and high < 1e12 * max(float(np.abs(E).max()), 1e-300):
            high *= 4
        for _ in range(100):
            middle = (low + high) / 2
            low, high = (low, middle) if reaches(pick(middle)) else (middle, high)
        choice = pick(high)
    bound = (
        float((E - high * S).min(1).sum() + high * len(E) * min_sparsity) if high > low or low > 0 else 0.0
    )
    choice = _improve(E, S, _repair(E, S, choice, min_sparsity), min_sparsity)
    value = float(E[rows, choice].sum())
    return choice, max(0.0, (value - bound) / abs(value)) if value else 0.0


def _repair(E: Array, S: Array, choice: npt.NDArray[np.int64], min_sparsity: float) -> npt.NDArray[np.int64]:
    """Cheapest swaps until the budget is met exactly (>=)."""
    choice, rows = choice.copy(), np.arange(len(E))
    while S[rows, choice].mean() < min_sparsity - SLACK:
        gain = S - S[rows, choice][:, None]
        cost = E - E[rows, choice][:, None]
        rate = np.where(gain > 0, cost / np.where(gain > 0, gain, 1), np.inf)
        n, k = np.unravel_index(int(rate.argmin()), rate.shape)
        if not np.isfinite(rate[n, k]):
            break
        choice[n] = k
    return choice


def _improve(E: Array, S: Array, choice: npt.NDArray[np.int64], min_sparsity: float) -> npt.NDArray[np.int64]:
    """Take back error wherever the surplus of sparsity allows, largest saving first."""
    choice, rows = choice.copy(), np.arange(len(E))
    while True:
        room = S[rows, choice].sum() - len(E) * min_sparsity
        saving = E[rows, choice][:, None] - E
        price = S[rows, choice][:, None] - S
        allowed = np.where((saving > 0) & (price <= room), saving, -np.inf)
        n, k = np.unravel_index(int(allowed.argmax()), allowed.shape)
        if not np.isfinite(allowed[n, k]):
            return choice
        choice[n] = k
