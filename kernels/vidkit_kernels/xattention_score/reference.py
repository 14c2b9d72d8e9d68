"""Plain-torch reference of XAttention's antidiagonal scores; works in slices of query blocks."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

ROWS_AT_ONCE = 512  # query groups a slice: bounds the scratch at ROWS_AT_ONCE x N/S


def _groups(x: Tensor, stride: int, reverse: bool) -> Tensor:
    """`[M, N, D]` to `[M, ceil(N/S), S*D]` fp32, zero-padded, tokens of a group reversed for queries."""
    x = F.pad(x.float(), (0, 0, 0, -x.shape[1] % stride)).unflatten(1, (-1, stride))
    return (x.flip(2) if reverse else x).flatten(2)


def _score_heads(q: Tensor, k: Tensor, block_q: int, block_k: int, stride: int, norm: float) -> Tensor:
    D = q.shape[-1]
    qg, kg = _groups(q, stride, True), _groups(k, stride, False)
    per_q, per_k = block_q // stride, block_k // stride
    rows_at_once = max(ROWS_AT_ONCE // per_q, 1) * per_q
    tiles = []
    for start in range(0, qg.shape[1], rows_at_once):
        logits = qg[:, start : start + rows_at_once] @ kg.mT / (D**0.5 * stride * norm)
        p = logits.softmax(-1)
        p = F.pad(p, (0, -p.shape[2] % per_k, 0, -p.shape[1] % per_q))
        tiles.append(p.unflatten(2, (-1, per_k)).sum(-1).unflatten(1, (-1, per_q)).sum(2))
    return torch.cat(tiles, 1)


def xattention_score_reference(
    q: Tensor, k: Tensor, block_q: int, block_k: int, stride: int, norm: float, active: Tensor | None
) -> Tensor:
    """See `vidkit_kernels.xattention_score.xattention_score`; inactive heads come back as zeros."""
    B, H, N, _ = q.shape
    scores = torch.zeros(B, H, -(-N // block_q), -(-k.shape[2] // block_k), device=q.device)
    if active is None:
        b, h = torch.ones(B, H, dtype=torch.bool, device=q.device).nonzero(as_tuple=True)
    else:
        b, h = active.nonzero(as_tuple=True)
    for batch, head in zip(b.tolist(), h.tolist(), strict=True):
        one = slice(head, head + 1)
        scores[batch, one] = _score_heads(q[batch, one], k[batch, one], block_q, block_k, stride, norm)
    return scores
