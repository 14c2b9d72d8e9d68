"""The append-only log of a long job: one JSON object per line, held by one process, resumed after any death.

Every job that can be killed keeps its results here, so that all of them treat a second process, a full disk
and a damaged line alike: a line that is cut off or is not a record is reported once with its number,
dropped, and its item will be done again.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from vidkit.errors import DataError, OutputError, VidkitError
from vidkit.utils import json_depth
from vidkit.utils.files import explained
from vidkit.utils.leftovers import held_file
from vidkit.utils.reservation import is_at, locked

logger = logging.getLogger(__name__)

_MOST_TOLD = 20  # damaged lines that are named one by one
_NO_RECORD = (ValueError, TypeError, KeyError, AttributeError, RecursionError)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line stands in the file, in bytes."""

    offset: int
    length: int


@dataclass(slots=True)
class _Found:
    """What one reading of a log came to: places of kept lines, dropped ones with their reason."""

    kept: list[Place]
    dropped: list[tuple[int, str]]
    records: int = 0
    has_header: bool = False
    looks_foreign: bool = False
    cut: int = 0  # bytes of a last line without an end
    length: int = 0  # bytes that are kept

    def keep(self, offset: int, length: int) -> None:
        self.length += length
        # neighbours are one place, so that a whole log of any length is one
        if self.kept and self.kept[-1].offset + self.kept[-1].length == offset:
            last = self.kept.pop()
            offset, length = last.offset, last.length + length
        self.kept.append(Place(offset, length))


