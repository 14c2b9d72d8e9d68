"""What was computed and what was not: FLOPs by step, branch and block."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vidkit.hooks.reports import ForwardLog


@dataclass(frozen=True)
class LedgerRow:
    """One block in one forward.

    Attributes:
        step: updates the block had before.
        branch: guidance branch.
        block: absolute index.
        kind: "skip", "full" or "tokens".
        computed: computed tokens, mean over the clips of a batch.
        tokens: of the block.
        keys: tokens that the computed ones attended to.
        executed_flops: of this forward, one clip.
        skipped_flops: what computing everything would have cost more.
    """

    step: int
    branch: str
    block: int
    kind: str
    computed: float
    tokens: int
    keys: int
    executed_flops: float
    skipped_flops: float


class Ledger:
    """Rows since the last `clear`; numbers only."""

    def __init__(self) -> None:
        self._rows: ForwardLog[LedgerRow] = ForwardLog()
        self.most_bytes = 0

    def append(self, row: LedgerRow) -> None:
        """A block was dealt with."""
        self._rows.append(row)

    def rows(self) -> list[LedgerRow]:
        """All that are kept, oldest first."""
        return self._rows.rows()

    def fresh(self) -> list[LedgerRow]:
        """Those since the last call of this."""
        return self._rows.fresh()

    def clear(self) -> None:
        """Forget all."""
        self._rows.clear()
        self.most_bytes = 0

    def summary(self) -> dict[str, Any]:
        """Totals, shares and counts of decisions, for a run's record."""
        return summary_of(self.rows()) | {"state_bytes": self.most_bytes}


def summary_of(rows: Sequence[LedgerRow]) -> dict[str, Any]:
    """Totals of some rows."""
    executed = sum(row.executed_flops for row in rows)
    skipped = sum(row.skipped_flops for row in rows)
    kinds: dict[str, int] = defaultdict(int)
    for row in rows:
        kinds[row.kind] += 1
    return {
        "executed_flops": executed,
        "skipped_flops": skipped,
        "flops_share": executed / (executed + skipped) if rows else None,
        "decisions": dict(kinds),
    }
