"""Who was computed when: how often each token, and what share of each latent frame at each step."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from vidkit.caching.context import BlockContext
from vidkit.caching.decision import Decision, Kind

KEPT_STEPS = 4096


@dataclass
class _Block:
    """Of one block.

    Attributes:
        counts: how often each token was computed on its own, `[P]`, on the model's device.
        full: how often all of them were.
        shares: by step, the computed share of each frame, `[m]` or a number for all.
    """

    counts: Tensor | None = None
    full: int = 0
    shares: dict[int, Tensor | float] = field(default_factory=dict)


class RecomputeMap:
    """Filled while a clip is made, of the first guidance branch and the first clip of a batch.

    A new clip or window that begins with a block's first step takes its place.
    """

    def __init__(self) -> None:
        self._branch: str | None = None
        self._blocks: dict[int, _Block] = {}
        self._grid = (1, 1)

    def add(self, ctx: BlockContext, decision: Decision) -> None:
        """A block was dealt with."""
        self._branch = self._branch or ctx.branch
        if ctx.branch != self._branch:
            return
        if ctx.step == 0 or ctx.block not in self._blocks:
            self._blocks[ctx.block] = _Block()
        block = self._blocks[ctx.block]
        self._grid = ctx.grid.rows, ctx.grid.columns
        if len(block.shares) >= KEPT_STEPS:
            return
        if decision.index is None:
            block.full += decision.kind is Kind.FULL
            block.shares[ctx.step] = float(decision.kind is Kind.FULL)
            return
        index = decision.index if decision.index.dim() == 1 else decision.index[0]
        mask = torch.zeros(ctx.grid.tokens, dtype=torch.int32, device=index.device)
        mask[index] = 1
        block.counts = mask if block.counts is None else block.counts + mask
        block.shares[ctx.step] = mask.view(ctx.grid.frames, -1).float().mean(1)

    def counts(self) -> Tensor:
        """`[F, rows, columns]` on the host: how often each token was computed; of one row if nothing was."""
        rows, columns = self._grid
        parts = []
        for number in sorted(self._blocks):
            block = self._blocks[number]
            if block.counts is not None:
                parts.append((block.counts.cpu() + block.full).view(-1, rows, columns))
            else:
                frames = max((len(s) for s in block.shares.values() if isinstance(s, Tensor)), default=1)
                parts.append(torch.full((frames, rows, columns), block.full, dtype=torch.int32))
        return torch.cat(parts) if parts else torch.zeros(1, rows, columns, dtype=torch.int32)

    def shares(self) -> Tensor:
        """`[F, steps]` on the host: computed share of every latent frame at every step of its block."""
        steps = 1 + max((step for b in self._blocks.values() for step in b.shares), default=0)
        parts = []
        for number in sorted(self._blocks):
            block = self._blocks[number]
            frames = max((len(s) for s in block.shares.values() if isinstance(s, Tensor)), default=1)
            table = torch.zeros(frames, steps)
            for step, share in block.shares.items():
                table[:, step] = share.cpu() if isinstance(share, Tensor) else share
            parts.append(table)
        return torch.cat(parts) if parts else torch.zeros(1, steps)
