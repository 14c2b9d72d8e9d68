"""XAttention: antidiagonal scoring of blocks, with sums of q.k every `stride` tokens."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torch import Tensor
from vidkit_kernels.xattention_score import unsupported_reason, xattention_score

from vidkit.attention.predictors.base import BackendChooser
from vidkit.attention.predictors.scoring import ScoredPredictor
from vidkit.errors import ConfigError


class XAttentionPredictor(ScoredPredictor):
    """Antidiagonal sums. Source: XAttention (arXiv 2503.16428); HASTE uses stride 16 on Wan.

    Args:
        block_q: tokens of a query block, a multiple of `stride`.
        block_k: tokens of a key block, a multiple of `stride`.
        stride: S, tokens a side of the sub-blocks; larger is cheaper and coarser.
        norm: extra divisor of the logits.
        always_keep: rules of `vidkit.attention.keep`; none by default, as published for video.
    """

    name = "xattention"

    def __init__(
        self,
        block_q: int = 128,
        block_k: int = 128,
        stride: int = 16,
        norm: float = 1.0,
        always_keep: Iterable[str] = (),
    ) -> None:
        super().__init__(block_q, block_k, always_keep)
        if stride < 1 or block_q % stride or block_k % stride:
            raise ConfigError(
                f"stride {stride} does not divide the blocks {block_q}x{block_k}",
                "choose a divisor such as 8 or 16",
            )
        if not norm > 0:
            raise ConfigError(f"norm must be positive, got {norm}")
        self.stride, self.norm = stride, norm
        self._backend = BackendChooser("xattention scores are")

    def describe(self) -> dict[str, Any]:
        """Adds stride and norm."""
        return {**super().describe(), "stride": self.stride, "norm": self.norm}

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
