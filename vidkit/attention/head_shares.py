"""Sparse attention whose heads are shared by ranks: who has which, by measured density.

Masks of a head are made where the head is. How far pooled Q and K have moved is known to every rank, so all
decide alike which heads get a new mask, and a clip on several ranks has the masks of a clip on one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vidkit.attention.drift import Pooled
from vidkit.attention.predictors.base import PlanState
from vidkit.hooks.parallel.balance import imbalance, spread

if TYPE_CHECKING:
    from vidkit.hooks.parallel.exchange import RankGroup

Place = tuple[str, int]  # guidance branch ("" where branches share masks) and layer
TOLERANCE = 0.02  # heads move where the busiest rank has more than that above the mean
GAIN = 0.01  # and where that makes it so much better


class HeadShares:
    """Orders of heads by branch and layer; the first H / W of an order are rank 0's.

    Args:
        ranks: of the clip.
        heads: H.
    """

    def __init__(self, ranks: RankGroup, heads: int) -> None:
        self.ranks, self.heads = ranks, heads
        self.moves = 0  # orders that were changed
        self._orders: dict[Place, tuple[int, ...]] = {}
        self._densities: dict[Place, Tensor] = {}  # [H], as last measured
        self._loads: list[float] = []

    def order(self, place: Place) -> tuple[int, ...]:
        """Heads in order of ranks."""
        return self._orders.get(place) or tuple(range(self.heads))

    def own(self, place: Place) -> tuple[int, ...]:
        """This rank's heads."""
        return tuple(self.ranks.own(self.order(place)))

    def pooled(self, own: Pooled, place: Place) -> Pooled:
        """Pooled Q and K of all heads, in order of their numbers, `[B, H, D]`."""
        both = self._in_order(self.ranks.gathered(torch.stack([own.q, own.k]), dim=2), place, 2)
        return Pooled(both[0], both[1])

    def measured(self, density: Tensor, selected: Tensor, place: Place) -> tuple[Tensor, Tensor]:
        """Densities of all heads `[B, H]`, executed and selected, from this rank's; they are remembered."""
        both = self._in_order(self.ranks.gathered(torch.stack([density, selected]), dim=2), place, 2)
        self._densities[place] = both[0].mean(0)
        return both[0], both[1]

    def renew(self, branch: str) -> Mapping[int, tuple[tuple[int, ...], tuple[int, ...]]]:
        """Give heads to ranks anew where loads have grown apart; the same on every rank.

        Reads the device once.

        Args:
            branch: whose forward begins.

        Returns:
            By layer, the order before and after, where it changed.
        """
        places = [place for place in self._densities if place[0] == branch]
        if not places:
            return {}
        costs = torch.stack([self._densities.pop(place) for place in places]).tolist()
        changed = {}
        for place, cost in zip(places, costs, strict=True):
            before = self.order(place)
            now = imbalance(cost, before, self.ranks.size)
            self._loads.append(now)
            if now <= TOLERANCE:
                continue
            after = spread(cost, self.ranks.size)
            if now - imbalance(cost, after, self.ranks.size) > GAIN:
                self._orders[place], changed[place[1]] = after, (before, after)
                self.moves += 1
        return changed

    def moved(self, state: PlanState, before: tuple[int, ...], after: tuple[int, ...]) -> None:
        """Bring a layer's masks to the ranks that have its heads now."""
        index = torch.tensor([before.index(head) for head in self.ranks.own(after)])
        if state.packed is not None:
            state.packed = self._brought(state.packed, index)
        state.extra = {name: self._brought(value, index) for name, value in state.extra.items()}

    def report(self) -> dict[str, float | int | None]:
        """Moves, and how much longer the busiest rank took, by density; None where nothing was sparse."""
        mean = sum(self._loads) / len(self._loads) if self._loads else None
        return {"ranks": self.ranks.size, "moves": self.moves, "imbalance": mean}

    def _brought(self, x: Tensor, index: Tensor) -> Tensor:
        return self.ranks.gathered(x, dim=1).index_select(1, index.to(x.device))

    def _in_order(self, x: Tensor, place: Place, dim: int) -> Tensor:
        """What is in order of ranks along a dimension, by number of head."""
        if place not in self._orders:
            return x
        inverse = torch.argsort(torch.tensor(self.order(place)))
        return x.index_select(dim, inverse.to(x.device))
