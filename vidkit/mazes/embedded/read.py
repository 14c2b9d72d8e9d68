"""Read a level back from a picture: cells, walls, goal and ball. Text-to-video clips are judged by it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vidkit.mazes.embedded.grid import MAX_SIZE, Walls, distances
from vidkit.mazes.embedded.levels import Levels
from vidkit.mazes.embedded.render import PIXELS, cell_px, origin_px
from vidkit.mazes.embedded.skins import BALLS, DISTRACTOR, STYLES


@dataclass(frozen=True)
class Reading:
    """What a first frame shows. `contrast` in [0, 1] says how clearly wall places are wall or not."""

    size: int
    style: str
    ball: str
    start: tuple[int, int]
    goal: tuple[int, int]
    walls: Walls  # of one maze
    contrast: float
    connected: bool  # every cell can be reached
    perfect: bool  # and by one path only

    def level(self) -> Levels:
        """A level to judge the rest of the clip by; its path is only start and goal."""
        palette = torch.tensor([*STYLES[self.style], BALLS[self.ball], DISTRACTOR])[None]
        path = torch.tensor([self.start, *[self.goal] * 22])[None]
        zero = torch.zeros(1, dtype=torch.long)
        return Levels(
            walls=self.walls,
            path=path,
            moves=distances(self.walls, path[:, 0])[:, self.goal[0], self.goal[1]],
            speed=torch.tensor([0.375]),
            colours=palette,
            style=torch.tensor([list(STYLES).index(self.style)]),
            ball=torch.tensor([list(BALLS).index(self.ball)]),
            loops=zero.bool(),
            texture=torch.zeros(1, 4),
            walks=torch.zeros(1, 2, 24, 2, dtype=torch.long),
            wanderers=zero,
        )


def _style_of(picture: Tensor) -> tuple[str, Tensor]:
    """The style whose colours are nearest, and the label of each pixel (0 floor, 1 wall, 2 goal)."""
    best = None
    for name, colours in STYLES.items():
        away = ((picture[:, :, None] - torch.tensor(colours)) ** 2).sum(-1)
        cost = float(away.amin(-1).clamp_max(0.1).mean())
        if best is None or cost < best[0]:
            best = (cost, name, away.argmin(-1))
    assert best is not None
    return best[1], best[2]


def _walls_of(wall: Tensor, size: int) -> tuple[Walls, float]:
    """Walls of a maze of `size` cells from the wall mask, and how clear each place is."""
    cells = torch.tensor([size])
    cell, origin = int(cell_px(cells)), float(origin_px(cells))
    vertical = torch.ones(1, MAX_SIZE, MAX_SIZE + 1, dtype=torch.bool)
    horizontal = torch.ones(1, MAX_SIZE + 1, MAX_SIZE, dtype=torch.bool)
    clear = []
    inset = max(2, cell // 4)
    for line in range(size + 1):
        at = round(origin + line * cell)
        band = slice(max(0, at - 1), min(PIXELS, at + 1))
        for index in range(size):
            span = slice(round(origin + index * cell) + inset, round(origin + (index + 1) * cell) - inset)
            for mask, store, key in (
                (wall[span, band], vertical, (0, index, line)),
                (wall[band, span], horizontal, (0, line, index)),
            ):
                share = float(mask.float().mean())
                border = line in (0, size)
                clear.append(share if border else abs(2 * share - 1))
                store[key] = share > 0.5 or border
    return Walls(vertical, horizontal, cells), sum(clear) / len(clear)


def _centre(mask: Tensor) -> tuple[float, float] | None:
    if int(mask.sum()) < 6:
        return None
    rows, columns = mask.nonzero(as_tuple=True)
    return float(rows.float().mean() + 0.5), float(columns.float().mean() + 0.5)


def read_level(picture: Tensor) -> Reading | None:
    """Read the maze in a picture.

    Args:
        picture: RGB in [0, 1], [96, 96, 3].

    Returns:
        The reading, or None when no goal or no ball can be found.
    """
    style, label = _style_of(picture)
    colours = torch.tensor([*STYLES[style], DISTRACTOR, *BALLS.values()])
    nearest = ((picture[:, :, None] - colours) ** 2).sum(-1).argmin(-1)
    counts = {name: int((nearest == 4 + i).sum()) for i, name in enumerate(BALLS)}
    ball = max(counts, key=lambda name: counts[name])
    ball_at = _centre(nearest == 4 + list(BALLS).index(ball))
    goal_at = _centre(nearest == 2)
    if ball_at is None or goal_at is None:
        return None
    walls, contrast = max(
        (_walls_of(label == 1, n) for n in range(4, MAX_SIZE + 1)), key=lambda pair: pair[1]
    )
    size = int(walls.size)
    cell, origin = int(cell_px(walls.size)), float(origin_px(walls.size))

    def cell_of(at: tuple[float, float]) -> tuple[int, int]:
        row, column = (min(size - 1, max(0, int((x - origin) // cell))) for x in at)
        return row, column

    start, goal = cell_of(ball_at), cell_of(goal_at)
    reach = distances(walls, torch.tensor([start]))[0, :size, :size]
    connected = bool((reach < 255).all())
    openings = int(walls.open_moves()[0, :, :size, :size].sum()) // 2
    return Reading(
        size, style, ball, start, goal, walls, contrast, connected, connected and openings == size**2 - 1
    )
