"""Exact mass: the oracle that other predictors are measured against."""

from __future__ import annotations

import torch
from torch import Tensor

from vidkit.attention.predictors.scoring import ScoredPredictor


class ExactMassPredictor(ScoredPredictor):
    """The oracle: true softmax mass of every block pair, one query block at a time; as slow as attention."""

    name = "exact_mass"

    def scores(self, q: Tensor, k: Tensor, active: Tensor | None) -> Tensor:
        """Mean over a block's queries of the softmax mass in each key block."""
        return exact_block_mass(q, k, self.block_q, self.block_k)


def exact_block_mass(q: Tensor, k: Tensor, block_q: int, block_k: int) -> Tensor:
    """True block mass `[B, H, nQ, nK]` fp32: rows sum to 1. Scratch is one query block against all keys."""
    N, D = q.shape[2:]
    kind = torch.float64 if q.dtype == torch.float64 else torch.float32
    keys = k.to(kind).mT
    pad = -k.shape[2] % block_k
    rows = []
    for start in range(0, N, block_q):
        p = (q[:, :, start : start + block_q].to(kind) @ keys * D**-0.5).softmax(-1)
        mass = torch.nn.functional.pad(p, (0, pad)).reshape(*p.shape[:3], -1, block_k).sum(-1)
        rows.append(mass.mean(2))
    return torch.stack(rows, 2).float()
