"""Several files that appear together in a folder, owned by a record, over nothing that is foreign.

Files are made in a hidden folder beside their places. When all are whole, a journal (`.NAME` for the record
`NAME`) says which are about to appear, then they do, then the record that owns them; what the record before
owned and nobody touched is removed. Killed at any moment, the next run still knows what is ours.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vidkit.errors import OutputError
from vidkit.utils.files import atomic_path, check_writable, explained, write_text_atomic
from vidkit.utils.ownership import check_targets, marks_in, signed, unchanged_files

_STAGE, _MARK = ".staged-", ".vidkit-stage"


@dataclass
class Stage:
    """A place to make files in before they appear.

    Attributes:
        folder: where they are made, with the names they will have.
        target: where they will lie.
        content: of the record, set by `publish`.
    """

    folder: Path
    target: Path
    content: dict[str, Any] | None = field(default=None)

    def publish(self, content: Mapping[str, Any]) -> None:
        """Let everything appear at the end of the block, with this record."""
        self.content = dict(content)


@contextmanager
def staged(folder: Path, record: str, inputs: Sequence[Path] = (), force: bool = False) -> Iterator[Stage]:
    """A stage for files of `folder`; without a call of `publish`, or with an exception, none of them appears.

    Args:
        folder: exists.
        record: name of the JSON file that owns them.
        inputs: files and folders that the run reads, which are never overwritten.
        force: overwrite files of others; they are never removed.

    Raises:
        OutputError: a file that would be overwritten is not ours, or the disk is full.
    """
    sweep_stages(folder)
    with _staging_folder(folder, folder / record) as place:
        stage = Stage(place, folder)
        try:
            yield stage
        except OutputError as error:
            # users know the place where a file was to lie, not the one where it was made
            message, hint = (text.replace(str(place), str(folder)) for text in (error.message, error.hint))
            raise OutputError(message, hint, error.exit_code) from error
        if stage.content is not None:
            _publish(stage, folder / record, inputs, force)


@contextmanager
def _staging_folder(folder: Path, record: Path) -> Iterator[Path]:
    """A new hidden folder, locked while this process lives, with a mark by which a later run knows it."""
    with explained(record), tempfile.TemporaryDirectory(dir=folder, prefix=_STAGE) as name:
        place = Path(name)
        handle = os.open(place / _MARK, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with contextlib.suppress(OSError):  # without locks nothing is swept either
                fcntl.flock(handle, fcntl.LOCK_EX)
            os.write(handle, _mark_of(place))
            yield place
        finally:
            os.close(handle)


def sweep_stages(folder: Path) -> None:
    """Remove what killed runs left in `folder`.

    That is, folders that bear our mark, which no copy of them has, and that no process holds.
    """
    for place in folder.glob(f"{_STAGE}*"):
        try:
            found = place.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
                continue
            handle = os.open(place / _MARK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.read(handle, 4096) == _mark_of(place):
                shutil.rmtree(place, ignore_errors=True)
        except OSError:
            pass  # held, or not ours to judge
        finally:
            os.close(handle)


def _mark_of(place: Path) -> bytes:
    found = place.lstat()
    return f"vidkit makes files here: {place.name} {found.st_dev}:{found.st_ino}\n".encode()


def check_own(
    targets: Iterable[Path], record: Path, inputs: Sequence[Path] = (), force: bool = False
) -> None:
    """Refuse, before anything is computed, to overwrite files that neither the record nor its journal own.

    Raises:
        OutputError: the first such file, and why.
    """
    journal = _journal(record)
    in_journal = {path: mark for path, mark in marks_in(journal).items() if mark.fits(path)}
    for target in targets:
        check_targets([target], journal if target in in_journal else record, inputs, force)


def foreign_files(folder: Path, record: Path) -> list[Path]:
    """Files in a folder that the record and its journal did not write, or that were changed since."""
    if not folder.is_dir():
        return []
    own = {*unchanged_files(record), *unchanged_files(_journal(record))}
    return sorted(path for path in folder.iterdir() if path not in own)


def _journal(record: Path) -> Path:
    return record.with_name(f".{record.name}")


def _publish(stage: Stage, record: Path, inputs: Sequence[Path], force: bool) -> None:
    made = sorted(path for path in stage.folder.rglob("*") if path.is_file() and path.name != _MARK)
    places = {stage.target / path.relative_to(stage.folder): path for path in made}
    check_own([*places, record], record, inputs, force)
    earlier = {*unchanged_files(record), *unchanged_files(_journal(record))}
    owning = signed(stage.content or {}, stage.target, places)
    journal = _journal(record)
    check_own([journal], journal, inputs, force=False)
    write_text_atomic(journal, _text(signed({"publishes": record.name}, stage.target, places)))
    for target, source in places.items():
        check_writable(target.parent, create=True)
        with atomic_path(target, fresh=not os.path.lexists(target)) as temporary:
            os.replace(source, temporary)
    for old in earlier - {*places, record}:
        old.unlink(missing_ok=True)  # frames of an earlier selection would be taken for these
    write_text_atomic(record, _text(owning))
    journal.unlink(missing_ok=True)


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
