"""SVG1: each head is a spatial head or a temporal head, whichever band loses less (baseline)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from vidkit_kernels.packed_mask import pack_mask

from vidkit.attention.plan import BlockPlan, blocks
from vidkit.attention.predictors.base import PlanState, check_blocks
from vidkit.errors import ConfigError
from vidkit.hooks.token_grid import TokenGrid


class SVG1Predictor:
    """Two fixed patterns a head, chosen online. Source: Sparse VideoGen (arXiv 2502.01776).

    Spatial: a band around the diagonal in raster order. Temporal: the same band after transposing (frame,
    place)
    to (place, frame). Both also keep the blocks of the first frame's worth of tokens in their own order,
    so one
    block mask serves every head. Differs: what is profiled is the block mask that is run, not a finer one.

    Args:
        block_q: tokens of a query block.
        block_k: tokens of a key block.
        keep_ratio: density of the band pattern, sink included (the paper's script calls it sparsity), in
            (0, 1].
        sampled_queries: random query rows of the profile.
        sample_within: the rows come from the first so many tokens.
    """

    name = "svg1"

    def __init__(
        self,
        block_q: int = 128,
        block_k: int = 128,
        keep_ratio: float = 0.3,
        sampled_queries: int = 64,
        sample_within: int = 10_000,
    ) -> None:
        check_blocks(block_q, block_k)
        if not 0 < keep_ratio <= 1:
            raise ConfigError(f"svg1 keep_ratio must be in (0, 1], got {keep_ratio}")
        if sampled_queries < 1 or sample_within < 1:
            raise ConfigError(
                f"svg1 needs 1 or more sampled queries, got {sampled_queries} within {sample_within} tokens"
            )
        self.block_q, self.block_k = block_q, block_k
        self.keep_ratio, self.sampled_queries, self.sample_within = keep_ratio, sampled_queries, sample_within
        # made on the host once: a GPU that had to wait for them would stall in every layer
        self._masks: dict[tuple[int, TokenGrid, torch.device], Tensor] = {}
        self._rows: dict[tuple[int, int, torch.device], Tensor] = {}

    def describe(self) -> dict[str, Any]:
        """Parameters for records."""
        return {
            "name": self.name,
            "block_q": self.block_q,
            "block_k": self.block_k,
            "keep_ratio": self.keep_ratio,
            "sampled_queries": self.sampled_queries,
            "sample_within": self.sample_within,
        }

    def refresh(
        self,
        q: Tensor,
        k: Tensor,
        tau: Tensor,
        state: PlanState,
        active: Tensor | None,
        grid: TokenGrid | None,
    ) -> None:
        """Profile both patterns, remember the better one; of tau only 1 matters, which is dense."""
        if grid is None or grid.tokens != q.shape[2]:
            raise ConfigError(
                "svg1 needs the token grid of the video", "pass grid=TokenGrid(frames, rows, columns)"
            )
        B, H, N, _ = q.shape
        mask = self._mask(N, grid, q.device)
        temporal = _temporal_order(grid, q.device)
        v = k if state.values is None else state.values
        better = self._temporal_loses_less(q, k, v, mask, temporal, state.seed)
        if "temporal" in state.extra and active is not None:
            better = torch.where(active, better, state.extra["temporal"])
        state.extra["temporal"] = better
        dense = tau.ge(1)[..., None, None]
        state.packed = torch.where(
            dense, pack_mask(torch.ones_like(mask)), pack_mask(mask).expand(B, H, -1, -1)
        )

    def plan(self, N: int, state: PlanState, grid: TokenGrid | None) -> BlockPlan:
        """One mask for all heads; temporal heads get transposed tokens."""
        assert state.packed is not None and grid is not None
        temporal = state.extra["temporal"]
        raster = torch.arange(N, device=temporal.device)
        order = torch.where(temporal[..., None], _temporal_order(grid, temporal.device), raster)
        return BlockPlan.from_packed(
            state.packed, N, N, self.block_q, self.block_k, q_order=order, k_order=order
        )

    def _mask(self, N: int, grid: TokenGrid, device: torch.device) -> Tensor:
        """Band plus sink, `[nQ, nK]` bool; the widest band whose density does not exceed `keep_ratio`."""
        key = (N, grid, device)
        if key not in self._masks:
            self._masks[key] = self._make_mask(N, grid).to(device)
        return self._masks[key]

    def _make_mask(self, N: int, grid: TokenGrid) -> Tensor:
        nQ, nK = blocks(N, self.block_q), blocks(N, self.block_k)
        distance = (torch.arange(nQ)[:, None] * self.block_q - torch.arange(nK) * self.block_k).abs()
        sink = torch.arange(nK) < blocks(grid.per_frame, self.block_k)
        step = max(self.block_q, self.block_k)
        best = (distance < step) | sink
        for width in range(2 * step, N + step, step):
            wider = (distance < width) | sink
            if float(wider.float().mean()) > self.keep_ratio and self.keep_ratio < 1:
                break
            best = wider
        return best

    def _temporal_loses_less(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor, temporal: Tensor, seed: int
    ) -> Tensor:
        """`[B, H]` bool: the temporal pattern keeps sampled outputs closer to exact attention."""
        N, D = q.shape[2:]
        rows = self._sample(N, seed, q.device)
        logits = q[:, :, rows].float() @ k.float().mT * D**-0.5
        exact = logits.softmax(-1) @ v.float()
        errors = []
        for order in (torch.arange(N, device=q.device), temporal):
            place = torch.empty_like(order).scatter_(0, order, torch.arange(N, device=q.device))
            kept = mask[place[rows] // self.block_q][:, place // self.block_k]
            sparse = logits.masked_fill(~kept, float("-inf")).softmax(-1) @ v.float()
            errors.append((sparse - exact).square().mean((-1, -2)))
        better: Tensor = errors[1] < errors[0]
        return better

    def _sample(self, N: int, seed: int, device: torch.device) -> Tensor:
        """Query rows of the profile, int64 `[sampled_queries]`; a seed gives the same ones every time."""
        key = (N, seed, device)
        if key not in self._rows:
            generator = torch.Generator().manual_seed(seed)
            rows = torch.randint(0, min(N, self.sample_within), (self.sampled_queries,), generator=generator)
            self._rows[key] = rows.to(device)
        return self._rows[key]


def _temporal_order(grid: TokenGrid, device: torch.device) -> Tensor:
    """Tokens sorted by (place, frame): `[N]` int64."""
    return torch.arange(grid.tokens, device=device).view(grid.frames, grid.per_frame).T.flatten()
