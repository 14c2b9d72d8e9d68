"""XAttention: antidiagonal scoring of blocks, with sums of q.k every `stride` tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor
from vidkit_kernels.xattention_score import unsupported_reason, xattention_score

from vidkit.attention.predictors.base import BackendChooser
from vidkit.attention.predictors.scoring import BlockConfig, ScoredPredictor
from vidkit.errors import ConfigError


@dataclass(frozen=True)
class XAttentionConfig(BlockConfig):
    """Settings of XAttention; by default no block is always kept, as published for video."""

    stride: int = 16  # side of the sub-blocks in tokens, divides both blocks; larger is cheaper, coarser
    norm: float = 1.0  # extra divisor of the logits

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.stride < 1 or self.block_q % self.stride or self.block_k % self.stride:
            raise ConfigError(
                f"stride {self.stride} does not divide the blocks {self.block_q}x{self.block_k}",
                "choose a divisor such as 8 or 16",
            )
        if not self.norm > 0:
            raise ConfigError(f"norm must be > 0, got {self.norm}")


class XAttentionPredictor(ScoredPredictor):
    """Antidiagonal sums. Source: XAttention (arXiv 2503.16428); HASTE uses stride 16 on Wan."""

    name = "xattention"
    config: ClassVar[type[XAttentionConfig]] = XAttentionConfig

    def __init__(self, cfg: XAttentionConfig) -> None:
        super().__init__(cfg)
        self.stride, self.norm = cfg.stride, cfg.norm
        self._backend = BackendChooser("xattention scores are")

    def scores(self, q: Tensor, k: Tensor, active: Tensor | None) -> Tensor:
        """Estimated softmax mass of the block pairs."""
        reason = unsupported_reason(q.shape[-1], q.dtype, self.block_k, self.stride)
        return xattention_score(
            q,
            k,
            block_q=self.block_q,
            block_k=self.block_k,
            stride=self.stride,
            norm=self.norm,
            active=active,
            backend=self._backend(q, reason),
        )
