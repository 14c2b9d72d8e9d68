"""Levels: a maze, a start, a goal, the ball's route and its look; one (`Level`) or many (`Levels`)."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from vidkit.mazes.embedded.grid import (
    FAR,
    MAX_SIZE,
    Walls,
    distances,
    open_loops,
    shortest_paths,
    spanning_trees,
)
from vidkit.mazes.embedded.skins import BALLS, DISTRACTOR, SPEEDS, STYLES

FRAMES = 61
MAX_MOVES = 22
#: one maze in sixteen, chosen by a hash of its walls, is never trained on
HELD_OUT_EVERY = 16
_WALK = 24  # cells of a wandering ball's route


@dataclass(frozen=True)
class Levels:
    """B levels as tensors on one device."""

    walls: Walls
    path: Tensor  # [B, 23, 2] cells (row, column), padded with the goal
    moves: Tensor  # [B] length of the path
    speed: Tensor  # [B] cells a frame
    colours: Tensor  # [B, 5, 3] floor, wall, goal, ball, distractor in [0, 1]
    style: Tensor  # [B] index into STYLES
    ball: Tensor  # [B] index into BALLS
    loops: Tensor  # [B] bool: several routes may exist
    texture: Tensor  # [B, 4] wave number (x, y), phase, phase a frame; zeros: plain floor
    walks: Tensor  # [B, 2, 24, 2] routes of two wandering balls
    wanderers: Tensor  # [B] how many of them are shown, 0..2

    def __len__(self) -> int:
        return int(self.path.shape[0])

    def held_out(self) -> Tensor:
        """True for mazes that training never sees, bool [B]."""
        return self.walls.fingerprint() % HELD_OUT_EVERY == 0

    def select(self, index: Tensor) -> Levels:
        """The levels at `index` (int64 or bool)."""
        walls = Walls(self.walls.vertical[index], self.walls.horizontal[index], self.walls.size[index])
        rest = {f.name: getattr(self, f.name)[index] for f in fields(self) if f.name != "walls"}
        return Levels(walls=walls, **rest)

    def captions(self) -> list[str]:
        """What a prompt says of each level."""
        columns = (
            self.walls.size,
            self.style,
            self.ball,
            self.speed,
            self.loops,
            self.wanderers,
            self.texture[:, 0],
        )
        return [_caption(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def _caption(size: int, style: int, ball: int, speed: float, loops: bool, wanderers: int, wave: float) -> str:
    colour = list(BALLS)[ball]
    article = "an" if colour[0] in "aeiou" else "a"
    pace = "slow" if abs(speed - SPEEDS["slow"]) < 1e-6 else "fast"
    words = f"{article} {colour} ball solves a {list(STYLES)[style]} {size}x{size} maze, {pace}"
    extras = (("loops", loops), ("distractors", wanderers > 0), ("texture", wave != 0))
    shown = [name for name, present in extras if present]
    return words + (", with " + " and ".join(shown) if shown else "")


def concatenate(parts: list[Levels]) -> Levels:
    """One batch from several."""
    walls = Walls(*(torch.cat([getattr(p.walls, f.name) for p in parts]) for f in fields(Walls)))
    rest = {
        f.name: torch.cat([getattr(p, f.name) for p in parts]) for f in fields(Levels) if f.name != "walls"
    }
    return Levels(walls=walls, **rest)


@dataclass(frozen=True)
class Recipe:
    """What levels are drawn: shares in [0, 1]."""

    sizes: tuple[int, ...] = (4, 5, 6, 7, 8)
    max_moves: int = MAX_MOVES
    uniform_moves: bool = False  # True: path lengths equally likely; False: goal weighted by its distance
    slow: float = 0.5  # share of slow clips among paths that fit
    extras: float = 0.25  # share with something the first frame does not determine
    jitter: float = 0.04  # of colours, each channel


def _goals(to: Tensor, size: Tensor, recipe: Recipe, generator: torch.Generator) -> Tensor:
    """A goal for each maze among cells at size-1 .. max_moves from the start, int64 [B, 2]."""
    flat = to.flatten(1)
    low = torch.minimum(size - 1, torch.full_like(size, recipe.max_moves))
    reachable = flat < FAR
    fits = reachable & (flat >= low[:, None]) & (flat <= recipe.max_moves)
    weight = flat.float()
    if recipe.uniform_moves:
        same = (flat[:, :, None] == flat[:, None, :]).sum(-1)
        weight = 1.0 / same
    # a start from which no cell is far enough takes its farthest cell within reach
    fallback = (reachable & (flat <= recipe.max_moves)).float() * flat.float().pow(8)
    weight = torch.where(fits.any(1)[:, None], fits * weight, fallback) + 1e-9 * (reachable & (flat > 0))
    goal = torch.multinomial(weight, 1, generator=generator)[:, 0]
    return torch.stack([goal // MAX_SIZE, goal % MAX_SIZE], dim=1)


def _walks(walls: Walls, generator: torch.Generator) -> Tensor:
    """Random walks through open cells, two a maze, int64 [B, 2, 24, 2]."""
    device, count = walls.size.device, walls.size.shape[0]
    moves = walls.open_moves()
    steps = torch.tensor(((0, 1), (0, -1), (1, 0), (-1, 0)), device=device)
    batch = torch.arange(count, device=device)
    out = []
    for _ in range(2):
        here = torch.floor(
            torch.rand(count, 2, device=device, generator=generator) * walls.size[:, None]
        ).long()
        cells = [here]
        for _ in range(_WALK - 1):
            free = moves[batch, :, here[:, 0], here[:, 1]]
            choice = (torch.rand(count, 4, device=device, generator=generator) + free).argmax(1)
            here = here + torch.where(free.any(1)[:, None], steps[choice], 0)
            cells.append(here)
        out.append(torch.stack(cells, dim=1))
    return torch.stack(out, dim=1)


def sample_levels(count: int, generator: torch.Generator, recipe: Recipe | None = None) -> Levels:
    """Draw levels of mixed sizes and looks, held-out mazes included.

    Args:
        count: number of levels B.
        generator: random source; its device is where the levels live.
        recipe: what to draw; the default is the training mixture.
    """
    recipe = recipe or Recipe()
    device = generator.device

    def rand(*shape: int) -> Tensor:
        return torch.rand(*shape, device=device, generator=generator)

    sizes = torch.tensor(recipe.sizes, device=device)
    size = sizes[torch.randint(len(recipe.sizes), (count,), device=device, generator=generator)]
    walls = spanning_trees(size, generator)
    extra = rand(count) < recipe.extras
    kinds = rand(count, 3) < 0.45  # an extra clip has at least one kind, sometimes several
    kinds[:, 2] |= ~kinds.any(1)
    kinds &= extra[:, None]
    loops = kinds[:, 0]
    walls = open_loops(walls, torch.where(loops, size // 2 + 1, 0), generator)
    start = torch.floor(rand(count, 2) * size[:, None]).long()
    goal = _goals(distances(walls, start), size, recipe, generator)
    path = shortest_paths(walls, start, goal, MAX_MOVES, generator)
    moves = (path[:, 1:] != path[:, :-1]).any(-1).sum(1)
    slow = (moves <= int((FRAMES - 1) * SPEEDS["slow"])) & (rand(count) < recipe.slow)
    style = torch.randint(len(STYLES), (count,), device=device, generator=generator)
    ball = torch.randint(len(BALLS), (count,), device=device, generator=generator)
    palette = torch.tensor(list(STYLES.values()), device=device)
    balls = torch.tensor(list(BALLS.values()), device=device)
    grey = torch.tensor(DISTRACTOR, device=device).expand(count, 1, 3)
    colours = torch.cat([palette[style], balls[ball][:, None], grey], dim=1)
    colours = (colours + (rand(count, 5, 3) * 2 - 1) * recipe.jitter).clamp(0, 1)
    waves = torch.stack(
        [rand(count) * 0.5 + 0.15, rand(count) * 1.0 - 0.5, rand(count) * 6.283, rand(count) - 0.5], 1
    )
    return Levels(
        walls=walls,
        path=path,
        moves=moves,
        speed=torch.where(slow, SPEEDS["slow"], SPEEDS["fast"]),
        colours=colours,
        style=style,
        ball=ball,
        loops=loops,
        texture=waves * kinds[:, 2:3],
        walks=_walks(walls, generator),
        wanderers=kinds[:, 1].long() * torch.randint(1, 3, (count,), device=device, generator=generator),
    )
