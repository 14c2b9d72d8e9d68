"""All cheapest routes through a graph of states, counted and listed without holding them."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Generic, TypeVar

from vidkit.mazes.types import Route

S = TypeVar("S", bound=Hashable)
#: moves of a state: name, next state, cost (a whole number above 0)
Edges = Callable[[S], Iterable[tuple[str, S, int]]]


class CheapestRoutes(Generic[S]):
    """Every cheapest route from a start to any goal state, in the order of the edges.

    Args:
        start: first state.
        is_goal: whether a state ends a route.
        edges: moves of a state, in the order in which routes are listed.
        to_route: makes a route of states and move names.
    """

    def __init__(
        self,
        start: S,
        is_goal: Callable[[S], bool],
        edges: Edges[S],
        to_route: Callable[[Sequence[S], Sequence[str]], Route],
    ) -> None:
        self._start, self._is_goal, self._edges, self._to_route = start, is_goal, edges, to_route

    @cached_property
    def _search(self) -> tuple[dict[S, int], int | None]:
        """Cost of every state up to that of the nearest goal, and that cost (None: no goal in reach)."""
        found, settled = {self._start: 0}, set[S]()
        heap: list[tuple[int, int, S]] = [(0, 0, self._start)]
        best, ticket = None, 0
        while heap:
            cost, _, state = heapq.heappop(heap)
            if best is not None and cost > best:
                break
            if state in settled:
                continue
            settled.add(state)
            if self._is_goal(state):
                best = cost
                continue
            for _, other, price in self._edges(state):
                if cost + price < found.get(other, cost + price + 1):
                    found[other] = cost + price
                    ticket += 1
                    heapq.heappush(heap, (cost + price, ticket, other))
        return {state: found[state] for state in settled}, best

    @property
    def cost(self) -> int | None:
        """Cost of a cheapest route; None where there is no route."""
        return self._search[1]

    @cached_property
    def _useful(self) -> dict[S, list[tuple[str, S]]]:
        """The moves of each state that lie on a cheapest route."""
        costs, best = self._search
        if best is None:
            return {}
        alive, useful = set[S](), dict[S, list[tuple[str, S]]]()
        for state in sorted(costs, key=lambda s: -costs[s]):
            if self._is_goal(state):
                if costs[state] == best:
                    alive.add(state)
                continue
            here = costs[state]
            kept = [(m, o) for m, o, price in self._edges(state) if o in alive and costs[o] == here + price]
            if kept:
                alive.add(state)
                useful[state] = kept
        return useful

    @cached_property
    def count(self) -> int:
        """How many cheapest routes there are; it may be larger than `len` can say."""
        if self.cost is None:
            return 0
        ways: dict[S, int] = {}
        for state in sorted(self._useful, key=lambda s: -self._search[0][s]):
            ways[state] = sum(ways.get(other, 1) for _, other in self._useful[state])
        return ways.get(self._start, 1)

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Route]:
        if self.cost is None:
            return
        states, moves = [self._start], list[str]()
        stack = [iter(self._useful.get(self._start, ()))]
        while stack:
            step = next(stack[-1], None)
            if step is None:
                if states[-1] not in self._useful:
                    yield self._to_route(states, moves)
                stack.pop()
                states.pop()
                if moves:
                    moves.pop()
                continue
            moves.append(step[0])
            states.append(step[1])
            stack.append(iter(self._useful.get(step[1], ())))

    def __contains__(self, route: object) -> bool:
        if not isinstance(route, Route) or self.cost is None:
            return False
        states = [self._start]
        for move in route.moves:
            step = next((other for name, other in self._useful.get(states[-1], ()) if name == move), None)
            if step is None:
                return False
            states.append(step)
        return self._is_goal(states[-1]) and self._to_route(states, route.moves) == route

    @property
    def first(self) -> Route:
        """The first route.

        Raises:
            ValueError: there is no route.
        """
        for route in self:
            return route
        raise ValueError("no route leads to the goal")
