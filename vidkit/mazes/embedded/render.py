"""Pictures and clips of levels, 96 x 96 pixels, by distance to lines and discs; batches on any device."""

from __future__ import annotations

import torch
from torch import Tensor

from vidkit.mazes.embedded.levels import FRAMES, Levels

PIXELS = 96
_MARGIN = 4
WALL_PX = 1.01  # half width of a wall
BALL_RADIUS = 0.27  # of a cell
GOAL_HALF = 0.30  # of a cell
WALK_SPEED = 0.25  # cells a frame of a wandering ball
TEXTURE_CONTRAST = 0.07


def cell_px(size: Tensor) -> Tensor:
    """Side of a cell in pixels."""
    return (PIXELS - _MARGIN) // size


def origin_px(size: Tensor) -> Tensor:
    """Left and upper edge of the maze in pixels."""
    return (PIXELS - size * cell_px(size)).float() / 2


def centres_px(levels: Levels, cells: Tensor) -> Tensor:
    """Pixel coordinates (row, column) of cell centres; `cells [B, ..., 2]` may be fractional."""
    shape = (-1,) + (1,) * (cells.dim() - 1)
    size = levels.walls.size
    return origin_px(size).view(shape) + (cells.float() + 0.5) * cell_px(size).view(shape)


def route_at(route: Tensor, progress: Tensor) -> Tensor:
    """Position on a piecewise linear route `[B, K, 2]` after `progress [B, T]` cells, in cells [B, T, 2]."""
    last = route.shape[1] - 1
    progress = progress.clamp(0, last)
    low = progress.floor().long()
    high = (low + 1).clamp_max(last)
    at = [torch.gather(route.float(), 1, i[..., None].expand(-1, -1, 2)) for i in (low, high)]
    return at[0] + (at[1] - at[0]) * (progress - low)[..., None]


def ball_px(levels: Levels, frames: int = FRAMES) -> Tensor:
    """Where the ball is in each frame, pixel (row, column), float [B, T, 2]."""
    time = torch.arange(frames, device=levels.speed.device, dtype=torch.float32)
    progress = torch.minimum(time * levels.speed[:, None], levels.moves[:, None].float())
    return centres_px(levels, route_at(levels.path, progress))


def still(levels: Levels) -> tuple[Tensor, Tensor]:
    """The maze without balls [B, P, P, 3] and where its floor shows, bool [B, P, P]."""
    size = levels.walls.size
    device, side = size.device, levels.walls.vertical.shape[1]
    cell = cell_px(size).view(-1, 1).float()
    pixel = torch.arange(PIXELS, device=device) + 0.5
    unit = (pixel - origin_px(size).view(-1, 1)) / cell  # [B, P] in cells
    line = unit.round()
    near = ((unit - line).abs() * cell <= WALL_PX) & (line >= 0) & (line <= size[:, None])
    inside = (unit > -WALL_PX / cell) & (unit < size[:, None] + WALL_PX / cell)
    index, line = unit.floor().long().clamp(0, side - 1), line.long().clamp(0, side)
    batch = torch.arange(len(levels), device=device)[:, None, None]
    vertical = levels.walls.vertical[batch, index[:, :, None], line[:, None, :]] & near[:, None, :]
    horizontal = levels.walls.horizontal[batch, line[:, :, None], index[:, None, :]] & near[:, :, None]
    posts = near[:, :, None] & near[:, None, :]
    wall = (vertical | horizontal | posts) & inside[:, :, None] & inside[:, None, :]
    goal_at = centres_px(levels, levels.path[:, -1])
    half = (GOAL_HALF * cell).view(-1, 1)
    rows = (pixel[None] - goal_at[:, :1]).abs() <= half
    columns = (pixel[None] - goal_at[:, 1:]).abs() <= half
    goal = rows[:, :, None] & columns[:, None, :]
    colours = levels.colours[:, :, None, None]
    picture = torch.where(wall[..., None], colours[:, 1], colours[:, 0])
    picture = torch.where(goal[..., None], colours[:, 2], picture)
    return picture, ~wall & ~goal


def _disc(at: Tensor, radius: Tensor) -> Tensor:
    """Anti-aliased discs, alpha [B, T, P, P]."""
    pixel = torch.arange(PIXELS, device=at.device) + 0.5
    rows = (pixel - at[..., :1]) ** 2
    columns = (pixel - at[..., 1:]) ** 2
    distance = (rows[..., :, None] + columns[..., None, :]).sqrt()
    return (radius.view(-1, 1, 1, 1) + 0.5 - distance).clamp(0, 1)


def render(levels: Levels, frames: int = FRAMES) -> Tensor:
    """Clips of levels, RGB in [0, 1], float [B, T, 96, 96, 3]."""
    picture, floor = still(levels)
    time = torch.arange(frames, device=picture.device, dtype=torch.float32)
    clip = picture[:, None].expand(-1, frames, -1, -1, -1)
    if bool((levels.texture[:, 0] != 0).any()):
        pixel = torch.arange(PIXELS, device=picture.device) + 0.5
        kx, ky, phase, drift = (levels.texture[:, i].view(-1, 1, 1, 1) for i in range(4))
        wave = torch.sin(kx * pixel + ky * pixel[:, None] + phase + drift * time.view(1, -1, 1, 1))
        shown = floor[:, None] & (kx != 0)
        clip = (clip + TEXTURE_CONTRAST * (wave * shown)[..., None]).clamp(0, 1)
    radius = BALL_RADIUS * cell_px(levels.walls.size)
    colours = levels.colours[:, :, None, None, None]
    for index in range(levels.walks.shape[1]):
        shown = levels.wanderers > index
        if bool(shown.any()):
            at = route_at(levels.walks[:, index], (time * WALK_SPEED).expand(len(levels), -1))
            alpha = _disc(centres_px(levels, at), radius) * shown.view(-1, 1, 1, 1)
            clip = clip + alpha[..., None] * (colours[:, 4] - clip)
    alpha = _disc(ball_px(levels, frames), radius)
    return clip + alpha[..., None] * (colours[:, 3] - clip)
