"""Tensors between the ranks of a group: tokens for heads and back, and parts of heads put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


class RankGroup:
    """The ranks that make one clip together: all that were started."""

    def __init__(self) -> None:
        self.group: Any = dist.group.WORLD
        self.rank, self.size = dist.get_rank(), dist.get_world_size()

    def share(self, heads: int) -> int:
        """Heads of a rank."""
        return heads // self.size

    def own(self, order: Sequence[int]) -> Sequence[int]:
        """This rank's part of an order of heads."""
        each = self.share(len(order))
        return order[self.rank * each : (self.rank + 1) * each]

    def to_heads(self, x: Tensor, order: Tensor | None = None) -> Tensor:
        """All tokens of some heads, `[B, N, H/W, D]`, from some tokens of all heads `[B, N/W, H, D]`.

        Args:
            x: tokens of rank r are the r-th part of the sequence.
            order: heads in order of ranks, `[H]`; None: as they are.
        """
        if order is not None:
            x = x.index_select(2, order)
        B, n, H, D = x.shape
        parts = x.reshape(B, n, self.size, H // self.size, D).permute(2, 0, 1, 3, 4).contiguous()
        got = self._all_to_all(parts)  # [W, B, n, h, D], by rank of the tokens
        return got.permute(1, 0, 2, 3, 4).reshape(B, self.size * n, H // self.size, D)

    def to_tokens(self, x: Tensor, inverse: Tensor | None = None) -> Tensor:
        """The way back: `[B, N, H/W, D]` to `[B, N/W, H, D]`.

        Args:
            x: this rank's heads.
            inverse: place of each head in the order of `to_heads`; None: as they are.
        """
        B, N, h, D = x.shape
        parts = x.reshape(B, self.size, N // self.size, h, D).permute(1, 0, 2, 3, 4).contiguous()
        got = self._all_to_all(parts)  # [W, B, n, h, D], by rank of the heads
        made = got.permute(1, 2, 0, 3, 4).reshape(B, N // self.size, self.size * h, D)
        return made if inverse is None else made.index_select(2, inverse)

    def gathered(self, x: Tensor, dim: int) -> Tensor:
        """Every rank's tensor, one after the other along a dimension; all have one shape."""
        flat = x.contiguous().unsqueeze(-1).view(torch.uint8)  # not every library moves every dtype
        made = flat.new_empty((self.size, *flat.shape))
        gather = getattr(dist, "all_gather_single", None) or dist.all_gather_into_tensor  # its older name
        gather(made.view(-1), flat.view(-1), group=self.group)
        parts = made.view(x.dtype).squeeze(-1).unbind(0)
        return torch.cat(parts, dim=dim)

    def _all_to_all(self, parts: Tensor) -> Tensor:
        got = torch.empty_like(parts)
        dist.all_to_all_single(got.view(-1), parts.view(-1), group=self.group)
        return got
