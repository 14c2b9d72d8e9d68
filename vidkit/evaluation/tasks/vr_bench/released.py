"""Results that the authors' program writes, `evaluation_results.json`, one file a type and difficulty.

A file holds `summary` (means of a difficulty) and `results`, one object a video with `video`, `status`, `pr`,
`step` (SD, null where undefined), `sr`, `em` and `fidelity` (MF), or `error`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidkit.errors import ConfigError, DataError
from vidkit.mazes.types import MazeType, maze_type
from vidkit.utils.strict_json import load_json

FILE = "evaluation_results.json"
METRICS = ("sr", "em", "pr", "sd", "mf")
_THEIR_NAMES = {"sr": "sr", "em": "em", "pr": "pr", "sd": "step", "mf": "fidelity"}
_SUMMARY = {"sr": "sr", "em": "em", "pr": "avg_pr", "sd": "avg_step", "mf": "fidelity"}
_VIDEO = re.compile(r"(easy|medium|hard)_0*(\d+)(?:_{1,2}s?(\d+))?\.\w+")


@dataclass(frozen=True)
class ReleasedClip:
    """What the authors' program says of one video.

    Attributes:
        video: file name.
        level: difficulty and number, (easy, 97).
        sample: name of the attempt.
        metrics: by our names, None where undefined; None as a whole where the program failed on it.
    """

    video: str
    level: tuple[str, int]
    sample: str
    metrics: dict[str, float | None] | None


@dataclass(frozen=True)
class ReleasedTable:
    """One file.

    Attributes:
        path: of the file.
        type: of the mazes, None where neither its path nor the set tells.
        difficulty: as the summary says.
        clips: one a video.
        summary: the means that it states, by our names.
    """

    path: Path
    type: MazeType | None
    difficulty: str
    clips: tuple[ReleasedClip, ...]
    summary: dict[str, float | None]

    def means(self) -> dict[str, float]:
        """Means of its own rows as the program forms them: SD over those defined, 0 where there are none."""
        rows = [clip.metrics for clip in self.clips if clip.metrics is not None]
        found = {}
        for name in METRICS:
            values = [value for row in rows if (value := row[name]) is not None]
            found[name] = math.fsum(values) / len(values) if values else 0.0
        return found


def read_released(folder: Path, only: MazeType | None = None) -> list[ReleasedTable]:
    """All results files below a folder.

    Args:
        folder: whatever the authors released for a model.
        only: the type, where all levels are of one.

    Raises:
        DataError: no such folder, no results in it, or a file of another form.
    """
    if not folder.is_dir():
        raise DataError(f"'{folder}' is not a folder", f"give a folder with {FILE} in it or below")
    files = sorted(folder.rglob(FILE))
    if not files:
        raise DataError(f"no {FILE} in '{folder}'", "the authors' program writes one for every difficulty")
    return [_read(path, _type_of(path.relative_to(folder), folder) or only) for path in files]


def _type_of(path: Path, folder: Path) -> MazeType | None:
    for part in (*path.parts[-2::-1], folder.name):
        try:
            return maze_type(part)
        except ConfigError:
            continue
    return None


def _read(path: Path, kind: MazeType | None) -> ReleasedTable:
    try:
        content = load_json(path.read_text(encoding="utf-8"), path.name)
        summary, results = content["summary"], content["results"]
        clips = tuple(_clip(row) for row in results)
        stated = {name: _number(summary.get(theirs), path) for name, theirs in _SUMMARY.items()}
        difficulty = str(summary.get("difficulty") or (clips[0].level[0] if clips else ""))
    except OSError as error:
        raise DataError(f"cannot read '{path}': {error.strerror}", "check the file") from error
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise DataError(
            f"'{path}' is not what the authors' program writes: {error}", "expected: summary and results"
        ) from error
    return ReleasedTable(path, kind, difficulty, clips, stated)


def _clip(row: Mapping[str, Any]) -> ReleasedClip:
    name = str(row["video"])
    match = _VIDEO.fullmatch(name)
    if match is None:
        raise ValueError(f"the video '{name}' names no level")
    metrics = None
    if row.get("status") == "success":
        metrics = {ours: _number(row.get(theirs), name) for ours, theirs in _THEIR_NAMES.items()}
    return ReleasedClip(name, (match.group(1), int(match.group(2))), match.group(3) or "0", metrics)


def _number(value: object, where: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} of {where} is not a number")
    return float(value)
