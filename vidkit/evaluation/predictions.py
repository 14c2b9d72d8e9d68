"""Join predictions with the questions they answer. No id gets lost, doubled or invented in silence."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vidkit.errors import DataError
from vidkit.evaluation.foreign import unfolded
from vidkit.evaluation.rows import read_rows, text_id
from vidkit.evaluation.types import Row

GOLD_COLUMNS = ("answer", "correct_answer", "gold", "answers", "target", "label", "ground_truth")
_GOLD = frozenset(GOLD_COLUMNS)
_ID_COLUMNS = ("question_id", "id")
_NOT_SCORED = frozenset({"response", "meta", "usage", "latency_s"})
_TEXT_COLUMNS = ("prediction", "response")
_TEXTS = frozenset(_TEXT_COLUMNS)
_SHOWN = 12  # columns in a message


@dataclass
class Predictions:
    """Replies by id, from one file.

    Attributes:
        path: where they came from.
        rows: one row by id, in file order; each has `prediction` (None for a failed call).
        lines: line of each id.
    """

    path: Path
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def check_known(self, known: Iterable[str]) -> None:
        """Refuse ids that no question has.

        Raises:
            DataError: the first unknown id with its line, and how many there are.
        """
        known = list(known)
        some = " or ".join(f"'{name}'" for name in known[:2])
        known = set(known)
        unknown = [name for name in self.rows if name not in known]
        if unknown:
            more = f" (and {len(unknown) - 1} more)" if len(unknown) > 1 else ""
            raise DataError(
                f"{self.path.name} line {self.lines[unknown[0]]}: unknown id '{unknown[0]}'{more}",
                f"every prediction must belong to a question of --data, whose ids are such as {some}",
            )


def read_predictions(
    path: str | Path,
    normalise: Callable[[str], str] = str,
    id_of_document: Callable[[Row], str] | None = None,
    own: Callable[[Row], Iterator[Row] | None] | None = None,
) -> Predictions:
    """Read a predictions file: rows with `question_id` or `id`, and `prediction` or `response`.

    A call that failed (`error` and no text) may be followed by a later line of the same id: that is how a
    resumed run looks. Any other second line of an id is an error.

    Args:
        path: parquet, tsv, csv, jsonl, json or xlsx; of our own form, or of another program's (`foreign`).
        normalise: brings an id into the task's spelling.
        id_of_document: id of a data row; with it the samples that lmms-eval logs are read too.
        own: reads what the benchmark's own program writes, see `Benchmark.foreign`.

    Raises:
        DataError: bad row, missing id, duplicate id, or a gold column.
    """
    predictions = Predictions(Path(path))
    file = predictions.path.name
    rows, lines = predictions.rows, predictions.lines
    for line, whole in read_rows(path):
        for row in unfolded(whole, id_of_document, own):
            if not _GOLD.isdisjoint(row):
                _refuse_gold(f"{file} line {line}", row)
            name = normalise(_row_id(file, line, row))
            earlier = rows.get(name)
            if earlier is not None and not _failed(earlier):
                raise DataError(
                    f"{file} line {line}: duplicate id '{name}', first on line {lines[name]}",
                    "keep one reply per item",
                )
            text = next((row[key] for key in _TEXT_COLUMNS if row.get(key) is not None), None)
            if text is None and not _failed(row) and _TEXTS.isdisjoint(row):
                raise DataError(
                    f"{file} line {line}: no 'prediction' and no 'response'", "give the model's reply as text"
                )
            # counts and timings of a hundred thousand replies would be most of the memory
            kept = {sys.intern(key): value for key, value in row.items() if key not in _NOT_SCORED}
            kept["prediction"] = text
            rows[name] = kept
            lines[name] = line
    return predictions


def _columns(row: Row, required: Sequence[str]) -> str:
    """What to say of a row without a needed column: the needed ones, and those that are there."""
    needed = f"needed columns: {', '.join(required)}"
    if len(row) == 1 and (sign := next((sign for sign in ";\t,|" if sign in next(iter(row))), None)):
        return f"{needed}; the file has one, with {sign!r} in its name: cells of csv stand between commas"
    there = ", ".join(list(row)[:_SHOWN]) + (", ..." if len(row) > _SHOWN else "")
    return f"{needed}; there: {there}"


def read_data(
    paths: Sequence[Path],
    row_id: Callable[[Row], str],
    required: Sequence[str],
    *,
    unique: bool = True,
    rows_in: Callable[[Path], Iterator[tuple[int, dict[str, Any]]]] = read_rows,
) -> Iterator[dict[str, Any]]:
    """Yield the rows of data files, checking required columns and ids.

    Args:
        paths: the files, read one after the other.
        row_id: id of a row.
        required: columns that every row must have.
        unique: refuse a second row of an id; keeps the ids in memory.
        rows_in: reads a file, see `Benchmark.rows_in`.

    Raises:
        DataError: a missing column or a duplicate id, with file and line.
    """
    seen: dict[str, tuple[int, str]] = {}
    needed = frozenset(required)
    for path in paths:
        file = path.name
        for line, row in rows_in(path):
            if not needed <= row.keys():
                missing = next(column for column in required if column not in row)
                raise DataError(f"{file} line {line}: no column '{missing}'", _columns(row, required))
            key = row_id(row)
            if not key:
                raise DataError(
                    f"{file} line {line}: {_no_id(row)}", "every question needs its id: a string or a number"
                )
            if key in seen:
                earlier, where = seen[key]
                first = f"line {earlier}" if len(paths) == 1 else f"{where} line {earlier}"
                raise DataError(
                    f"{file} line {line}: duplicate id '{key}', first on {first}", "ids are unique"
                )
            if unique:
                seen[key] = (line, file)
            yield row


def _no_id(row: Row) -> str:
    """Why a row has no id: nothing there, or a truth value."""
    truth = next(
        (name for name, value in row.items() if isinstance(value, bool) and "id" in name.lower()), None
    )
    return "empty id" if truth is None else f"'{truth}' is {str(row[truth]).lower()}, which is not an id"


def _row_id(file: str, line: int, row: Row) -> str:
    for column in _ID_COLUMNS:
        name = text_id(row.get(column))
        if name:
            return name
    where = f"{file} line {line}"
    if any(isinstance(row.get(column), bool) for column in _ID_COLUMNS):
        raise DataError(f"{where}: {_no_id(row)}", "an id is a string or a number")
    raise DataError(f"{where}: no 'question_id' and no 'id'", "every prediction names its question")


def _refuse_gold(where: str, row: Row) -> None:
    gold = next((column for column in GOLD_COLUMNS if column in row), None)
    if gold is not None:
        raise DataError(
            f"{where}: predictions carry the gold column '{gold}'",
            "remove it, or pass the file as --data alone if its rows hold questions, answers and predictions",
        )


def _failed(row: Row) -> bool:
    return bool(row.get("error")) and all(row.get(key) in (None, "") for key in _TEXT_COLUMNS)
