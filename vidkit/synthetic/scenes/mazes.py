"""Mazes as pictures, with a ball and a goal."""

from __future__ import annotations

import cv2
import numpy as np

from vidkit.synthetic.scenes.world import COLOURS, Picture, Scene

_Cell = tuple[int, int]
_ENLARGED = 3  # drawn larger and averaged down
MARKS = ("red", "blue", "green", "yellow", "orange")


def maze_scene(rng: np.random.Generator, side: int) -> Scene:
    """A random maze of 4 to 8 cells per side [side, side, 3], without what cameras and codecs do."""
    cells = int(rng.integers(4, 9))
    ball, goal = (str(name) for name in rng.choice(MARKS, 2, replace=False))
    dark = bool(rng.random() < 0.5)
    canvas = _walls(cells, side * _ENLARGED, dark, rng)
    _marks(canvas, cells, ball, goal, rng)
    picture = np.asarray(cv2.resize(canvas, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    light = "dark" if dark else "light"
    captions = (
        "a maze",
        f"a {light} maze",
        f"a maze with a {ball} ball",
        f"a {ball} ball in a maze",
        f"a {light} maze with a {ball} ball and a {goal} goal",
        "walls of a maze",
    )
    return Scene(picture, captions, {"kind": "maze", "ball": ball, "light": light})


def _walls(cells: int, side: int, dark: bool, rng: np.random.Generator) -> Picture:
    floor, wall = ((25, 25, 30), (200, 200, 205)) if dark else ((240, 240, 235), (35, 35, 40))
    canvas = np.full((side, side, 3), floor, dtype=np.uint8)
    step, edge = side / cells, max(2, side // 60)
    passages = _spanning_tree(cells, rng)
    for row in range(cells):
        for column in range(cells):
            x, y = int(column * step), int(row * step)
            if ((row, column), (row, column + 1)) not in passages:
                cv2.line(canvas, (int(x + step), y), (int(x + step), int(y + step)), wall, edge)
            if ((row, column), (row + 1, column)) not in passages:
                cv2.line(canvas, (x, int(y + step)), (int(x + step), int(y + step)), wall, edge)
    cv2.rectangle(canvas, (0, 0), (side - 1, side - 1), wall, edge)
    return canvas


def _marks(canvas: Picture, cells: int, ball: str, goal: str, rng: np.random.Generator) -> None:
    step = canvas.shape[0] / cells
    places = [divmod(int(cell), cells) for cell in rng.choice(cells * cells, 2, replace=False)]
    centres = [(int((column + 0.5) * step), int((row + 0.5) * step)) for row, column in places]
    (x, y), half = centres[0], int(step * 0.34)
    cv2.rectangle(canvas, (x - half, y - half), (x + half, y + half), COLOURS[goal], -1)
    cv2.circle(canvas, centres[1], int(step * 0.32), COLOURS[ball], -1, cv2.LINE_AA)


def _spanning_tree(cells: int, rng: np.random.Generator) -> set[tuple[_Cell, _Cell]]:
    """Open passages between neighbours (smaller cell first) that join all cells without a loop."""
    seen, stack = {(0, 0)}, [(0, 0)]
    passages: set[tuple[_Cell, _Cell]] = set()
    while stack:
        row, column = here = stack[-1]
        near = [(row + a, column + b) for a, b in ((0, 1), (1, 0), (0, -1), (-1, 0))]
        free = [c for c in near if 0 <= c[0] < cells and 0 <= c[1] < cells and c not in seen]
        if not free:
            stack.pop()
            continue
        following = free[int(rng.integers(len(free)))]
        passages.add((min(here, following), max(here, following)))
        seen.add(following)
        stack.append(following)
    return passages
