"""EFS stage 3, adaptive MMR: admit what is unlike the picks, under a threshold that opens stepwise."""

from __future__ import annotations

import numpy as np

from vidkit.frames.similarity import UnitRows, largest_product
from vidkit.frames.spacing import by_value
from vidkit.frames.types import FloatArray, IntArray

_BLOCK = 128  # candidates whose similarities are brought up to date by one matrix product


class AdaptiveMmr:
    """Thresholds from the spread of similarity to the anchors, and the two ways to use them.

    Source: EFS, arXiv 2603.00983.

    Args:
        unit: unit feature rows [N, D].
        relevance: [N].
        anchors: candidates already kept [A].
        alpha: half width of the gate in standard deviations.
    """

    def __init__(self, unit: UnitRows, relevance: FloatArray, anchors: IntArray, alpha: float) -> None:
        self._unit = unit
        self._relevance = relevance
        self._anchors = anchors
        order = by_value(relevance)
        self._order = order[~np.isin(order, anchors)]
        self.to_anchors = unit.max_to(anchors)
        rest = self.to_anchors[self._order]
        centre, width = float(rest.mean()), alpha * float(rest.std())
        self.strict = min(max(centre - width, 0.0), 1.0)
        self.loose = min(max(centre + width, 0.0), 1.0)

    def widen(self, k: int, step: float) -> dict[int, str]:
        """Admit by relevance what is under theta against all picks so far; then open theta by `step`."""
        self._nearest = self.to_anchors.copy()
        self._members = [int(anchor) for anchor in self._anchors]
        self._seen = np.full(self._nearest.size, len(self._members))
        width = self._unit.rows.shape[1]
        self._buffer = np.empty((_BLOCK, width))
        # side by side, as products want them
        self._member_rows = np.empty((max(k, len(self._members)), width))
        self._member_rows[: len(self._members)] = self._unit.rows[self._members]
        added: dict[int, str] = {}
        theta = self.strict
        while True:
            self._pass(theta, k, added)
            if len(self._members) >= k or theta >= self.loose:
                return added
            theta = min(theta + step, self.loose)

    def _pass(self, theta: float, k: int, added: dict[int, str]) -> None:
        waiting = self._order[~np.isin(self._order, self._members)]
        buffer = self._buffer  # one allocation for all blocks: fresh pages cost more than the products
        for offset in range(0, waiting.size, _BLOCK):
            block = waiting[offset : offset + _BLOCK]
            # similarity to the picks only grows: what is over theta already needs no further product
            block = block[self._nearest[block] < theta]
            if block.size == 0:
                continue
            rows = np.take(self._unit.rows, block, axis=0, out=buffer[: block.size], mode="clip")
            self._catch_up(block, rows)
            position = 0
            while len(self._members) < k:
                open_ = np.flatnonzero(self._nearest[block[position:]] < theta)
                if open_.size == 0:
                    break
                position += int(open_[0])
                pick = int(block[position])
                self._member_rows[len(self._members)] = self._unit.rows[pick]
                self._members.append(pick)
                added[pick] = f"gate@{theta:.3f}"
                position += 1
                later = block[position:]
                self._nearest[later] = np.maximum(
                    self._nearest[later], rows[position:] @ self._unit.rows[pick]
                )
                self._seen[later] = len(self._members)
            if len(self._members) >= k:
                return

    def _catch_up(self, block: IntArray, rows: FloatArray) -> None:
        unseen = self._member_rows[int(self._seen[block].min()) : len(self._members)]
        if unseen.size:
            self._nearest[block] = np.maximum(self._nearest[block], largest_product(rows, unseen))
            self._seen[block] = len(self._members)

    def score(self, k: int, mmr_lambda: float) -> dict[int, str]:
        """The other reading: gate against anchors alone, then the best `lambda r - (1 - lambda) max cos`."""
        nearest = self.to_anchors.copy()
        free = np.ones(nearest.size, dtype=bool)
        free[self._anchors] = False
        added: dict[int, str] = {}
        for theta in np.linspace(self.strict, self.loose, 6):
            while len(added) + self._anchors.size < k:
                pool = np.flatnonzero(free & (self.to_anchors < theta))
                if pool.size == 0:
                    break
                score = mmr_lambda * self._relevance[pool] - (1 - mmr_lambda) * nearest[pool]
                pick = int(pool[np.argmax(score)])
                added[pick] = f"gate@{theta:.3f}"
                free[pick] = False
                np.maximum(nearest, self._unit.to(pick), out=nearest)
        return added
