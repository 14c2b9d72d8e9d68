"""One decision for all processes that make a clip together: else their collectives would wait for ever."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from vidkit.caching.decision import FULL, SKIP, Decision, Kind

_CODES = (Kind.SKIP, Kind.FULL, Kind.TOKENS)


class Agreement:
    """The first rank decides for its group.

    Args:
        group: `torch.distributed` process group of the ranks that share a clip; None: one process a clip.
    """

    def __init__(self, group: Any = None) -> None:
        self.group = group

    def agreed(self, decision: Decision, device: torch.device) -> Decision:
        """The group's decision; every rank must call it, at the same place."""
        if self.group is None:
            return decision
        import torch.distributed as dist

        source = dist.get_global_rank(self.group, 0)
        rows, length = (1, 0) if decision.index is None else _size(decision.index)
        head = torch.tensor([_CODES.index(decision.kind), rows, length], device=device)
        dist.broadcast(head, source, group=self.group)
        code, rows, length = (int(x) for x in head.tolist())
        if _CODES[code] is not Kind.TOKENS:
            return (SKIP, FULL)[code]
        index = torch.zeros(rows, length, dtype=torch.int64, device=device)
        if dist.get_rank() == source and decision.index is not None:
            index.copy_(decision.index.to(device))
        dist.broadcast(index, source, group=self.group)
        return Decision(Kind.TOKENS, index)


def _size(index: Tensor) -> tuple[int, int]:
    return (1, index.shape[0]) if index.dim() == 1 else (index.shape[0], index.shape[1])
