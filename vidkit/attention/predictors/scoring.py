"""What predictors of fixed blocks share: scores of block pairs, then the top-p of every row."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor
from vidkit_kernels.packed_mask import words_for
from vidkit_kernels.top_p import select_top_p

from vidkit.attention.keep import always_keep_packed, check_rules
from vidkit.attention.plan import BlockPlan, blocks
from vidkit.attention.predictors.base import PlanState, check_blocks
from vidkit.hooks.token_grid import TokenGrid


@dataclass(frozen=True)
class BlockConfig:
    """Settings of a predictor of fixed blocks."""

    block_q: int = 128  # tokens of a query block
    block_k: int = 128  # tokens of a key block
    always_keep: tuple[str, ...] = ()  # blocks kept whatever the scores say, see `vidkit.attention.keep`

    def __post_init__(self) -> None:
        check_blocks(self.block_q, self.block_k)
        object.__setattr__(self, "always_keep", check_rules(self.always_keep))


class ScoredPredictor:
    """Block scores, then top-p: what the block predictors share."""

    name = "scored"
    knows_text = True  # blocks of text in the same attention are always kept
    config: ClassVar[type[BlockConfig]] = BlockConfig

    def __init__(self, cfg: BlockConfig) -> None:
        self.block_q, self.block_k = cfg.block_q, cfg.block_k
        self._cfg = cfg
        self._always: dict[tuple[int, TokenGrid | None, torch.device], Tensor | None] = {}

    def describe(self) -> dict[str, Any]:
        """Name and settings."""
        return {"name": self.name, **asdict(self._cfg), "always_keep": list(self._cfg.always_keep)}

    def scores(self, q: Tensor, k: Tensor, active: Tensor | None) -> Tensor:
        """Block scores `[B, H, nQ, nK]` fp32, not negative."""
        raise NotImplementedError

    def refresh(
        self,
        q: Tensor,
        k: Tensor,
        tau: Tensor,
        state: PlanState,
        active: Tensor | None,
        grid: TokenGrid | None,
    ) -> None:
        """Score and select; see `MaskPredictor.refresh`."""
        B, H, N, _ = q.shape
        shape = (B, H, blocks(N, self.block_q), words_for(blocks(N, self.block_k)))
        if state.packed is None:
            state.packed = torch.zeros(shape, dtype=torch.int32, device=q.device)
        scores = self.scores(q, k, active)
        always = self._always_packed(N, grid, q.device)
        select_top_p(scores, tau, always=always, active=active, out=state.packed)

    def plan(self, N: int, state: PlanState, grid: TokenGrid | None) -> BlockPlan:
        """Expand the cached bits to lists."""
        assert state.packed is not None
        return BlockPlan.from_packed(state.packed, N, N, self.block_q, self.block_k)

    def _always_packed(self, N: int, grid: TokenGrid | None, device: torch.device) -> Tensor | None:
        key = (N, grid, device)
        if key not in self._always:
            self._always[key] = always_keep_packed(
                self._cfg.always_keep, N, self.block_q, self.block_k, grid, device
            )
        return self._always[key]
