"""What was computed and what was not: FLOPs by step, branch and block."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vidkit.hooks.reports import ForwardLog


@dataclass(frozen=True)
class TransformerShape:
    """What FLOPs of a Wan-type transformer depend on.

    Attributes:
        width: C.
        ffn: width of the feed-forward network.
        layers: number of layers.
        text: tokens of the prompt.
        values_in: numbers that a token is embedded from.
        values_out: numbers that the head makes of a token.
    """

    width: int
    ffn: int
    layers: int
    text: int
    values_in: int
    values_out: int

    def layer_flops(self, computed: float, keys: int) -> float:
        """Multiply-adds count as two: one layer on some tokens that attend to `keys` tokens.

        Projections of self-attention (4), queries and output of cross-attention (2), both matrices of the
        feed-forward network, the two products of each attention, and the prompt's keys and values.
        """
        C = self.width
        linear = 2 * computed * (6 * C * C + 2 * C * self.ffn)
        prompt = 2 * self.text * 2 * C * C if computed else 0
        return linear + prompt + 4 * computed * C * (keys + self.text)

    def ends_flops(self, tokens: int) -> float:
        """Embedding and head of all tokens, which run at every step."""
        return 2 * tokens * self.width * (self.values_in + self.values_out)


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
