"""The file of `--json`: checked before the run, written after it, never over what the run reads or wrote."""

from __future__ import annotations

import dataclasses
import json
import os
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vidkit.cli.plain import plain
from vidkit.errors import OutputError
from vidkit.utils.files import check_writable, write_text_atomic, write_text_into
from vidkit.utils.plain import visible_json
from vidkit.utils.redaction import redact_all
from vidkit.utils.sealing import is_sealed, sealed

_WRITTEN = ("output", "html")  # settings that name files of the run's own
_STREAMS = ("/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/self/fd/")
_LONGEST_PATH = 4096  # characters; a longer setting is no path


class ResultFile:
    """Where the result goes as JSON: an ordinary file, which is replaced, or a device or pipe, which is not.

    Args:
        target: as it was typed.
        settings: of the run; its values tell which files it reads and writes.

    Raises:
        OutputError: a folder, a place that cannot be written, a file that the run reads or writes, or
            (without `force`) a file that is not an unchanged result of vidkit.
    """

    def __init__(self, target: str, settings: Any) -> None:
        self._path = Path(target)
        self.is_special = _is_special(target)
        if self._path.is_dir():
            raise OutputError(f"'{target}' is a folder (--json)", "name a file, or - for standard output")
        if not self.is_special:
            check_writable(self._path.parent)
            self._check(settings)
        self._before = _stamp(self._path)

    def write(self, text: str) -> None:
        """Write the result whole.

        Raises:
            OutputError: no space, or the run itself made a file of this name.
        """
        if self.is_special:
            write_text_into(self._path, text)
            return
        if _stamp(self._path) != self._before:
            raise OutputError(
                f"'{self._path}' was written during the run, and was left as it is (--json)",
                "name another file for --json",
            )
        write_text_atomic(self._path, text)

    def _check(self, settings: Any) -> None:
        for key, value in texts_of(settings):
            if key in _WRITTEN and os.path.realpath(value) == os.path.realpath(self._path):
                raise OutputError(
                    f"'{self._path}' is the output of this run and the file of --json",
                    "name another file for --json",
                )
            if is_same_file(self._path, value):
                raise OutputError(
                    f"--json would overwrite '{value}', which this run reads", "name another file for --json"
                )
        if not getattr(settings, "force", False) and not _may_be_replaced(self._path):
            ways = "overwrite it with --force" if hasattr(settings, "force") else "remove it"
            raise OutputError(
                f"'{self._path}' already exists and is not an unchanged output of vidkit",
                f"name another file for --json, or {ways}",
            )


def result_file(target: str | None, settings: object = None) -> ResultFile | None:
    """The file of `--json`, checked; None: there is none, or it is standard output."""
    return None if target is None or target == "-" else ResultFile(target, settings)


def put_json(file: ResultFile | None, result: object) -> None:
    """Write a result into its file, or to standard output."""
    # a terminal or pipe of another encoding gets what every encoding has, escaped as JSON does it
    escapes = file is None and (getattr(sys.stdout, "encoding", None) or "utf-8").lower() != "utf-8"
    content = redact_all(plain(result))
    if file is not None and not file.is_special and isinstance(content, dict):
        content = sealed(content)
    text = visible_json(json.dumps(content, indent=2, ensure_ascii=escapes, allow_nan=False)) + "\n"
    if file is not None:
        file.write(text)
        return
    sys.stdout.write(text)
    sys.stdout.flush()


def _is_special(target: str) -> bool:
    if os.path.abspath(target).startswith(_STREAMS):
        return True
    try:
        mode = os.stat(target).st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What changes when a file is written again; None: there is none."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _may_be_replaced(path: Path) -> bool:
    """Whether nothing is lost: no file, an empty one, or an unchanged result of a run before."""
    try:
        return path.stat().st_size == 0 or is_sealed(path)
    except FileNotFoundError:
        return not os.path.lexists(path)  # a link to nothing is somebody's
    except OSError:
        return False


def is_same_file(path: Path, value: str) -> bool:
    try:
        return os.path.isfile(value) and os.path.samefile(path, value)
    except (OSError, ValueError):
        return False


def texts_of(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text among the settings that could be a path, with the last part of its key."""
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from texts_of(getattr(value, field.name), field.name)
    elif isinstance(value, Mapping):
        for name, entry in value.items():
            yield from texts_of(entry, str(name))
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from texts_of(entry, key)
    elif isinstance(value, str | Path) and 0 < len(str(value)) <= _LONGEST_PATH and "\0" not in str(value):
        yield key, str(value)
