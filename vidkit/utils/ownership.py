"""Whose file is it? Nothing is overwritten or removed but what vidkit wrote, or was told to with `--force`.

A run that writes several files ends with a record (JSON) beside them. `signed` puts two fields into it:
`files`, the size and SHA-256 of every file by its name relative to the record, and `seal`, a hash of the
record itself. A file is ours only while a record with a whole seal lists it and it has not changed since; a
changed file, a symbolic link and a file of somebody else are foreign. What the run reads is never a target,
by whatever name (link, hard link, a file inside an input folder), not even with `--force`.

How a command uses it:

1. `reservation.reserve` or `reserve_free` holds the names against other processes.
2. `check_targets(targets, record, inputs, force)` refuses in two lines, before anything is computed; again
   right before writing, since hours may lie between.
3. `files.atomic_path(target, fresh=not os.path.lexists(target))` writes each file: under an unpredictable
   name, never through a symbolic link, and with `fresh` never over a file that appeared meanwhile.
4. The record comes last: `signed(record, folder, {target: temporary})`.

`unchanged_files(record)` lists what an earlier run wrote and nobody touched: these alone may be removed.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from vidkit.errors import OutputError

FILES, SEAL = "files", "seal"
_LARGEST_RECORD = 64 << 20  # bytes; a record is no larger, and a foreign file need not be read whole
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Mark:
    """What a file was when it was written: bytes, and their SHA-256 in hex."""

    size: int
    sha256: str

    def fits(self, path: Path) -> bool:
        """Whether `path` is a regular file (no link) that still holds these bytes."""
        try:
            found = path.lstat()
            return stat.S_ISREG(found.st_mode) and found.st_size == self.size and mark_of(path) == self
        except OSError:
            return False


def mark_of(path: Path) -> Mark:
    """Size and hash of a file."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return Mark(size, digest.hexdigest())


def signed(record: Mapping[str, Any], folder: Path, files: Mapping[Path, Path]) -> dict[str, Any]:
    """A record that owns files: a copy with `files` and `seal`, to be written into `folder` as JSON.

    Args:
        record: what `json.dumps` takes.
        folder: where the record will lie; every file lies in it or below.
        files: where the bytes are now, by their final path; the same path if they are there already.
    """
    marks = {target: mark_of(source) for target, source in files.items()}
    listed = {
        target.relative_to(folder).as_posix(): {"size": mark.size, "sha256": mark.sha256}
        for target, mark in marks.items()
    }
    whole = {key: value for key, value in record.items() if key != SEAL} | {FILES: listed}
    return {**whole, SEAL: _seal(whole)}


def marks_in(record: Path) -> dict[Path, Mark]:
    """What a record says it wrote, by path; empty without a record that is as vidkit wrote it."""
    content = _sealed(record)
    if content is None:
        return {}
    found = {}
    for name, mark in content[FILES].items():
        relative = PurePosixPath(name)
        if relative.is_absolute() or ".." in relative.parts:
            continue
        if isinstance(mark, dict):
            found[record.parent / relative] = Mark(mark.get("size", -1), mark.get("sha256", ""))
    return found


def unchanged_files(record: Path) -> list[Path]:
    """The files of a record that are as it left them; the record itself is not among them."""
    return [path for path, mark in marks_in(record).items() if mark.fits(path)]


def check_targets(targets: Iterable[Path], record: Path, inputs: Sequence[Path], force: bool) -> None:
    """Refuse to overwrite what is not ours.

    Args:
        targets: every file that will be written, the record too; they need not exist.
        record: the record of the earlier run that may own them.
        inputs: files and folders that this run reads; those that do not exist are passed over.
        force: overwrite files of others; inputs and folders are refused all the same.

    Raises:
        OutputError: the first target that must stay, and why.
    """
    marks = marks_in(record)
    for target in targets:
        source = next((given for given in inputs if _is_input(target, given)), None)
        if source is not None:
            raise OutputError(
                f"'{target}' would overwrite '{source}', which this run reads", "choose another --output"
            )
        _check(target, record, marks, force)


def check_free(target: Path, inputs: Sequence[Path], force: bool) -> None:
    """Refuse to write over what is there: a file without a record tells nothing of who wrote it.

    Args:
        target: a file that will be written.
        inputs: files and folders that this run reads.
        force: overwrite files; inputs and folders are refused all the same.

    Raises:
        OutputError: something lies there that must stay; a link to nothing counts.
    """
    source = next((given for given in inputs if _is_input(target, given)), None)
    if source is not None:
        raise OutputError(
            f"'{target}' would overwrite '{source}', which this run reads", "choose another --output"
        )
    if os.path.lexists(target) and not force:
        raise OutputError(f"'{target}' already exists", "name another file, or overwrite it with --force")


def _check(target: Path, record: Path, marks: Mapping[Path, Mark], force: bool) -> None:
    if not os.path.lexists(target):
        return
    mode = target.lstat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
        kind = "a folder" if stat.S_ISDIR(mode) else "not an ordinary file"
        raise OutputError(f"'{target}' is {kind}, where a file is to be written", "choose another --output")
    if force:
        return
    if stat.S_ISLNK(mode):
        why = "is a symbolic link"
    elif target == record:
        if _sealed(record) is not None:
            return
        why = "already exists and is not an unchanged output of vidkit"
    elif target not in marks:
        why = "already exists, and no record next to it says that vidkit wrote it"
    elif marks[target].fits(target):
        return
    else:
        why = "was changed after vidkit wrote it"
    raise OutputError(f"'{target}' {why}", "choose another --output, or overwrite it with --force")


def _is_input(target: Path, given: Path) -> bool:
    """Whether `target` is an input: the same path, inode or link; or a file that lies in an input folder."""
    try:
        if os.path.realpath(target) == os.path.realpath(given):
            return True
        if not os.path.exists(given) or not os.path.lexists(target):
            return False
        if given.is_dir():
            return Path(os.path.realpath(target)).is_relative_to(os.path.realpath(given))
        return os.path.exists(target) and os.path.samefile(target, given)
    except (OSError, ValueError):
        return False


def _sealed(record: Path) -> dict[str, Any] | None:
    """The content of a record whose seal is whole; None for anything else."""
    try:
        found = record.lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > _LARGEST_RECORD:
            return None
        content = json.loads(record.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or not isinstance(content.get(FILES), dict):
        return None
    whole = {key: value for key, value in content.items() if key != SEAL}
    return content if content.get(SEAL) == _seal(whole) else None


def _seal(content: Mapping[str, Any]) -> str:
    # through JSON once, since tuples and numeric keys do not come back as they went in
    plain = json.loads(json.dumps(content))
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
