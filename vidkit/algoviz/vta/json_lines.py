"""Traces as JSON lines: the first line is the trace without its deltas, each further one a delta.

A program can write such a file while it runs, and what was written before it died can be read; read line by
line, so that no more than the values are in memory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from vidkit.algoviz.vta.json_text import parse_json
from vidkit.algoviz.vta.limits import Limits
from vidkit.errors import DataError
from vidkit.utils.plain import json_kind

SUFFIXES = (".jsonl", ".ndjson")
_PLACE = re.compile(r"/deltas/(\d+)(/?)")
_HINT = "the first line holds svl_version, algorithm and initial_frame, each further line one delta"


def is_lines(where: str) -> bool:
    """Whether a file of this name holds JSON lines."""
    return where.lower().endswith(SUFFIXES)


class Lines:
    """The value of a trace in lines, and where each delta stands.

    Args:
        lines: of the file.
        where: its name, for messages.
        limits: the most that is read.

    Raises:
        DataError: with the number of the line.
    """

    def __init__(self, lines: Iterable[str], where: str, limits: Limits) -> None:
        self.where = where
        self.numbers: list[int] = []  # of the line of each delta
        self.length = 0  # characters of all lines
        head: dict[str, Any] | None = None
        deltas: list[Any] = []
        for number, line in enumerate(lines, 1):
            self.length += len(line)
            if self.length > limits.bytes:
                raise DataError(f"{where}:{number}: more than {limits.bytes:,} bytes", "give a smaller trace")
            if not line.strip():
                continue
            value = self._value(line, number)
            if head is None:
                if "initial_frame" not in value:
                    raise DataError(f"{where}:{number}: no initial_frame", _HINT)
                head = value
                continue
            if len(deltas) >= limits.steps:
                raise DataError(f"{where}:{number}: more than {limits.steps:,} steps", "give a smaller trace")
            deltas.append(value)
            self.numbers.append(number)
        if head is None:
            raise DataError(f"{where}: the file is empty", _HINT)
        self.raw = {**head, "deltas": [*head.get("deltas", ()), *deltas]}
        self._before = len(self.raw["deltas"]) - len(deltas)

    def _value(self, line: str, number: int) -> dict[str, Any]:
        try:
            value = parse_json(line, self.where)
        except DataError as error:
            message = error.message.replace(f"{self.where}:1:", f"{self.where}:{number}:")
            raise DataError(message.replace(" line 1:", f" line {number}:"), error.hint) from error
        if not isinstance(value, dict):
            raise DataError(f"{self.where}:{number}: {json_kind(value)}, not an object", _HINT)
        return value

    def placed(self, error: DataError) -> DataError:
        """An error about a delta with the number of its line."""
        found = _PLACE.search(error.message)
        at = int(found[1]) - self._before if found else -1
        if found is None or not 0 <= at < len(self.numbers):
            return error
        rest = error.message[found.end() :]
        return DataError(f"{self.where}:{self.numbers[at]}: {found[2]}{rest.lstrip(': ')}", error.hint)


def lines_of(path: Path) -> Iterator[str]:
    """Lines of a file, one after the other.

    Raises:
        DataError: no such file, not UTF-8, or it cannot be read.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as file:
            yield from file
    except FileNotFoundError:
        raise DataError(f"no file '{path}'", "give the path of a trace, a .json or .jsonl file") from None
    except UnicodeDecodeError as error:
        raise DataError(f"'{path}' is not UTF-8 text (byte {error.start})", "save it as UTF-8") from error
    except OSError as error:
        raise DataError(f"cannot read '{path}': {error.strerror}", "give the path of a trace") from error


def text_of_lines(raw: dict[str, Any]) -> Iterator[str]:
    """A trace as lines, each with its end."""
    head = {name: value for name, value in raw.items() if name != "deltas"}
    for value in (head, *raw["deltas"]):
        yield json.dumps(value, ensure_ascii=False) + "\n"
