"""The still part of a level: everything but the player and the box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from vidkit.mazes.boards.base import Board
from vidkit.mazes.boards.grid_board import GridBoard
from vidkit.mazes.boards.irregular import IrregularBoard, place_name
from vidkit.mazes.boards.maze3d import CLIMB, Maze3dBoard
from vidkit.mazes.drawing.picture_file import PictureFile
from vidkit.mazes.drawing.skins import CubeSkin, GridSkin, Moving, RoadSkin, Skin, Tile
from vidkit.mazes.drawing.sprites import Colour, Pixels, draw_sprite, paste
from vidkit.mazes.drawing.textures import draw_texture
from vidkit.mazes.types import Cell

_SUBPIXEL = 4  # fractional bits of cv2's drawing
_LETTER = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True)
class Stage:
    """What a clip is composed of.

    Attributes:
        picture: RGB uint8 [H, W, 3] without player and box.
        player: the player's sprite, RGBA; drawn centred on its point.
        box: the box's sprite, RGBA, or None.
    """

    picture: Pixels
    player: Pixels
    box: Pixels | None = None


def make_stage(board: Board, skin: Skin) -> Stage:
    """Draw a level at its native size."""
    if isinstance(board, GridBoard) and isinstance(skin, GridSkin):
        box = None if skin.box is None else _moving(skin.box, board.cell_px)
        return Stage(_grid_picture(board, skin), _moving(skin.player, board.cell_px), box)
    if isinstance(board, IrregularBoard) and isinstance(skin, RoadSkin):
        return Stage(_road_picture(board, skin), _moving(skin.player, board.road_px))
    if isinstance(board, Maze3dBoard) and isinstance(skin, CubeSkin):
        return Stage(_cube_picture(board, skin), draw_sprite(skin.player, board.unit))
    raise TypeError(f"a skin of {type(skin).__name__} does not fit a {type(board).__name__}")


def _moving(made: Moving, side: int) -> Pixels:
    """A sprite, RGBA [side, side, 4]."""
    return made.sprite(side) if isinstance(made, PictureFile) else draw_sprite(made, side)


def _tile(made: Tile, side: int) -> Pixels:
    """A tile, RGB [side, side, 3]."""
    return made.tile(side) if isinstance(made, PictureFile) else draw_texture(made, side)


def _centred(picture: Pixels, made: Moving, side: int, x: float, y: float) -> None:
    paste(picture, _moving(made, side), round(x - side / 2), round(y - side / 2))


def _grid_picture(board: GridBoard, skin: GridSkin) -> Pixels:
    side = board.cell_px
    rows, columns = board.blocked.shape
    picture = np.tile(_tile(skin.floor, side), (rows, columns, 1))
    wall = _tile(skin.blocked, side)
    for row, column in np.argwhere(board.blocked):
        top, left = int(row) * side, int(column) * side
        picture[top : top + side, left : left + side] = wall
        if skin.trap is not None:
            paste(picture, draw_sprite(skin.trap, side), left, top)
    if skin.lines is not None:
        picture[::side] = skin.lines
        picture[:, ::side] = skin.lines
    x, y = board.point(board.goal)
    _centred(picture, skin.goal, side, x, y)
    return picture


def _road_picture(board: IrregularBoard, skin: RoadSkin) -> Pixels:
    picture = np.ascontiguousarray(_tile(skin.ground, board.side))
    picture = picture.copy()
    edge = max(2, board.road_px // 12)
    passes = [(board.road_px, skin.road)]
    if skin.edge is not None:
        passes.insert(0, (board.road_px + 2 * edge, skin.edge))
    for width, colour in passes:
        for road in board.roads:
            points = np.array(board.curve(road.a, road.b, 24)) * 2**_SUBPIXEL
            cv2.polylines(
                picture, [points.round().astype(np.int32)], False, colour, width, cv2.LINE_AA, _SUBPIXEL
            )
    x, y = board.point(board.goal)
    _centred(picture, skin.goal, board.road_px, x, y)
    return picture


def letter_places(board: IrregularBoard, picture: Pixels) -> Pixels:
    """The picture with a letter at each place, as vision-language models are shown it."""
    out = picture.copy()
    for index, (x, y) in enumerate(board.places):
        name = place_name(index)
        scale = board.road_px / 42
        (width, height), _ = cv2.getTextSize(name, _LETTER, scale, 2)
        at = (round(x - width / 2), round(y + height / 2))
        cv2.putText(out, name, at, _LETTER, scale, (255, 255, 255), 7, cv2.LINE_AA)
        cv2.putText(out, name, at, _LETTER, scale, (120, 0, 160), 2, cv2.LINE_AA)
    return out


def _cube_picture(board: Maze3dBoard, skin: CubeSkin) -> Pixels:
    picture = np.empty((board.height, board.width, 3), np.uint8)
    picture[:] = skin.sky
    wide, deep, _ = board.grid
    _fill(picture, board, [(0, 0, 0), (wide, 0, 0), (wide, deep, 0), (0, deep, 0)], skin.ground, None)
    ladders = {ladder.base: ladder for ladder in board.ladders}
    # far things first: those with small x + y, and low ones before high ones
    for cube in sorted(board.cubes, key=lambda c: (c[0] + c[1] + c[2], c[2])):
        colour = skin.start if cube == board.start else skin.goal if cube == board.goal else skin.cube
        _draw_cube(picture, board, cube, colour, skin.outline)
        if cube in ladders:
            _draw_ladder(picture, board, cube, ladders[cube].direction, skin.ladder)
    return picture


def _shade(colour: Colour, share: float) -> Colour:
    red, green, blue = (round(part * share) for part in colour)
    return red, green, blue


def _draw_cube(picture: Pixels, board: Maze3dBoard, cube: Cell, colour: Colour, outline: Colour) -> None:
    x, y, z = cube
    top = [(x, y, z + 1), (x + 1, y, z + 1), (x + 1, y + 1, z + 1), (x, y + 1, z + 1)]
    left = [(x + 1, y, z), (x + 1, y, z + 1), (x + 1, y + 1, z + 1), (x + 1, y + 1, z)]
    right = [(x, y + 1, z), (x, y + 1, z + 1), (x + 1, y + 1, z + 1), (x + 1, y + 1, z)]
    for face, share in ((left, 0.72), (right, 0.86), (top, 1.0)):
        _fill(picture, board, face, _shade(colour, share), outline)


def _fill(
    picture: Pixels,
    board: Maze3dBoard,
    corners: Sequence[Cell],
    colour: Colour,
    outline: Colour | None,
) -> None:
    points = np.array([board.project(*corner) for corner in corners])
    fixed = (points * 2**_SUBPIXEL).round().astype(np.int32)
    cv2.fillConvexPoly(picture, fixed, colour, cv2.LINE_AA, _SUBPIXEL)
    if outline is not None:
        cv2.polylines(picture, [fixed], True, outline, 1, cv2.LINE_AA, _SUBPIXEL)


def _draw_ladder(picture: Pixels, board: Maze3dBoard, cube: Cell, side: str, colour: Colour) -> None:
    x, y, z = cube
    half, low, high = 0.16, z + 1.0, z + CLIMB + 1.0

    def place(across: float, up: float) -> tuple[int, int]:
        at = (x + 1.04, y + 0.5 + across, up) if side == "+x" else (x + 0.5 + across, y + 1.04, up)
        px, py = board.project(*at)
        return round(px * 2**_SUBPIXEL), round(py * 2**_SUBPIXEL)

    for across in (-half, half):
        cv2.line(picture, place(across, low), place(across, high), colour, 3, cv2.LINE_AA, _SUBPIXEL)
    rungs = 9
    for index in range(1, rungs):
        up = low + (high - low) * index / rungs
        cv2.line(picture, place(-half, up), place(half, up), colour, 2, cv2.LINE_AA, _SUBPIXEL)