class JsonlLog:
    """An open log; one process at a time.

    Args:
        path: the file, made with its folder when absent.
        take: called with each record and its place; a `ValueError`, `TypeError` or `KeyError` says that it is
            none.
        header: what the first line says the log belongs to; None for a log without one.
        refuse: the error for a log with another header, given that header.
        again: what is done about a dropped line, for the message.
        anew: throw away what is there.

    Raises:
        OutputError: another process holds the log, it is not a plain file, or the place cannot be written.
        DataError: the file belongs to another job, or no line of it is a record.
    """

    def __init__(
        self,
        path: str | Path,
        take: Callable[[Row, Place], None],
        *,
        header: Mapping[str, Any] | None = None,
        refuse: Callable[[Row], VidkitError] | None = None,
        again: str = "its item will be done again",
        anew: bool = False,
    ) -> None:
        self.path = Path(path)
        self._take = take
        # through JSON once: tuples and lists compare equal with what a file holds
        self._header: Row | None = None if header is None else json.loads(json.dumps(header))
        self._refuse = refuse or self._other_job
        self._again = again
        self._file: BinaryIO | None = self._open()
        try:
            if anew and self._has_other_names():
                self._rewrite([])
            elif anew:
                os.ftruncate(self._handle, 0)
            self.end = self._recover()
        except BaseException:
            self.release()
            raise

    def _open(self) -> BinaryIO:
        if self.path.is_symlink() or (self.path.exists() and not self.path.is_file()):
            kind = "a symbolic link" if self.path.is_symlink() else "not an ordinary file"
            raise OutputError(f"'{self.path}' is {kind}", "choose another --output")
        while True:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o644)
            except OSError as error:
                raise OutputError(
                    f"cannot write '{self.path}': {error.strerror}", "choose another folder"
                ) from error
            file = os.fdopen(handle, "r+b", buffering=0)  # closed when nobody holds it any more
            if not locked(file.fileno()):
                file.close()
                raise OutputError(f"another run is writing '{self.path}'", "wait for it, or choose a folder")
            if is_at(file.fileno(), self.path):  # else it was replaced in between
                return file
            file.close()

    @property
    def _handle(self) -> int:
        if self._file is None:
            raise ValueError(f"'{self.path}' is closed")
        return self._file.fileno()

    def _recover(self) -> int:
        """Hand over what is there, and drop what is no record; returns the end of the file."""
        found = self._read()
        if found.dropped and not (found.records or found.has_header) and found.looks_foreign:
            raise DataError(
                f"'{self.path}' already exists and is not a log of this command",
                "choose another --output, or remove the file",
            )
        if self._header is not None and found.records and not found.has_header:
            raise DataError(f"{self.path}:1: the header is damaged", "delete the file to start over")
        self._tell(found)
        if len(found.kept) > 1 or (found.kept and found.kept[0].offset > 0) or self._has_other_names():
            self._rewrite(found.kept)
        elif found.dropped:
            os.ftruncate(self._handle, found.length)
        self.end = found.length
        if self._header is not None and not found.has_header:
            self.append(self._header)
        return self.end

    def _read(self) -> _Found:
        found, offset = _Found([], []), 0
        with self.path.open("rb") as file:
            for number, line in enumerate(file, 1):
                reason = self._reason_to_drop(number, line, found)
                if reason:
                    found.dropped.append((number, reason))
                else:
                    found.keep(offset, len(line))
                offset += len(line)
        return found

    def _reason_to_drop(self, number: int, line: bytes, found: _Found) -> str:
        """Take a line; why it is no record, empty where it is one."""
        if line.isspace() and line.endswith(b"\n"):
            return "blank"
        try:
            row = json_depth.loads(line)
            if not isinstance(row, dict):
                raise ValueError("not a JSON object")
        except (ValueError, RecursionError) as error:
            # a killed process or a power cut leaves the beginning of a line, or zeros
            found.looks_foreign |= not (line.startswith(b"{") or not line.strip(b"\0\n"))
            return f"cut off ({len(line)} bytes)" if not line.endswith(b"\n") else f"not JSON ({error})"
        if self._header is not None and number == 1:
            return self._check_header(row, line, found)
        if not line.endswith(b"\n"):
            return f"cut off ({len(line)} bytes)"
        try:
            self._take(row, Place(found.length, len(line)))
        except _NO_RECORD as error:
            found.looks_foreign = True
            missing = isinstance(error, KeyError)
            return f"not a whole record ({f'no {error}' if missing else error})"
        found.records += 1
        return ""

    def _check_header(self, row: Row, line: bytes, found: _Found) -> str:
        if row != self._header:
            raise self._refuse(row)
        found.has_header = line.endswith(b"\n")
        return "" if found.has_header else f"cut off ({len(line)} bytes)"

    def _other_job(self, found: Row) -> VidkitError:
        return other_header(self.path, self._header or {}, found, "run")

    def _tell(self, found: _Found) -> None:
        for number, reason in found.dropped[:_MOST_TOLD]:
            is_header = self._header is not None and number == 1
            again = "the log is started over" if is_header else self._again
            logger.warning("%s:%d: %s; dropped, %s", self.path, number, reason, again)
        if len(found.dropped) > _MOST_TOLD:
            more = len(found.dropped) - _MOST_TOLD
            logger.warning("%s: %d more damaged lines; dropped, %s", self.path, more, self._again)
        if found.records:
            logger.info("%s: resumes after %d records", self.path, found.records)

    def _has_other_names(self) -> bool:
        """Whether the file is hard-linked elsewhere, as by a backup, which stays as it is."""
        return os.fstat(self._handle).st_nlink > 1

    def _rewrite(self, kept: Iterable[Place]) -> None:
        """Keep these lines alone; the new file is locked before it takes the old one's place."""
        with explained(self.path):
            handle, part = held_file(self.path)
        file = os.fdopen(handle, "r+b", buffering=0)
        try:
            with explained(self.path), self.path.open("rb") as old:
                for place in kept:
                    old.seek(place.offset)
                    _write_all(handle, old.read(place.length))
                os.fchmod(handle, stat.S_IMODE(os.fstat(old.fileno()).st_mode))
                os.fsync(handle)
                fcntl.fcntl(handle, fcntl.F_SETFL, fcntl.fcntl(handle, fcntl.F_GETFL) | os.O_APPEND)
                os.replace(part, self.path)
        except BaseException:
            file.close()
            part.unlink(missing_ok=True)
            raise
        self.release()
        self._file = file

    def line(self, place: Place) -> bytes:
        """The bytes of a record."""
        return os.pread(self._handle, place.length, place.offset)

    def append(self, row: Mapping[str, Any]) -> Place:
        """Store a record; on disk when this returns.

        Raises:
            OutputError: the disk is full or gone; what was there stays good.
        """
        place = self.write(json.dumps(row, ensure_ascii=True).encode() + b"\n")
        try:
            self.sync()
        except OutputError:
            self._cut(place.offset)
            raise
        return place

    def write(self, line: bytes) -> Place:
        """Hand a line to the system, which a killed process cannot undo; `sync` forces it to disk.

        Raises:
            OutputError: the disk is full or gone; what was there stays good.
        """
        try:
            _write_all(self._handle, line)
        except OSError as error:
            # half a line must not stand before the next one
            self._cut(self.end)
            raise self._unwritable(error) from error
        place = Place(self.end, len(line))
        self.end += len(line)
        return place

    def sync(self) -> None:
        """Force everything to disk.

        Raises:
            OutputError: the disk is full or gone.
        """
        try:
            os.fsync(self._handle)
        except OSError as error:
            raise self._unwritable(error) from error

    def _cut(self, end: int) -> None:
        self.end = end
        with suppress(OSError):
            os.ftruncate(self._handle, end)

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError(
            f"cannot write '{self.path}': {error.strerror}",
            "free space and start again: finished items are kept",
        )

    @property
    def is_open(self) -> bool:
        """Whether the log can still be written."""
        return self._file is not None

    def release(self) -> None:
        """Close the file and let go of the lock; a second call does nothing."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def other_header(path: Path, wanted: Mapping[str, Any], found: Mapping[str, Any], job: str) -> DataError:
    """The error for a log of another job: every entry in which the two headers differ."""
    wanted = json.loads(json.dumps(wanted))
    names = [name for name in sorted({*wanted, *found}) if wanted.get(name) != found.get(name)]

    def said(header: Mapping[str, Any], name: str) -> str:
        value = header.get(name)
        return "not set" if value is None else repr(value)

    differs = "; ".join(f"{name}: file {said(found, name)}, now {said(wanted, name)}" for name in names)
    return DataError(
        f"{path} belongs to another {job} ({differs})",
        "choose another output, or delete the file to start over",
    )


def read_log(path: Path) -> Iterator[Row]:
    """The whole lines of a log that is only looked at, its header too; damaged ones are passed over."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        for line in file:
            with suppress(ValueError, RecursionError):
                row = json_depth.loads(line) if line.endswith(b"\n") else None
                if isinstance(row, dict):
                    yield row
