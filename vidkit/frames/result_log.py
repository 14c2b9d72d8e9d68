"""The log of a data set's results: appended to, never rewritten, so that a killed run loses nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vidkit.errors import ConfigError, DataError, OutputError

_HEAD = b'{"fingerprint": "'
_LONGEST_HEAD = 200  # bytes of the first line, which holds a fingerprint


class ResultLog:
    """An append-only file of results; a line torn by a kill is dropped, everything before it counts.

    Raises:
        ConfigError: it belongs to a run with other options.
    """

    def __init__(self, path: Path, fingerprint: str, force: bool = False) -> None:
        self._path = path
        self._check_own(force)
        if force:
            path.unlink(missing_ok=True)
        if path.exists():
            self._drop_torn_end()
        head = self._head()
        if head is None:
            self._write({"fingerprint": fingerprint})
        elif head.get("fingerprint") != fingerprint:
            raise ConfigError(
                f"'{path.parent}' holds results of other settings",
                "choose another --output, or pass --force to start anew",
            )

    def _check_own(self, force: bool) -> None:
        """Refuse a file that no run began, before anything is cut off or added to it."""
        if not os.path.lexists(self._path):
            return
        if self._path.is_symlink() or not self._path.is_file():
            kind = "a symbolic link" if self._path.is_symlink() else "no ordinary file"
            raise OutputError(f"'{self._path}' is {kind}", "choose another --output")
        with self._path.open("rb") as file:
            first = file.readline(_LONGEST_HEAD)
        # a kill may have torn the first line itself
        is_own = force or first.startswith(_HEAD) or (not first.endswith(b"\n") and _HEAD.startswith(first))
        if not is_own:
            raise OutputError(
                f"'{self._path}' is there already and is not a log of select-frames",
                "choose another --output, or overwrite it with --force",
            )

    def rows(self, retry_failed: bool = False) -> dict[str, dict[str, Any]]:
        """Results by mark; a later one of the same item replaces the earlier."""
        found: dict[str, dict[str, Any]] = {}
        for row in self._lines():
            if "mark" in row:
                found[row["mark"]] = row
        return {mark: row for mark, row in found.items() if row["status"] == "ok" or not retry_failed}

    def append(self, row: dict[str, Any]) -> None:
        """Add a result and push it to the disk.

        Raises:
            OutputError: the disk is full or the file cannot be written; what is there stays good.
        """
        self._write(row)

    def _write(self, row: dict[str, Any]) -> None:
        data = (json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8")
        before = self._path.stat().st_size if self._path.exists() else 0
        try:
            with self._path.open("ab") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            if self._path.exists():
                os.truncate(self._path, before)
            raise OutputError(
                f"cannot write '{self._path}': {error.strerror}",
                "free space and start again: finished items are kept",
            ) from error

    def _drop_torn_end(self) -> None:
        data = self._path.read_bytes()
        if data and not data.endswith(b"\n"):
            os.truncate(self._path, data.rfind(b"\n") + 1)

    def _head(self) -> dict[str, Any] | None:
        return next(self._lines(), None)

    def _lines(self) -> Iterator[dict[str, Any]]:
        if not self._path.exists():
            return
        with self._path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                try:
                    yield json.loads(line)
                except json.JSONDecodeError as error:
                    raise DataError(
                        f"{self._path}:{number}: damaged line", "remove that line: its item will run again"
                    ) from error
