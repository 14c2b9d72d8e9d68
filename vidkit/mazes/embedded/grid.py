"""Many mazes at once as wall tensors: make, measure distances, find shortest paths.

Shapes: B mazes padded to a common M x M grid. `vertical [B, M, M + 1]` is True where a wall stands left of
column c in row r (index M: the right border of a full-size maze); `horizontal [B, M + 1, M]` likewise above
row r. A maze of size N < M uses the upper left corner; everything outside is walled off.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

MAX_SIZE = 8
#: distance of cells that cannot be reached
FAR = 255
_STEPS = ((0, 1), (0, -1), (1, 0), (-1, 0))  # right, left, down, up


@dataclass(frozen=True)
class Walls:
    """Walls of B mazes; see the module's text for shapes."""

    vertical: Tensor
    horizontal: Tensor
    size: Tensor  # [B] cells a side

    def open_moves(self) -> Tensor:
        """Which of the moves right, left, down, up are free: bool [B, 4, M, M]."""
        right = ~self.vertical[:, :, 1:]
        left = ~self.vertical[:, :, :-1]
        down = ~self.horizontal[:, 1:, :]
        up = ~self.horizontal[:, :-1, :]
        return torch.stack([right, left, down, up], dim=1)

    def fingerprint(self) -> Tensor:
        """63-bit hash of size and wall bits, int64 [B]: the same maze has the same value on every device."""
        bits = torch.cat([self.vertical.flatten(1), self.horizontal.flatten(1)], dim=1).long()
        weights = _odd_weights(bits.shape[1] + 1).to(bits.device)
        mixed = (bits * weights[1:]).sum(1) + self.size.long() * weights[0]
        mixed = (mixed ^ (mixed >> 31)) * -7046029254386353131
        return (mixed ^ (mixed >> 29)) & 0x7FFFFFFFFFFFFFFF


def _odd_weights(count: int) -> Tensor:
    generator = torch.Generator().manual_seed(20240607)
    return torch.randint(-(2**62), 2**62, (count,), generator=generator) * 2 + 1


def spanning_trees(size: Tensor, generator: torch.Generator) -> Walls:
    """Perfect mazes by randomised depth-first search, all mazes advancing together.

    Args:
        size: cells a side of each maze, int64 [B], 2..8.
        generator: random source on the same device.

    Returns:
        Walls of B mazes in which every two cells are joined by exactly one path.
    """
    count, device, side = size.shape[0], size.device, MAX_SIZE
    rows = torch.arange(side, device=device)
    inside = (rows[None, :, None] < size[:, None, None]) & (rows[None, None, :] < size[:, None, None])
    visited = (~inside).flatten(1)
    vertical = torch.ones(count, side, side + 1, dtype=torch.bool, device=device)
    horizontal = torch.ones(count, side + 1, side, dtype=torch.bool, device=device)
    batch = torch.arange(count, device=device)
    start = torch.floor(torch.rand(count, 2, device=device, generator=generator) * size[:, None]).long()
    stack = torch.zeros(count, side * side, 2, dtype=torch.long, device=device)
    stack[:, 0] = start
    top = torch.zeros(count, dtype=torch.long, device=device)
    visited[batch, start[:, 0] * side + start[:, 1]] = True
    steps = torch.tensor(_STEPS, device=device)
    for _ in range(2 * int(size.max()) ** 2):
        here = stack[batch, top]
        there = here[:, None] + steps
        legal = ((there >= 0) & (there < side)).all(-1)
        flat = (there.clamp(0, side - 1) * torch.tensor([side, 1], device=device)).sum(-1)
        free = legal & ~visited.gather(1, flat)
        weight = torch.rand(count, 4, device=device, generator=generator) + free
        choice = weight.argmax(1)
        moving = free.any(1)
        target = there[batch, choice]
        row, column = here[:, 0], here[:, 1]
        across = moving & (choice < 2)
        along = moving & (choice >= 2)
        line = column + (choice == 0).long()
        vertical[batch, row, line] &= ~across
        line = row + (choice == 2).long()
        horizontal[batch, line, column] &= ~along
        cell = torch.where(moving, flat[batch, choice], row * side + column)
        visited[batch, cell] = True
        top = torch.where(moving, top + 1, (top - 1).clamp_min(0))
        stack[batch, top] = torch.where(moving[:, None], target, stack[batch, top])
    return Walls(vertical, horizontal, size)


