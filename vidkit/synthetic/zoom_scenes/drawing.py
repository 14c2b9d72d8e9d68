"""Pixels of scenes: signed distances in boxes bucketed by size, so that a GPU draws thousands per second."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from vidkit.synthetic.zoom_scenes.layout import CROP, SIDE, cell_corners
from vidkit.synthetic.zoom_scenes.questions import Questions
from vidkit.synthetic.zoom_scenes.scenes import Scenes
from vidkit.synthetic.zoom_scenes.words import RGB, bitmaps

_BOXES = (18, 24, 32, 40, 52, 68, 88, 116)  # sides in which objects are drawn
LETTER_HEIGHT = 0.45
"""Of the object's side."""
_BRIGHT = 0.5  # luminance from which ink is dark


def distance(shape: Tensor, x: Tensor, y: Tensor, half: Tensor) -> Tensor:
    """Signed distance in pixels to one of the six shapes; every argument broadcasts. Negative inside."""
    ax, ay, radius = x.abs(), y.abs(), (x * x + y * y + 1e-6).sqrt()
    circle = radius - 0.92 * half
    square = torch.maximum(ax, ay) - 0.86 * half
    triangle = torch.maximum((ax * 1.75 - (y + half) * 0.95) / 1.991, y - 0.75 * half)
    turn = 2 * math.pi / 5
    angle = (torch.remainder(torch.atan2(x, -y) + turn / 2, turn) - turn / 2).abs()
    inner, cosine, sine = 0.5, math.cos(turn / 2), math.sin(turn / 2)
    nx, ny = inner * sine, 1 - inner * cosine
    star = ((radius * angle.cos() - half) * nx + radius * angle.sin() * ny) / math.hypot(nx, ny)
    bar_1 = torch.maximum(ax - 0.95 * half, ay - 0.36 * half)
    bar_2 = torch.maximum(ay - 0.95 * half, ax - 0.36 * half)
    cross = torch.minimum(bar_1, bar_2)
    diamond = (ax + ay - half) / math.sqrt(2)
    found = circle
    for place, other in enumerate((square, triangle, star, cross, diamond), 1):
        found = torch.where(shape == place, other, found)
    return found


def _letter_ink(letter: Tensor, x: Tensor, y: Tensor, side: Tensor, maps: Tensor) -> Tensor:
    """Coverage 0..1 of a letter of 5 x 7 cells centred at 0, linear between cells [M, h, w]."""
    cell = side * LETTER_HEIGHT / 7
    column, row = x / cell + 2.0, y / cell + 3.0
    left, top = column.floor(), row.floor()
    ink = torch.zeros_like(column + row)
    for down in (0, 1):
        for across in (0, 1):
            c, r = left + across, top + down
            weight = (1 - (column - c).abs()) * (1 - (row - r).abs())
            inside = (c >= 0) & (c < 5) & (r >= 0) & (r < 7)
            place = (r.clamp(0, 6) * 5 + c.clamp(0, 4)).long()
            ink = ink + weight * inside * maps[letter.expand_as(place), place]
    return ink.clamp(0, 1)


def _background(count: int, generator: torch.Generator, device: torch.device) -> Tensor:
    """Coloured noise at three scales [B, SIDE, SIDE, 3]."""

    def noise(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator, device=device) - 0.5

    def large(values: Tensor) -> Tensor:
        return F.interpolate(values, size=(SIDE, SIDE), mode="bilinear", align_corners=False)

    smooth = large(noise(count, 3, 5, 5) * 0.22 + noise(count, 1, 5, 5) * 0.25)
    grain = large(noise(count, 3, 48, 48) * 0.12 + noise(count, 1, 48, 48) * 0.16)
    picture = smooth + grain + noise(count, 1, 1, 1) * 0.35 + 0.45
    return picture.permute(0, 2, 3, 1).contiguous() + noise(count, SIDE, SIDE, 1) * 0.10


