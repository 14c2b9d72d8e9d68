"""No caching: every block is computed at every step."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from vidkit.caching.context import BlockContext
from vidkit.caching.decision import FULL, Decision
from vidkit.caching.policies.base import CachePolicy


class NoCache(CachePolicy):
    """Computes everything; what other policies are compared with."""

    name = "none"

    def decide(self, ctx: BlockContext, signals: Mapping[str, Tensor]) -> Decision:
        return FULL