def open_loops(walls: Walls, count: Tensor, generator: torch.Generator) -> Walls:
    """Remove up to `count[b]` inner walls of each maze at random, so that several routes exist."""
    side, device = MAX_SIZE, walls.size.device
    rows = torch.arange(side + 1, device=device)
    size = walls.size[:, None, None]
    inner_v = walls.vertical & (rows[:side, None] < size) & (rows[None] > 0) & (rows[None] < size)
    inner_h = walls.horizontal & (rows[:, None] > 0) & (rows[:, None] < size) & (rows[None, :side] < size)
    inner = torch.cat([inner_v.flatten(1), inner_h.flatten(1)], dim=1)
    order = torch.rand(inner.shape, device=device, generator=generator) + inner
    rank = order.argsort(1, descending=True).argsort(1)
    removed = inner & (rank < count[:, None])
    cut = inner_v[0].numel()
    vertical = walls.vertical & ~removed[:, :cut].view_as(walls.vertical)
    return Walls(vertical, walls.horizontal & ~removed[:, cut:].view_as(walls.horizontal), walls.size)


def distances(walls: Walls, cells: Tensor, limit: int = MAX_SIZE**2) -> Tensor:
    """Moves from `cells [B, 2]` to every cell, int64 [B, M, M]; FAR beyond `limit` or unreachable."""
    moves = walls.open_moves()
    count, side = cells.shape[0], MAX_SIZE
    out = torch.full((count, side, side), FAR, dtype=torch.long, device=cells.device)
    out[torch.arange(count, device=cells.device), cells[:, 0], cells[:, 1]] = 0
    for _ in range(limit):
        padded = torch.nn.functional.pad(out, (1, 1, 1, 1), value=FAR)
        around = torch.stack(
            [padded[:, 1:-1, 2:], padded[:, 1:-1, :-2], padded[:, 2:, 1:-1], padded[:, :-2, 1:-1]], dim=1
        )
        out = torch.minimum(out, torch.where(moves, around + 1, FAR).amin(1)).clamp_max(FAR)
    return out


def shortest_paths(
    walls: Walls, start: Tensor, goal: Tensor, length: int, generator: torch.Generator
) -> Tensor:
    """One shortest path for each maze, drawn at random where several exist.

    Args:
        walls: B mazes.
        start: first cells, int64 [B, 2].
        goal: last cells, int64 [B, 2].
        length: number of moves to store.
        generator: random source, used only where paths tie.

    Returns:
        Cells [B, length + 1, 2]; after the goal the goal is repeated. A path longer than `length` is cut.
    """
    to_goal = distances(walls, goal)
    moves = walls.open_moves()
    batch = torch.arange(start.shape[0], device=start.device)
    steps = torch.tensor(_STEPS, device=start.device)
    here, cells = start, [start]
    for _ in range(length):
        there = (here[:, None] + steps).clamp(0, MAX_SIZE - 1)
        free = moves[batch, :, here[:, 0], here[:, 1]]
        left = to_goal[batch[:, None], there[..., 0], there[..., 1]]
        closer = free & (left < to_goal[batch, here[:, 0], here[:, 1]][:, None])
        choice = (torch.rand(closer.shape, device=start.device, generator=generator) + closer).argmax(1)
        here = torch.where(closer.any(1)[:, None], there[batch, choice], here)
        cells.append(here)
    return torch.stack(cells, dim=1)
