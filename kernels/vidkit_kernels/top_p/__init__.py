"""Top-p selection of key blocks: scores to packed masks, on the device, without a sort on the GPU."""

from __future__ import annotations

import torch
from torch import Tensor

from .._dispatch import Backend, use_triton
from ..packed_mask import words_for
from .reference import select_top_p_reference

__all__ = ["select_top_p", "select_top_p_reference"]


def select_top_p(
    scores: Tensor,
    tau: Tensor,
    *,
    min_keep: int = 1,
    always: Tensor | None = None,
    active: Tensor | None = None,
    out: Tensor | None = None,
    backend: Backend = "auto",
) -> Tensor:
    """Keep, row by row, the shortest prefix of descending scores whose mass reaches tau of the total.

    Position m of the sorted row is kept when the mass strictly before it is below `tau * total`, or when
    m < `min_keep`; so at least one block is kept. Ties go to the lower index. tau >= 1 keeps everything.
    Source: XAttention (arXiv 2503.16428) section 2.2, "find blocks"; differs: stable ties, fp32
    everywhere, no accidental key block 0.

    Args:
        scores: `[B, H, R, C]` fp32, not negative.
        tau: `[B, H]` fp32 mass to keep, in (0, 1].
        min_keep: least number of entries kept in a row.
        always: packed rows `[R, words]` or `[B, H, R, words]` int32, kept besides the prefix.
        active: `[B, H]` bool; rows of inactive heads are neither read nor written. None: all.
        out: packed `[B, H, R, words]` int32 to write into (inactive heads keep what it holds).
        backend: `auto`, `triton` or `reference`.

    Returns:
        Packed mask `[B, H, R, ceil(C/32)]` int32 (`out` when given).
    """
    B, H, R, C = scores.shape
    if scores.dtype != torch.float32 or tau.dtype != torch.float32 or tau.shape != (B, H):
        raise ValueError(
            f"scores must be fp32 and tau fp32 [{B}, {H}], got {scores.dtype}, {tau.dtype} {tuple(tau.shape)}"
        )
    shape = (B, H, R, words_for(C))
    if out is None:
        make = torch.empty if active is None else torch.zeros
        out = make(shape, dtype=torch.int32, device=scores.device)
    if out.shape != shape or out.dtype != torch.int32 or not out.is_contiguous():
        raise ValueError(f"out must be contiguous int32 {shape}, got {out.dtype} {tuple(out.shape)}")
    if use_triton(backend, scores):
        from .triton import select_top_p_triton

        return select_top_p_triton(scores, tau, min_keep, always, active, out)
    return select_top_p_reference(scores, tau, min_keep, always, active, out)
