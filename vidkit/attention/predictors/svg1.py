"""SVG1: each head is a spatial head or a temporal head, whichever band loses less (baseline)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor
from vidkit_kernels.packed_mask import pack_mask

from vidkit.attention.plan import BlockPlan, blocks
from vidkit.attention.predictors.base import PlanState, check_blocks
from vidkit.errors import ConfigError
from vidkit.hooks.token_grid import TokenGrid


@dataclass(frozen=True)
class SVG1Config:
    """Settings of SVG1."""

    block_q: int = 128  # tokens of a query block
    block_k: int = 128  # tokens of a key block
    keep_ratio: float = 0.3  # density of the band, sink included (the paper's script: sparsity), (0, 1]
    sampled_queries: int = 64  # random query rows of the profile
    sample_within: int = 10_000  # the rows come from the first so many tokens

    def __post_init__(self) -> None:
        check_blocks(self.block_q, self.block_k)
        if not 0 < self.keep_ratio <= 1:
            raise ConfigError(f"svg1 keep_ratio must be in (0, 1], got {self.keep_ratio}")
        for name in ("sampled_queries", "sample_within"):
            if getattr(self, name) < 1:
                raise ConfigError(f"svg1 {name} must be >= 1, got {getattr(self, name)}")


class SVG1Predictor:
    """Two fixed patterns a head, chosen online. Source: Sparse VideoGen (arXiv 2502.01776).

    Spatial: a band around the diagonal in raster order. Temporal: the same band after transposing (frame,
    place) to (place, frame). Both also keep the blocks of the first frame's worth of tokens in their own
    order, so one block mask serves every head. Differs: what is profiled is the block mask that is run, not a
    finer one.
    """

    name = "svg1"
    config = SVG1Config

    def __init__(self, cfg: SVG1Config) -> None:
        self.block_q, self.block_k, self.keep_ratio = cfg.block_q, cfg.block_k, cfg.keep_ratio
        self._cfg = cfg
        # made on the host once: a GPU that had to wait for them would stall in every layer
        self._masks: dict[tuple[int, TokenGrid, torch.device], Tensor] = {}
        self._rows: dict[tuple[int, int, torch.device], Tensor] = {}

    def describe(self) -> dict[str, Any]:
        """Name and settings."""
        return {"name": self.name, **asdict(self._cfg)}

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
            most, count = min(N, self._cfg.sample_within), self._cfg.sampled_queries
            rows = torch.randint(0, most, (count,), generator=generator)
            self._rows[key] = rows.to(device)
        return self._rows[key]


def _temporal_order(grid: TokenGrid, device: torch.device) -> Tensor:
    """Tokens sorted by (place, frame): `[N]` int64."""
    return torch.arange(grid.tokens, device=device).view(grid.frames, grid.per_frame).T.flatten()
