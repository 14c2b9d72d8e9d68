"""Two runs on the same levels, clips or replies: what a paired comparison of them needs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vidkit.errors import DataError
from vidkit.evaluation.comparing import Comparable
from vidkit.evaluation.scoring import describe
from vidkit.evaluation.tasks.vr_bench.scored_result import SUMMARY
from vidkit.evaluation.tasks.vr_bench.summary import OFFICIAL, OURS, Row, by, ratio_metrics
from vidkit.utils.statistics import Array
from vidkit.utils.strict_json import load_json

_NAMES = ("success", "em", "pr", "sd", "mf", "sr_end", "legal", "official_sr", "official_em", "official_pr")
_LARGEST = 1e12  # of a metric, most of which are in 0..1; a number of thousands of digits is no float
_HINT = "give results written by --json, or folders of scored clips"


def comparable_attempts(rows: Sequence[Row], *, as_authors: bool = False) -> Comparable:
    """What a comparison needs of the attempts of one run; the unit is the level.

    Args:
        rows: one an attempt.
        as_authors: leave clips that could not be evaluated out of the authors' metrics.
    """
    metrics = ratio_metrics(rows, as_authors)
    known = metrics.denominators()
    solved = {
        level: any(row["robust"]["success"] for row in some)
        for level, some in by(rows, lambda row: str(row["level"])).items()
    }
    names = tuple(name for name in _NAMES if known[name])
    return Comparable(metrics, _as_they_are, names, {"solved": solved}, "", metrics.groups())


def _as_they_are(values: dict[str, Array]) -> dict[str, Array]:
    return values


def is_result(file: str) -> bool:
    """Whether a file to compare is a result of scored attempts, or the folder of one, and not replies."""
    return Path(file).is_dir() or Path(file).suffix == ".json"


def read_result(file: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What a result of `--json`, or a folder with a summary, says of its run, and its attempts.

    Raises:
        DataError: it cannot be read, or holds no attempts.
    """
    path = Path(file) / SUMMARY if Path(file).is_dir() else Path(file)
    try:
        found = load_json(path.read_text(encoding="utf-8"), path.name)
    except OSError as error:
        raise DataError(f"cannot read '{path}': {error.strerror}", _HINT) from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"'{path}' is not JSON: {error}", _HINT) from error
    if not isinstance(found, dict) or found.get("benchmark") != "vr-bench":
        raise DataError(f"'{path}' is not a result of vr-bench", _HINT)
    items = found.get("items")
    if not isinstance(items, list) or not items or not all(map(_is_attempt, items)):
        raise DataError(f"'{path}' does not hold the attempts of its run", "score the run once more")
    about = {
        **describe([path]),
        "file": str(file),
        "model": found.get("model"),
        "budget": None,
        "subtitles": None,
        "rows": len(items),
        "unread": "",
        "mode": found.get("mode"),
    }
    return about, items


def _is_attempt(row: object) -> bool:
    if not isinstance(row, dict) or not isinstance(row.get("level"), str | int):
        return False
    robust, official = row.get("robust"), row.get("official")
    if not isinstance(robust, dict) or "success" not in robust or not isinstance(official, dict | None):
        return False
    figures = (*(robust.get(name) for name in OURS), *((official or {}).get(name) for name in OFFICIAL))
    return all(
        figure is None or (isinstance(figure, int | float) and abs(figure) < _LARGEST) for figure in figures
    )


def compared_results(
    files: Sequence[str], *, as_authors: bool = False
) -> tuple[dict[str, dict[str, Any]], list[Comparable]]:
    """Both runs as they are described, and what is compared: the metrics that both have.

    Raises:
        DataError: a file that is no result, the same result twice, runs over different levels.
    """
    runs = [read_result(file) for file in files]
    described = {name: about for name, (about, _) in zip("AB", runs, strict=True)}
    if described["A"]["sha256"] == described["B"]["sha256"]:
        raise DataError("A and B are the same result", "compare two different runs")
    sides = [comparable_attempts(rows, as_authors=as_authors) for _, rows in runs]
    both = tuple(name for name in sides[0].names if name in sides[1].names)
    return described, [
        Comparable(side.metrics, side.derived, both, side.right, side.unread, side.groups) for side in sides
    ]