def draw_pictures(questions: Questions) -> Tensor:
    """Pictures of a batch [B, SIDE, SIDE, 3] in 0..1, float32; the same for its seed and device."""
    scenes = questions.scenes
    device, count = scenes.x.device, len(scenes.x)
    generator = torch.Generator(device=device).manual_seed(questions.seed * 104729 + 7)
    picture = _background(count, generator, device)
    jitter = (torch.rand(*scenes.x.shape, 3, generator=generator, device=device) - 0.5) * 0.12
    paint = torch.tensor(RGB, device=device)[scenes.colour] + jitter
    maps = torch.tensor(bitmaps(), device=device).flatten(1)
    # one spare row takes all that is written outside a shape
    flat = torch.cat([picture.view(-1, 3), picture.new_zeros(1, 3)])
    needed, low = (scenes.size + 3).ceil(), 0
    for box in _BOXES:
        scene, place = ((needed > low) & (needed <= box) & scenes.exists).nonzero(as_tuple=True)
        low = box
        if len(scene):
            _paint(flat, scenes, scene, place, box, paint[scene, place], maps)
    return flat[:-1].view(count, SIDE, SIDE, 3).clamp_(0, 1)


def _paint(
    flat: Tensor, scenes: Scenes, scene: Tensor, place: Tensor, box: int, paint: Tensor, maps: Tensor
) -> None:
    """Draw objects [M] of one box size into the flat pictures."""

    def of(values: Tensor) -> Tensor:
        return values[scene, place][:, None, None]

    steps = torch.arange(box, device=flat.device)
    left, top = ((values[scene, place] - box / 2).round() for values in (scenes.x, scenes.y))
    across, down = (left[:, None] + steps)[:, None, :], (top[:, None] + steps)[:, :, None]
    dx, dy, half = across + 0.5 - of(scenes.x), down + 0.5 - of(scenes.y), of(scenes.size) / 2
    cover = (0.5 - distance(of(scenes.shape), dx, dy, half)).clamp(0, 1)
    ink = _letter_ink(of(scenes.letter), dx, dy, of(scenes.size), maps)[..., None]
    luminance = paint @ paint.new_tensor([0.3, 0.59, 0.11])
    pen = (luminance < _BRIGHT).float()[:, None, None, None] * 0.9 + 0.05
    colour = paint[:, None, None] * (1 - ink) + pen * ink
    inside = (cover > 0) & (across >= 0) & (across < SIDE) & (down >= 0) & (down < SIDE)
    index = torch.where(
        inside, scene[:, None, None] * SIDE**2 + down.long() * SIDE + across.long(), len(flat) - 1
    )
    cover = cover[..., None]
    flat[index] = flat[index] * (1 - cover) + cover * colour


def shrunk(pictures: Tensor, side: int) -> Tensor:
    """Pictures [B, SIDE, SIDE, 3] averaged down to [B, 3, side, side]; each pixel by the area it covers."""
    groups = math.gcd(SIDE, side)  # as many pixels of each group go into as few, always in the same way
    many, few = SIDE // groups, side // groups
    edges = torch.arange(many, dtype=torch.float64)
    low = torch.arange(few, dtype=torch.float64)[:, None] * many / few
    shared = torch.minimum(edges + 1, low + many / few) - torch.maximum(edges, low)
    weights = (shared.clamp(min=0) * few / many).to(pictures)
    rows = weights @ pictures.reshape(-1, many, SIDE * 3)
    colours = torch.einsum("fm,cd->mcfd", weights, torch.eye(3).to(weights)).reshape(3 * many, 3 * few)
    return (rows.reshape(-1, 3 * many) @ colours).reshape(-1, side, side, 3).permute(0, 3, 1, 2)


def cropped(pictures: Tensor, cell: Tensor) -> Tensor:
    """Cells [B] of pictures at full size: [B, 3, CROP, CROP]."""
    left, top = (corner[cell] for corner in cell_corners(pictures.device))
    steps = torch.arange(CROP, device=pictures.device)
    rows, columns = top[:, None] + steps, left[:, None] + steps
    batch = torch.arange(len(cell), device=pictures.device)[:, None, None]
    return pictures[batch, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
