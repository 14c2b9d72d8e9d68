"""What a follower did, a row per forward: the last ones kept, those since the last report told apart."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

KEPT_ROWS = 4096  # a row is some 200 bytes

Row = TypeVar("Row")


class ForwardLog(Generic[Row]):
    """Rows of the last `KEPT_ROWS` forwards; numbers only, so that no tensor is held."""

    def __init__(self) -> None:
        self._rows: deque[Row] = deque(maxlen=KEPT_ROWS)
        self._fresh = 0

    def append(self, row: Row) -> None:
        """A forward is over."""
        self._rows.append(row)
        self._fresh += 1

    def rows(self) -> list[Row]:
        """All that are kept, oldest first."""
        return list(self._rows)

    def fresh(self) -> list[Row]:
        """Those since the last call of this, as far as they are kept."""
        rows = self.rows()[max(0, len(self._rows) - self._fresh) :]
        self._fresh = 0
        return rows

    def clear(self) -> None:
        """Forget all."""
        self._rows.clear()
        self._fresh = 0
