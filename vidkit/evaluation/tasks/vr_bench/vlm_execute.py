"""A reply's moves carried out on the board: how far they are legal, optimal, and whether they win."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vidkit.evaluation.tasks.vr_bench.vlm_replies import ReadMoves
from vidkit.mazes.boards.base import Board
from vidkit.mazes.boards.grid_board import STEPS, GridBoard
from vidkit.mazes.boards.irregular import IrregularBoard, place_name
from vidkit.mazes.boards.maze3d import Maze3dBoard
from vidkit.mazes.boards.sokoban import SokobanBoard
from vidkit.mazes.types import Cell

State = tuple[Cell, Cell | None]  # player, box


@dataclass(frozen=True)
class Executed:
    """What became of the moves.

    Attributes:
        won: the goal was reached by legal moves.
        legal: moves up to the win, or to the first that cannot be made.
        stopped: the first move that cannot be made, None where all can.
        followed: moves from the start that lie on an optimal way.
        optimal: moves of an optimal way.
        given: moves of the reply.
    """

    won: bool
    legal: int
    stopped: str | None
    followed: int
    optimal: int
    given: int

    @property
    def exact(self) -> bool:
        """Whether the reply is an optimal way and nothing more."""
        return self.won and self.followed == self.given == self.optimal


def execute(board: Board, moves: Sequence[str]) -> Executed:
    """Carry out moves until one cannot be made, or the goal is reached."""
    state: State = (board.start, board.box if isinstance(board, SokobanBoard) else None)
    if isinstance(board, IrregularBoard) and moves and moves[0] == place_name(board.start[0]):
        moves = moves[1:]
    optimal = len(board.routes.first)
    walked, followed, is_optimal = 0, 0, True
    left = _Left(board)
    for move in moves:
        if _is_won(board, state):
            break
        after = next((there for name, there in _moves(board, state) if name == move), None)
        if after is None:
            return Executed(False, walked, move, followed, optimal, len(moves))
        price = left.price(state, after)
        rest, before = left.of(after), left.of(state)
        is_optimal = is_optimal and rest is not None and before is not None and rest + price == before
        walked, followed = walked + 1, followed + is_optimal
        state = after
    if isinstance(board, IrregularBoard):
        followed = _common(board, moves)
    return Executed(_is_won(board, state), walked, None, followed, optimal, len(moves))


def moves_of_cells(board: Board, cells: Sequence[tuple[int, int]]) -> list[tuple[str, ...]]:
    """Moves that coordinates mean in each reading: (row, column) or (x, y), counted from 0 or 1.

    Only readings that begin at or beside the player and go from neighbour to neighbour; there may be none.
    """
    if not isinstance(board, GridBoard):
        return []
    names = {step: name for name, step in STEPS}
    found = []
    for swap, base in itertools.product((False, True), (0, 1)):
        way = [(b - base, a - base) if swap else (a - base, b - base) for a, b in cells]
        if way and way[0] != board.start:
            way = [(board.start[0], board.start[1]), *way]
        steps = [(b[0] - a[0], b[1] - a[1]) for a, b in itertools.pairwise(way)]
        if steps and all(step in names for step in steps):
            found.append(tuple(names[step] for step in steps))
    return list(dict.fromkeys(found))


def carried_out(board: Board, read: ReadMoves) -> Executed | None:
    """Carry out what a reply says; of several readings of coordinates the one that gets farthest.

    None where nothing was read, or coordinates that are no way.
    """
    if read.cells:
        ways = moves_of_cells(board, read.cells)
        done = [execute(board, way) for way in ways]
        return max(done, key=lambda one: (one.won, one.legal), default=None)
    return None if read.moves is None else execute(board, read.moves)


def _moves(board: Board, state: State) -> list[tuple[str, State]]:
    if isinstance(board, SokobanBoard) and state[1] is not None:
        return [(name, (player, box)) for name, (player, box) in board.pushes((state[0], state[1]))]
    return [(name, (there, None)) for name, there in board.moves(state[0])]


def _is_won(board: Board, state: State) -> bool:
    return (state[0] if state[1] is None else state[1]) == board.goal


def _common(board: IrregularBoard, moves: Sequence[str]) -> int:
    """Longest beginning shared with an optimal way."""
    best = 0
    for route in board.routes:
        shared = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(moves, route.moves, strict=False))
        best = max(best, len(list(shared)))
    return best


class _Left:
    """Cost of the cheapest way from a state to the goal; a push costs more than any walk."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._known: dict[State, int | None] = {}

    def price(self, before: State, after: State) -> int:
        """Cost of one move."""
        return 1_000_000 if before[1] != after[1] else 1

    def of(self, state: State) -> int | None:
        """None where the goal cannot be reached any more."""
        if state not in self._known:
            self._known[state] = self._searched(state)
        return self._known[state]

    def _searched(self, state: State) -> int | None:
        if _is_won(self._board, state):
            return 0
        board = _from(self._board, state)
        found: Any = None if board is None else board.routes
        return None if found is None else found.cost


def _from(board: Board, state: State) -> Board | None:
    """The same board begun at another state."""
    if isinstance(board, SokobanBoard):
        assert state[1] is not None
        return SokobanBoard(board.blocked, state[0], board.goal, state[1])
    if isinstance(board, GridBoard):
        return type(board)(board.blocked, state[0], board.goal)
    if isinstance(board, Maze3dBoard):
        return Maze3dBoard(board.grid, board.cubes, board.ladders, state[0], board.goal)
    return None
