"""From files to scored rows: data and predictions read, checked and joined for any task."""

from __future__ import annotations

import hashlib
import itertools
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vidkit.errors import ConfigError, DataError
from vidkit.evaluation.predictions import Predictions, read_data, read_predictions
from vidkit.evaluation.task import Task
from vidkit.evaluation.types import Row
from vidkit.utils.strict_json import load_json

_LABEL = 64  # letters
_SHOWN = 10  # names in a message
_MOST_FILES = 4  # of a benchmark that are named one by one


@dataclass(frozen=True)
class Joined:
    """Rows ready to score, and where they came from.

    Attributes:
        rows: data rows with replies put on them.
        data: name and SHA-256 of the data file.
        predictions: name, SHA-256 and number of rows of the predictions file; empty when the data carried
            them.
        run: the manifest of the run that made the predictions, where there is one.
        missing: ids of the predictions file's missing replies.
    """

    rows: list[dict[str, Any]]
    data: dict[str, Any]
    predictions: dict[str, Any] = field(default_factory=dict)
    run: dict[str, Any] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


def read_joined(
    task: Task,
    data: str | Path,
    predictions: str | Path | None = None,
    *,
    strict: bool = False,
    limit: int | None = None,
) -> Joined:
    """Read a data file and the predictions for it.

    Args:
        task: whose columns and ids.
        data: rows with gold answers; with `prediction` too when there is no predictions file.
        predictions: replies by id.
        strict: refuse missing predictions instead of counting them as wrong.
        limit: only the first rows.

    Raises:
        DataError: what `read_data` and `read_predictions` refuse, unknown ids, no reply at all; with
            `strict` also missing ones.
    """
    rows = read_rows_of(task, data, limit)
    if predictions is None:
        _need_replies(rows, Path(data))
        return Joined(rows, describe(task.files_of(data)))
    found = read_predictions(
        predictions,
        task.prediction_id,
        lambda doc: next(iter(task.functions.items([doc]))).id,
        task.functions.foreign,
    )
    ids = task.item_ids(rows)
    if limit is None:
        found.check_known(task.known_ids(ids.every, rows, found.rows))
    joined = task.attach(ids.every, rows, found.rows)
    missing = _missing(ids.asked, found, strict)
    return Joined(
        joined,
        describe(task.files_of(data)),
        {**describe([Path(predictions)]), "rows": len(found.rows)},
        manifest_beside(predictions),
        missing,
    )


def read_rows_of(task: Task, data: str | Path, limit: int | None = None) -> list[dict[str, Any]]:
    """A data file's rows without their pictures, with unique ids and all needed columns."""
    rows_in = task.functions.rows_in
    rows = read_data(task.files_of(data), numbered_id(task), task.required, rows_in=rows_in)
    found = limited(task, rows, limit)
    # most cells are short texts: no call for them
    return [
        {
            sys.intern(name): sys.intern(value)
            if type(value) is str and len(value) <= _LABEL
            else _kept(value)
            for name, value in row.items()
        }
        for row in found
    ]


def limited(task: Task, rows: Iterable[Row], limit: int | None) -> Iterator[Row]:
    """The first rows; of a task that is scored in groups, whole ones: those that the limit would cut in two.

    Args:
        task: with `group_of` where a group cannot be scored in part.
        rows: one at a time.
        limit: None for all.
    """
    taken: set[str] = set()
    for count, row in enumerate(rows):
        if limit is None or count < limit:
            if limit is not None and task.group_of is not None:
                taken.add(task.group_of(row))
        elif task.group_of is None:
            return
        elif task.group_of(row) not in taken:
            continue
        yield row


def numbered_id(task: Task) -> Callable[[Row], str]:
    """The task's id of each row of one reading, for tasks that number their rows."""
    numbers = itertools.count(1)
    return lambda row: task.row_id(row, next(numbers))


def _kept(value: Any) -> Any:
    if isinstance(value, str):
        # labels and ids of groups come a thousand times over
        return sys.intern(str(value)) if len(value) <= _LABEL else value
    # a benchmark of 8K pictures would not fit into memory, and scores need none
    if isinstance(value, bytes):
        return None
    if isinstance(value, dict) and isinstance(value.get("bytes"), bytes):
        return {**value, "bytes": None}
    return value


def _need_replies(rows: list[dict[str, Any]], data: Path) -> None:
    if not any("prediction" in row or "q1" in row for row in rows):
        raise ConfigError(
            f"{data.name} has no column 'prediction' and no predictions were given",
            "give --predictions FILE, or --model NAME to make them",
        )


def _missing(asked: Sequence[str], found: Predictions, strict: bool) -> list[str]:
    missing = [name for name in asked if name not in found.rows]
    if len(missing) == len(asked) and not any(name.endswith("/stream") for name in found.rows):
        raise DataError(
            f"{found.path.name} has no prediction for any question", "check that the files belong together"
        )
    if strict and missing:
        shown = ", ".join(missing[:_SHOWN]) + (", ..." if len(missing) > _SHOWN else "")
        raise DataError(
            f"{found.path.name}: {len(missing)} of {len(asked)} predictions are missing: {shown}",
            "without --strict they count as wrong",
        )
    return missing


def describe(files: Sequence[Path]) -> dict[str, Any]:
    """Names and SHA-256 of what was read."""
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    names = [path.name for path in files[:_MOST_FILES]]
    more = [f"{len(files) - len(names)} more"] if len(files) > len(names) else []
    return {"file": " + ".join([*names, *more]), "sha256": digest.hexdigest()}


def manifest_beside(predictions: str | Path) -> dict[str, Any]:
    """What `manifest.json` in the same folder says of the run; empty when there is none."""
    file = Path(predictions).with_name("manifest.json")
    if not file.is_file():
        return {}
    try:
        content = load_json(file.read_text(encoding="utf-8"), file.name)
    except (ValueError, OSError) as error:
        raise DataError(
            f"'{file.name}' next to the predictions is not JSON", "repair or remove it"
        ) from error
    return content if isinstance(content, dict) else {}
