"""What is looked for: the object's look, its shape, and the picture without it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vidkit.mazes.boards.base import Box
from vidkit.mazes.boards.grid_board import GridBoard
from vidkit.mazes.boards.sokoban import SokobanBoard
from vidkit.mazes.level import Level

Float = NDArray[np.float32]


@dataclass(frozen=True)
class Appearance:
    """An object at working size.

    Attributes:
        look: its colours, RGB 0..255 [h, w, 3].
        mask: how much of each pixel it covers, 0..1 [h, w].
    """

    look: Float
    mask: Float


@dataclass(frozen=True)
class Scene:
    """A level as the tracker knows it, at working size.

    Attributes:
        still: the picture without player and box [H, W, 3].
        player: what the player looks like.
        box: what the box looks like, or None.
        scale: working pixels for a native pixel.
    """

    still: Float
    player: Appearance
    box: Appearance | None
    scale: float


def scene_of(level: Level, picture: NDArray[np.uint8] | None, scale: float) -> Scene:
    """What is known of a level.

    Args:
        level: with its skin.
        picture: the first frame, when the level was drawn elsewhere: still picture and looks come from it.
        scale: working pixels for a native pixel.
    """
    if picture is None:
        stage = level.stage
        box = None if stage.box is None else _from_sprite(stage.box, scale)
        return Scene(_smaller(stage.picture, scale), _from_sprite(stage.player, scale), box, scale)
    board = level.board
    bare = _without(level, picture)
    player = _from_picture(picture, bare, board.player_box(board.start), scale)
    box = None
    if isinstance(board, SokobanBoard):
        box = _from_picture(picture, bare, board.box_box(board.box), scale)
    return Scene(_smaller(bare, scale), player, box, scale)


def _smaller(picture: NDArray[np.uint8], scale: float) -> Float:
    height, width = (max(8, round(side * scale)) for side in picture.shape[:2])
    return shrunk(picture, width, height)


def shrunk(picture: NDArray[np.uint8], width: int, height: int) -> Float:
    """A picture at working size; halved while that goes, which is many times as fast as any other ratio."""
    while picture.shape[0] >= 2 * height and picture.shape[1] >= 2 * width:
        rows, columns = picture.shape[0] // 2, picture.shape[1] // 2
        even = picture[: 2 * rows, : 2 * columns]
        if even.shape != picture.shape:
            break  # a lost row would move everything
        picture = np.asarray(cv2.resize(picture, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)
    odd = picture.shape[0] >= 2 * height and picture.shape[1] >= 2 * width
    kind = cv2.INTER_AREA if odd else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (width, height), interpolation=kind), np.float32)


def _from_sprite(sprite: NDArray[np.uint8], scale: float) -> Appearance:
    side = max(5, round(sprite.shape[0] * scale) | 1)
    alpha = sprite[..., 3:].astype(np.float32) / 255
    solid = cv2.resize(
        np.concatenate([sprite[..., :3] * alpha, alpha], -1), (side, side), interpolation=cv2.INTER_AREA
    )
    return _of_solid(solid)


def _from_picture(picture: NDArray[np.uint8], bare: NDArray[np.uint8], box: Box, scale: float) -> Appearance:
    """Cut out of the first frame: what differs from the picture without it."""
    rows = slice(max(0, box.y), box.y + box.height)
    columns = slice(max(0, box.x), box.x + box.width)
    look, under = picture[rows, columns], bare[rows, columns]
    mask = (np.abs(look.astype(np.int16) - under).max(-1) > 24).astype(np.float32)
    side = max(5, round(box.width * scale) | 1)
    small = cv2.resize(
        np.concatenate([look * mask[..., None], mask[..., None]], -1),
        (side, side),
        interpolation=cv2.INTER_AREA,
    )
    return _of_solid(small)


def _of_solid(solid: NDArray[Any]) -> Appearance:
    """From colours with the mask multiplied in, and the mask."""
    mask = np.asarray(solid[..., 3], np.float32)
    return Appearance(np.asarray(solid[..., :3] / np.maximum(mask, 1e-3)[..., None], np.float32), mask)


def _without(level: Level, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The first frame with player and box painted over."""
    board = level.board
    out = picture.copy()
    cells = [board.start, *([board.box] if isinstance(board, SokobanBoard) else [])]
    if isinstance(board, GridBoard):
        plain = _plain_cell(board, picture)
        for cell in cells:
            box = board.cell_box(cell)
            out[box.y : box.y + box.height, box.x : box.x + box.width] = plain
        return out
    for cell in cells:
        box = board.player_box(cell)
        mask = np.zeros(picture.shape[:2], np.uint8)
        grown = 2
        mask[
            max(0, box.y - grown) : box.y + box.height + grown,
            max(0, box.x - grown) : box.x + box.width + grown,
        ] = 255
        out = np.asarray(cv2.inpaint(out, mask, 3, cv2.INPAINT_TELEA), np.uint8)
    return out


def _plain_cell(board: GridBoard, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A free cell on which nothing stands: the median of all of them."""
    special = {board.start, board.goal, *([board.box] if isinstance(board, SokobanBoard) else [])}
    free = [(int(r), int(c)) for r, c in np.argwhere(~board.blocked) if (int(r), int(c)) not in special]
    side = board.cell_px
    cells = [picture[r * side : (r + 1) * side, c * side : (c + 1) * side] for r, c in free[:16]]
    if not cells:
        return np.full((side, side, 3), np.median(picture, (0, 1)), np.uint8)
    return np.asarray(np.median(np.stack(cells), 0), np.uint8)
