"""The gallery of scored clips: one page that needs nothing else, with both ways over every clip."""

from __future__ import annotations

import base64
import itertools
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vidkit.errors import VidkitError
from vidkit.evaluation.report.cells import DASH, is_interval, is_number, transposed, written
from vidkit.evaluation.tasks.vr_bench.clip_reading import UnusableClip, open_clip
from vidkit.evaluation.tasks.vr_bench.clip_score import FAILURES, thinned
from vidkit.evaluation.tasks.vr_bench.level_set import LevelFile, LoadedLevel, load_level
from vidkit.evaluation.tasks.vr_bench.truths import level_ways
from vidkit.mazes.tracking.frame_map import FrameMap, find_map
from vidkit.utils.pages import page_environment
from vidkit.video.writing import encode_mp4

Frame = NDArray[np.uint8]
_SIDE = 240  # pixels of a clip on the page
_MOST_FRAMES = 96  # of a clip on the page
_SECONDS = 4.0
_CRF = 30
_WIDE = 9  # columns from which a table of fewer rows is turned over


@dataclass(frozen=True)
class _Shown:
    """A clip as it lies in the page."""

    poster: str
    video: str


def gallery_page(
    result: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], levels: Mapping[str, LevelFile], most: int
) -> str:
    """The page of scored clips as HTML text.

    Args:
        result: of scoring, with `tables` and `warnings`.
        rows: one an attempt.
        levels: of the set, by id.
        most: clips that are shown; of more, some of every type and kind of failure.

    Raises:
        MissingDependency: jinja2 is not installed.
    """
    template = (
        resources.files("vidkit.evaluation.tasks.vr_bench")
        .joinpath("gallery.html.j2")
        .read_text(encoding="utf-8")
    )
    environment = page_environment()
    environment.filters["cell"] = lambda cell: written(cell, separator="\n")
    picked = pick(rows, most)
    loaded: dict[str, LoadedLevel] = {}
    cards = [_card(row, levels[row["level"]], loaded) for row in picked]
    html: str = environment.from_string(template).render(
        title="VR-Bench: " + str(result["model"]),
        result=result,
        tables=[_table(table) for table in result["tables"]],
        cards=cards,
        total=len(rows),
        types=list(dict.fromkeys(card["type"] for card in cards)),
        difficulties=list(dict.fromkeys(card["difficulty"] for card in cards)),
        failures=list(dict.fromkeys(card["failure"] for card in cards)),
        sentences=FAILURES,
    )
    return html


def pick(rows: Sequence[Mapping[str, Any]], most: int) -> list[Mapping[str, Any]]:
    """Rows to show: all, or in turns some of every type and kind of failure; in the order of the rows."""
    if len(rows) <= most:
        return list(rows)
    numbered = list(enumerate(rows))
    groups: dict[tuple[str, str], list[int]] = {}
    for place, row in numbered:
        groups.setdefault((row["type"], row["failure"] or ""), []).append(place)
    turns = itertools.zip_longest(*groups.values())
    chosen = [place for turn in turns for place in turn if place is not None][:most]
    return [rows[place] for place in sorted(chosen)]


def _card(row: Mapping[str, Any], file: LevelFile, loaded: dict[str, LoadedLevel]) -> dict[str, Any]:
    if file.id not in loaded:
        loaded.clear()  # rows of one level stand together
        loaded[file.id] = load_level(file)
    level = loaded[file.id]
    board = level.level.board
    shown = _shown(row, level)
    true_way = row.get("true_way") or thinned(level_ways(level.level)[0])
    goal = board.goal_box()
    return {
        "level": row["level"],
        "sample": row["sample"],
        "type": row["type"],
        "difficulty": row["difficulty"],
        "failure": row["failure"] or "success",
        "reason": row["reason"],
        "frame": row["frame"],
        "poster": shown.poster,
        "video": shown.video,
        "width": board.width,
        "height": board.height,
        "stroke": max(board.width, board.height) / 90,
        "true_way": _polyline(true_way),
        "way": _polyline(row.get("way") or []),
        "box_way": _polyline(row.get("box_way") or []),
        "goal": (goal.x, goal.y, goal.width, goal.height),
        "ours": _figures(row["robust"], ("em", "pr", "sd", "mf")),
        "official": _figures(row["official"] or {}, ("sr", "em", "pr", "sd", "mf")),
    }


def _figures(values: Mapping[str, Any], names: Sequence[str]) -> str:
    """Metrics in per cent, a dash where undefined."""
    shown = ((name.upper(), values.get(name)) for name in names)
    texts = (f"{name} {DASH if value is None else round(100 * value)}" for name, value in shown)
    return ", ".join(texts)


def _polyline(points: Sequence[Sequence[float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _shown(row: Mapping[str, Any], level: LoadedLevel) -> _Shown:
    """The clip, small; the level's picture where there is none or it cannot be read."""
    frames: list[Frame] = []
    if row["file"]:
        try:
            frames = _small_frames(Path(row["file"]), level)
        except (UnusableClip, VidkitError, OSError):
            frames = []
    if not frames:
        width, height = _size_of(level)
        still = cv2.resize(level.shown, (width, height), interpolation=cv2.INTER_AREA)
        return _Shown(_jpeg(np.asarray(still, np.uint8)), "")
    return _Shown(_jpeg(frames[-1]), _mp4(np.stack(frames)))


def _size_of(level: LoadedLevel) -> tuple[int, int]:
    board = level.level.board
    scale = _SIDE / max(board.width, board.height)
    return max(2, round(board.width * scale / 2) * 2), max(2, round(board.height * scale / 2) * 2)


def _small_frames(path: Path, level: LoadedLevel) -> list[Frame]:
    """Some frames of a clip, cut to the level's picture."""
    clip = open_clip(path)
    board = level.level.board
    step = -(-clip.info.frame_count // _MOST_FRAMES)
    size = _size_of(level)
    there: FrameMap | None = None
    frames = []
    for index, frame in enumerate(clip.frames()):
        if there is None:
            there = find_map(frame, (board.width, board.height), level.shown)
        if index % step == 0 or index == clip.info.frame_count - 1:
            left, top = (round(value) for value in there.offset)
            height, width = frame.shape[:2]
            part = frame[top : height - top or None, left : width - left or None]
            frames.append(np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8))
    return frames


def _jpeg(frame: Frame) -> str:
    _, data = cv2.imencode(".jpg", frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 70])
    return base64.b64encode(data.tobytes()).decode()


def _mp4(frames: Frame) -> str:
    with tempfile.TemporaryDirectory(prefix="vidkit-") as folder:
        path = Path(folder) / "clip.mp4"
        encode_mp4(path, frames, max(1, round(len(frames) / _SECONDS)), _CRF)
        return base64.b64encode(path.read_bytes()).decode()


def _table(table: Mapping[str, Any]) -> dict[str, Any]:
    columns, rows = table["columns"], [list(row) for row in table["rows"]]
    if len(columns) > _WIDE and 0 < len(rows) < _WIDE:
        columns, rows = transposed(table)
    numeric = [
        any(is_number(row[place]) or is_interval(row[place]) for row in rows) for place in range(len(columns))
    ]
    return {**table, "columns": columns, "rows": rows, "numeric": numeric}
