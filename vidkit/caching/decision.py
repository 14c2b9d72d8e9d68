"""What a cache policy decides for one block at one step: compute nothing, everything, or some tokens."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import Tensor

from vidkit.errors import DataError


class Kind(StrEnum):
    """The three decisions."""

    SKIP = "skip"
    FULL = "full"
    TOKENS = "tokens"


@dataclass(frozen=True)
class Decision:
    """One decision.

    Attributes:
        kind: which of the three.
        index: of TOKENS: tokens of the block in raster order (frame, row, column), `[U]` or one row a clip
            `[B, U]`, int64. A token may stand there twice: clips of a batch with fewer tokens are filled up
            with some of their own, which changes nothing.
        counts: tokens of each clip without such repeats, `[B]` on the host; None: U each.
    """

    kind: Kind
    index: Tensor | None = None
    counts: tuple[int, ...] | None = None

    def computed(self, tokens: int) -> float:
        """How many of a block's tokens are computed, mean over the clips of a batch."""
        if self.index is None:
            return float(tokens) if self.kind is Kind.FULL else 0.0
        counts = self.counts or (self.index.shape[-1],)
        return sum(counts) / len(counts)


SKIP = Decision(Kind.SKIP)
FULL = Decision(Kind.FULL)


def TOKENS(index: Tensor) -> Decision:  # noqa: N802  (reads as the third of SKIP, FULL, TOKENS)
    """Compute these tokens alone; an empty index is SKIP.

    Args:
        index: `[U]` or `[B, U]`, int64, tokens of the block; in any order.

    Raises:
        DataError: not whole numbers, or of another shape.
    """
    if index.dim() not in (1, 2) or index.dtype != torch.int64:
        raise DataError(
            f"an index of tokens is [U] or [B, U] of int64, got {index.dtype} {tuple(index.shape)}"
        )
    if index.shape[-1] == 0:
        return SKIP
    return Decision(Kind.TOKENS, index.sort(dim=-1).values)


def tokens_where(mask: Tensor) -> Decision:
    """The decision that computes exactly the marked tokens.

    Args:
        mask: `[B, P]` bool. Read on the host: how many tokens each clip has decides the shapes.
    """
    counts = tuple(int(n) for n in mask.sum(1).tolist())
    most, P = max(counts), mask.shape[1]
    if most == 0:
        return SKIP
    if min(counts) == P:
        return FULL
    # a stable sort puts the marked first, in order; clips with fewer repeat their last marked one
    order = mask.logical_not().to(torch.uint8).sort(dim=1, stable=True).indices[:, :most]
    if min(counts) < most:
        own = torch.tensor(counts, device=mask.device)
        at = torch.arange(most, device=mask.device).expand(len(counts), most)
        order = order.gather(1, at.minimum((own - 1).clamp_min(0)[:, None]))
    return Decision(Kind.TOKENS, order.sort(dim=1).values, counts)
