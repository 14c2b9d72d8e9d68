"""State files of levels, version 1.0 of the published format: written for ours, read for anybody's."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.errors import ConfigError, DataError
from vidkit.mazes.boards.base import Board, Box
from vidkit.mazes.boards.grid_board import GridBoard
from vidkit.mazes.boards.irregular import IrregularBoard, Road
from vidkit.mazes.boards.maze3d import CLIMB, Ladder, Maze3dBoard, View
from vidkit.mazes.boards.regular import RegularBoard
from vidkit.mazes.boards.sokoban import SokobanBoard
from vidkit.mazes.boards.trapfield import TrapfieldBoard
from vidkit.mazes.types import GAME_TYPES, Cell, MazeType, maze_type
from vidkit.utils.strict_json import load_json

VERSION = "1.0"
_LARGEST_FILE = 4_000_000  # bytes; the published ones are below 20 kB
_LARGEST_SIDE = 200  # cells
_LARGEST_PICTURE = 8192  # pixels
_SYMBOLS = {
    "empty": 0,
    "wall": 1,
    "box": 2,
    "target": 3,
    "box_on_target": 4,
    "player": 5,
    "player_on_target": 6,
}


def state_of(board: Board) -> dict[str, Any]:
    """A level as the JSON object of a state file."""
    entities: dict[str, Any] = {
        "player": _entity(board, board.start, board.player_box(board.start)),
        "goal": _entity(board, board.goal, board.goal_box()),
        "boxes": [],
    }
    state: dict[str, Any] = {
        "version": VERSION,
        "game_type": GAME_TYPES[board.type],
        "entities": entities,
        "render": {"cell_size": board.unit, "image_width": board.width, "image_height": board.height},
        "metadata": _metadata(board),
    }
    if isinstance(board, SokobanBoard):
        entities["boxes"] = [_entity(board, board.box, board.box_box(board.box))]
    if isinstance(board, GridBoard):
        rows, columns = board.blocked.shape
        state["grid"] = {"data": board.codes().tolist(), "height": int(rows), "width": int(columns)}
    return state


def _entity(board: Board, cell: Cell, box: Box) -> dict[str, Any]:
    x, y = box.centre
    entity: dict[str, Any] = {
        "pixel_pos": {"x": x, "y": y},
        "bbox": {
            "x": box.x,
            "y": box.y,
            "width": box.width,
            "height": box.height,
            "center_x": x,
            "center_y": y,
        },
    }
    if isinstance(board, GridBoard):
        entity["grid_pos"] = {"row": int(cell[0]), "col": int(cell[1])}
    return entity


def _metadata(board: Board) -> dict[str, Any]:
    if isinstance(board, SokobanBoard):
        return {"symbols": _SYMBOLS}
    if isinstance(board, IrregularBoard):
        nodes = [cell[0] for cell in board.routes.first.cells]
        pairs = [{a, b} for a, b in itertools.pairwise(nodes)]
        ends = [{road.a, road.b} for road in board.roads]
        return {
            "segments": [
                [list(board.places[road.a]), list(map(float, road.control)), list(board.places[road.b])]
                for road in board.roads
            ],
            "start_point": list(board.point(board.start)),
            "end_point": list(board.point(board.goal)),
            "solution_segments": [ends.index(pair) for pair in pairs],
            "solution_path": [list(board.places[node]) for node in nodes],
            "road_width": board.road_px,
        }
    if isinstance(board, Maze3dBoard):
        cells = board.routes.first.cells
        return {
            "grid_size": list(board.grid),
            "cubes": [list(cube) for cube in board.cubes],
            "start_pos": list(board.start),
            "goal_pos": list(board.goal),
            "ladders": [
                {"base_pos": list(ladder.base), "direction": ladder.direction, "height": CLIMB}
                for ladder in board.ladders
            ],
            "path": [
                {"start": list(a), "end": list(b), "type": "walk" if a[2] == b[2] else "ladder"}
                for a, b in itertools.pairwise(cells)
            ],
        }
    return {}


def read_state(path: Path) -> Board:
    """The board of a state file.

    Raises:
        DataError: the file is missing, not JSON, of another version, lacks something, or its level has
            no solution.
    """
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise DataError(
                f"'{path}' is {path.stat().st_size} bytes", "a state file is far smaller: check the path"
            )
        state = load_json(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise DataError(f"cannot read '{path}': {error.strerror}", "check the path") from error
    except ValueError as error:
        raise DataError(f"'{path}' is not a JSON file: {error}", "give a state file of a level") from error
    return board_of(state, str(path))


def board_of(state: Any, where: str = "state") -> Board:
    """The board of a state object.

    Args:
        state: parsed JSON.
        where: named in errors.

    Raises:
        DataError: another version, something missing or wrong, or a level without a solution.
    """
    if not isinstance(state, dict):
        raise DataError(f"{where}: a state is a JSON object, not {type(state).__name__}", "check the file")
    version = state.get("version")
    if version != VERSION:
        raise DataError(f"{where}: unknown format version {version!r}", f"version {VERSION} is supported")
    try:
        kind = maze_type(str(state["game_type"]))
        board = _READERS[kind](state)
    except KeyError as error:
        raise DataError(f"{where}: the key {error} is missing", "check that the file is whole") from error
    except (ConfigError, DataError) as error:
        raise DataError(f"{where}: {error.message}", error.hint) from error
    except (TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise DataError(f"{where}: not a level: {error}", "check that the file is whole") from error
    if not board.routes.count:
        raise DataError(f"{where}: no path leads to the goal", "check start, goal and walls")
    return board


def _grid(state: dict[str, Any]) -> NDArray[np.int64]:
    data = np.array(state["grid"]["data"])
    if data.ndim != 2 or not data.size or data.dtype.kind not in "iu" or max(data.shape) > _LARGEST_SIDE:
        raise DataError(
            "grid.data is not a table of whole numbers", f"up to {_LARGEST_SIDE} cells per side are supported"
        )
    return data.astype(np.int64)


def _one(grid: NDArray[np.int64], codes: tuple[int, ...], what: str) -> Cell:
    places = np.argwhere(np.isin(grid, codes))
    if len(places) != 1:
        raise DataError(
            f"the grid shows {len(places)} cells with the {what}, not 1", f"codes {codes} mark it"
        )
    return int(places[0][0]), int(places[0][1])


def _cell_px(state: dict[str, Any], board: GridBoard) -> GridBoard:
    side = int(state["render"]["cell_size"])
    if not 1 <= side * max(board.blocked.shape) <= _LARGEST_PICTURE:
        raise DataError(f"render.cell_size is {side}", f"pictures of up to {_LARGEST_PICTURE} px are drawn")
    board.cell_px = side
    return board


def _plain_grid(make: Callable[..., GridBoard]) -> Callable[[dict[str, Any]], Board]:
    def read(state: dict[str, Any]) -> Board:
        grid = _grid(state)
        return _cell_px(state, make(grid == 1, _one(grid, (2,), "player"), _one(grid, (3,), "goal")))

    return read


def _sokoban(state: dict[str, Any]) -> Board:
    grid = _grid(state)
    player, target = _one(grid, (5, 6), "player"), _one(grid, (3, 4, 6), "target")
    return _cell_px(state, SokobanBoard(grid == 1, player, target, _one(grid, (2, 4), "box")))


def _irregular(state: dict[str, Any]) -> Board:
    meta = state["metadata"]
    places: list[tuple[float, float]] = []

    def place(point: Any) -> int:
        x, y = (float(v) for v in point)
        if not (abs(x) <= _LARGEST_PICTURE and abs(y) <= _LARGEST_PICTURE):
            raise DataError(f"a place is at {x}, {y}", "outside any picture")
        near = [i for i, (p, q) in enumerate(places) if abs(p - x) < 0.5 and abs(q - y) < 0.5]
        if near:
            return near[0]
        places.append((x, y))
        return len(places) - 1

    roads = []
    for a, control, b in meta["segments"]:
        roads.append(Road(place(a), place(b), (float(control[0]), float(control[1]))))
    start, goal = place(meta["start_point"]), place(meta["end_point"])
    return IrregularBoard(
        places, roads, start, goal, int(meta["road_width"]), int(state["render"]["image_width"])
    )


def _cube(value: Any) -> Cell:
    x, y, z = (int(v) for v in value)
    if max(abs(x), abs(y), abs(z)) > _LARGEST_SIDE:
        raise DataError(f"a cube is at {value}", f"up to {_LARGEST_SIDE} cubes per side are supported")
    return x, y, z


def _maze3d(state: dict[str, Any]) -> Board:
    meta = state["metadata"]
    cubes = [_cube(value) for value in meta["cubes"]]
    ladders = [Ladder(_cube(each["base_pos"]), str(each.get("direction", "+x"))) for each in meta["ladders"]]
    wide, deep, high = _cube(meta["grid_size"])
    start, goal = _cube(meta["start_pos"]), _cube(meta["goal_pos"])
    board = Maze3dBoard((wide, deep, high), cubes, ladders, start, goal)
    boxes = [state["entities"][name]["bbox"] for name in ("player", "goal")]
    seen = [(float(box["center_x"]), float(box["center_y"])) for box in boxes]
    side = int(state["render"]["image_width"]), int(state["render"]["image_height"])
    if not all(1 <= length <= _LARGEST_PICTURE for length in side):
        raise DataError(f"the picture is {side[0]}x{side[1]} pixels", "check render.image_width and _height")
    board.view = View.through(start, seen[0], goal, seen[1], side, int(boxes[0]["width"]), board.view)
    return board


_READERS: dict[MazeType, Callable[[dict[str, Any]], Board]] = {
    MazeType.REGULAR: _plain_grid(RegularBoard),
    MazeType.TRAPFIELD: _plain_grid(TrapfieldBoard),
    MazeType.SOKOBAN: _sokoban,
    MazeType.IRREGULAR: _irregular,
    MazeType.MAZE3D: _maze3d,
}
