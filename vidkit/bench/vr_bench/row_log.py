"""Rows of clips that were measured: kept as they come, so that a stopped run goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from vidkit.utils.jsonl_log import JsonlLog, Place
from vidkit.utils.workers import results_of

Rows = list[dict[str, Any]]


class Keyed(Protocol):
    """A task with a name of its own."""

    @property
    def key(self) -> str: ...


K = TypeVar("K", bound=Keyed)


class RowLog:
    """The log of a section; one line holds all rows of a task.

    Args:
        path: of the file.
        header: what the rows depend on besides their task; a file of another kind is refused.

    Raises:
        DataError: the file belongs to another measurement.
        OutputError: another process holds it, or the place cannot be written.
    """

    def __init__(self, path: Path, header: dict[str, Any]) -> None:
        self._rows: dict[str, Rows] = {}
        self._log = JsonlLog(path, self._take, header=header, again="its clip will be measured again")

    def _take(self, line: dict[str, Any], _: Place) -> None:
        self._rows[str(line["key"])] = list(line["rows"])

    def measure(self, tasks: Sequence[K], function: Callable[[K], Rows], workers: int) -> Iterator[int]:
        """Measure what is missing; yields how many of the tasks are done, at once and after each."""
        left = [task for task in tasks if task.key not in self._rows]
        done = len(tasks) - len(left)
        yield done
        for rows in results_of(function, left, workers):
            self._log.append({"key": rows[0]["key"], "rows": rows})
            self._rows[rows[0]["key"]] = rows
            done += 1
            yield done

    def rows(self, tasks: Sequence[Keyed]) -> Rows:
        """Rows of those of the tasks that are done."""
        return [row for task in tasks for row in self._rows.get(task.key, ())]

    def close(self) -> None:
        """Let others write."""
        self._log.release()
