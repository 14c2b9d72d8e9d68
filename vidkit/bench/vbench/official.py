"""Result files of VBench: {dimension: [score, [{"video_path": ..., "video_results": ...}, ...]]}."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vidkit.bench.vbench.dimensions import DIMENSIONS
from vidkit.errors import DataError
from vidkit.utils.strict_json import load_json

_NUMBERED = re.compile(r"-\d+$")  # videos of one prompt: PROMPT-0.mp4 .. PROMPT-4.mp4
_FORM = 'a result of VBench is {"dimension": [score, [{"video_path": .., "video_results": ..}]]}'


@dataclass(frozen=True)
class Scores:
    """One dimension of one model.

    Attributes:
        score: raw, as it is reported.
        videos: raw score by file name, in order; empty: not told.
    """

    score: float
    videos: dict[str, float]


@dataclass(frozen=True)
class Results:
    """Scores of one model.

    Attributes:
        name: as it is called in tables.
        scores: by dimension.
        left_out: why a video could not be scored, by its name.
    """

    name: str
    scores: dict[str, Scores]
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def raw(self) -> dict[str, float]:
        """Scores alone."""
        return {name: one.score for name, one in self.scores.items()}


def prompt_of(video: str) -> str:
    """The prompt of a video: its file's name without number and ending."""
    return _NUMBERED.sub("", Path(video).stem)


def read_results(path: Path) -> Results:
    """A file, or all `*_eval_results.json` of a folder together.

    Raises:
        DataError: missing, of another form, an unknown dimension, or one that two files tell of.
    """
    files = sorted(path.glob("*_eval_results.json")) if path.is_dir() else [path]
    if not files:
        raise DataError(f"'{path}' has no *_eval_results.json", "give VBench's result file or its folder")
    found: dict[str, Scores] = {}
    origin: dict[str, Path] = {}
    for file in files:
        for name, scores in _read(file).items():
            if name in found:
                raise DataError(
                    f"'{origin[name]}' and '{file}' both tell of {name}", "keep one file of each dimension"
                )
            found[name], origin[name] = scores, file
    return Results(path.stem.removesuffix("_eval_results"), found)


def _read(file: Path) -> dict[str, Scores]:
    try:
        plain = load_json(file.read_text(encoding="utf-8"), str(file))
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read '{file}': {error}", "give VBench's result file") from error
    if not isinstance(plain, dict) or not plain:
        raise DataError(f"'{file}' is not a result of VBench", _FORM)
    found: dict[str, Scores] = {}
    for key, value in plain.items():
        name = key.strip().replace(" ", "_")
        if name not in DIMENSIONS:
            raise DataError(f"'{file}': VBench has no dimension '{key}'", f"known: {', '.join(DIMENSIONS)}")
        if name in found:
            raise DataError(f"'{file}' tells of {name} twice", "keep one of them")
        found[name] = _scores(file, key, value)
    return found


def _scores(file: Path, key: str, value: Any) -> Scores:
    if not isinstance(value, list) or not value:
        raise DataError(f"'{file}': {key} is not a list of score and videos", _FORM)
    score = _number(file, f"the score of {key}", value[0])
    rows = value[1] if len(value) > 1 else []
    if not isinstance(rows, list):
        raise DataError(f"'{file}': the videos of {key} are not a list", _FORM)
    videos: dict[str, float] = {}
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get("video_path"), str):
            raise DataError(f"'{file}': a video of {key} has no video_path", _FORM)
        # Windows paths too: a result may come from another machine
        name = row["video_path"].replace("\\", "/").rpartition("/")[2]
        if name in videos:
            raise DataError(f"'{file}': {key} has '{name}' twice", "score every video once")
        videos[name] = _number(file, f"{key} of '{name}'", row.get("video_results"))
    return Scores(score, videos)


def _number(file: Path, what: str, value: Any) -> float:
    try:
        number = float(value) if isinstance(value, int | float) else math.nan
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise DataError(f"'{file}': {what} is not a number: {_shown(value)}", _FORM)
    return number


def _shown(value: Any) -> str:
    # Python writes no whole number of some thousand digits
    return "a number of many digits" if isinstance(value, int) else str(value)[:60]
