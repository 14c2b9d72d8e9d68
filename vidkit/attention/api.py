"""Masks and sparse attention on plain tensors, without a pipeline."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from vidkit.attention.executors import ExecutorChooser
from vidkit.attention.plan import BlockPlan
from vidkit.attention.predictors import PlanState, make_predictor
from vidkit.attention.thresholds import check_tau
from vidkit.errors import ConfigError, DataError
from vidkit.hooks.token_grid import TokenGrid


def predict_mask(
    name: str,
    q: Tensor,
    k: Tensor,
    tau: float | Tensor,
    *,
    grid: TokenGrid | None = None,
    seed: int = 0,
    v: Tensor | None = None,
    **cfg: Any,
) -> BlockPlan:
    """Which key blocks each query block should read.

    Args:
        name: `xattention`, `svg2`, `svg1`, `pooled_mean` or `exact_mass`.
        q: `[B, H, N, D]`, as attention will use it (after norm and RoPE).
        k: `[B, H, N, D]`.
        tau: share of attention mass to keep, in (0, 1]; one value, `[H]` or `[B, H]`.
        grid: token grid, for predictors and rules that need it.
        seed: decides random starts.
        v: `[B, H, N, D]`, for `svg1`, which compares outputs; without it the keys stand in.
        **cfg: the predictor's parameters.

    Raises:
        ConfigError: unknown name or parameter, tau outside (0, 1].
        DataError: NaN or infinity in q or k, or shapes that do not agree.
    """
    predictor = make_predictor(name, **cfg)
    if q.dim() != 4 or q.shape != k.shape:
        raise DataError(f"q and k must both be [B, H, N, D], got {tuple(q.shape)} and {tuple(k.shape)}")
    for label, x in (("q", q), ("k", k)):
        if not bool(torch.isfinite(x).all()):
            raise DataError(f"{label} holds NaN or infinity", "a mask predicted from it would be meaningless")
    state = PlanState(seed=seed, values=v)
    predictor.refresh(q, k, _tau_heads(tau, q), state, None, grid)
    return predictor.plan(q.shape[2], state, grid)


def sparse_attention(q: Tensor, k: Tensor, v: Tensor, plan: BlockPlan, executor: str = "auto") -> Tensor:
    """`softmax(q k^T / sqrt(D)) v` over the plan's blocks, renormalised over them; `[B, H, N, D]`.

    Args:
        q: `[B, H, N, D]`.
        k: `[B, H, N, D]`.
        v: `[B, H, N, D]`.
        plan: block lists.
        executor: `auto` or a name; one that cannot take the case passes to the next, said once in the log.

    Raises:
        DataError: the plan was made for another shape, or k and v do not agree.
    """
    chooser = ExecutorChooser(executor)
    if v.shape[:3] != k.shape[:3]:
        raise DataError(f"k and v must both be [B, H, N, D], got {tuple(k.shape)} and {tuple(v.shape)}")
    if tuple(plan.counts.shape[:2]) != tuple(q.shape[:2]) or (plan.q_len, plan.k_len) != (
        q.shape[2],
        k.shape[2],
    ):
        raise DataError(
            f"the plan is for {tuple(plan.counts.shape[:2])} heads of {plan.q_len}x{plan.k_len} tokens, "
            f"q is {tuple(q.shape)}, k {tuple(k.shape)}"
        )
    return chooser.attend(q, k, v, plan)


def _tau_heads(tau: float | Tensor, q: Tensor) -> Tensor:
    """`[B, H]` fp32."""
    values = torch.as_tensor(tau, dtype=torch.float32, device=q.device)
    try:
        values = values.expand(q.shape[:2])
    except RuntimeError as error:
        raise ConfigError(
            f"tau {tuple(values.shape)} does not fit {q.shape[0]} x {q.shape[1]} heads"
        ) from error
    for value in set(values.flatten().tolist()):
        check_tau(value)
    return values.contiguous()
