"""Files that are either whole or absent."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vidkit.errors import OutputError
from vidkit.utils.leftovers import held_file
from vidkit.utils.redaction import redact

_NO_HARD_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS)


@contextmanager
def atomic_path(target: Path, fresh: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside `target`; on success it becomes `target`, on any failure it is removed.

    The temporary file has an unpredictable name and the suffix of `target`, is synced to disk before it is
    renamed, and is gone after an exception of any kind, Ctrl-C included; what SIGKILL leaves is removed by
    the next run that writes into the folder. A symbolic link at `target` is replaced, not followed.

    Args:
        target: where the file goes.
        fresh: refuse to replace anything that lies at `target` by then.

    Raises:
        OutputError: the folder is missing or not writable, the disk is full, or (`fresh`) a file appeared.
    """
    with explained(target):
        handle, temporary = held_file(target)
    try:
        with explained(target):
            yield temporary
            _sync(temporary)
            os.chmod(temporary, 0o666 & ~_umask())
            _publish(temporary, target, fresh)
    finally:
        os.close(handle)
        temporary.unlink(missing_ok=True)


def write_text_atomic(target: Path, text: str) -> None:
    """Write a text file so that readers see the old or the new one, never a part; secrets are left out."""
    with atomic_path(target) as temporary:
        temporary.write_text(redact(text), encoding="utf-8", errors="backslashreplace")


def write_text_into(target: Path, text: str) -> None:
    """Write into a device, a pipe or an open file of the process, none of which may be replaced.

    Raises:
        OutputError: there is no space, or it may not be written.
    """
    with explained(target), target.open("w", encoding="utf-8", errors="backslashreplace") as stream:
        stream.write(redact(text))


def check_writable(folder: Path, create: bool = False) -> None:
    """Refuse a folder that is missing or cannot take a new file, before hours are spent computing for it.

    Raises:
        OutputError: names the folder and what is wrong with it.
    """
    if create:
        make_folder(folder)
    if not folder.exists():
        raise OutputError(f"output folder '{folder}' does not exist", f"create it: mkdir -p '{folder}'")
    if not folder.is_dir():
        raise OutputError(f"output folder '{folder}' is not a folder", "choose another --output")
    # a probe file, since permission bits say little about the superuser and about read-only mounts
    with explained(folder / "x"), tempfile.TemporaryFile(dir=folder):
        pass


def make_folder(folder: Path) -> None:
    """Make a folder for outputs, with those above it.

    Raises:
        OutputError: a file or a link to nothing lies there or above it, or the place takes no folder.
    """
    try:
        with explained(folder / "x"):
            folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, OutputError) as error:
        if isinstance(error, OutputError) and not isinstance(
            error.__cause__, NotADirectoryError | FileNotFoundError
        ):
            raise
        # a file or a link into nothing lies where the folder or one above it would be
        taken = next((place for place in (folder, *folder.parents) if os.path.lexists(place)), folder)
        what = "is a link to nothing" if not taken.exists() else "is not a folder"
        if taken.is_dir():
            what = "does not allow a new folder"
        raise OutputError(
            f"'{taken}' {what}: no output can go to '{folder}'", "choose another --output"
        ) from error


@contextmanager
def explained(target: Path) -> Iterator[None]:
    """Turn the errors of a full, read-only or missing place into an `OutputError` about `target`."""
    try:
        yield
    except OSError as error:
        explained = _explain(error, target)
        if explained is None:
            raise
        raise explained from error


def _publish(temporary: Path, target: Path, fresh: bool) -> None:
    if not fresh:
        os.replace(temporary, target)
        return
    try:
        try:
            os.link(temporary, target, follow_symlinks=False)
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
            # the name is taken first; only our own empty file is replaced
            os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW))
            os.replace(temporary, target)
    except FileExistsError as error:
        raise OutputError(
            f"'{target}' appeared while it was being made, and was left as it is", "choose another --output"
        ) from error


def _explain(error: OSError, target: Path) -> OutputError | None:
    folder = target.parent
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutputError(
            f"the disk is full: could not write '{target}', and no part of it is left",
            "free space, or choose another --output",
        )
    if error.errno == errno.EFBIG:
        return OutputError(
            f"'{target}' would be larger than a file may be here; no part of it is left",
            "raise the limit (ulimit -f), or choose another --output",
        )
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return OutputError(f"output folder '{folder}' is read-only", "choose another --output")
    if error.errno == errno.ENAMETOOLONG:
        return OutputError(f"the name of '{target}' is too long for a file here", "choose another --output")
    if error.errno == errno.EISDIR:
        return OutputError(
            f"'{target}' is a folder, where a file is to be written", "choose another --output"
        )
    if error.errno in (errno.ENOENT, errno.ENOTDIR) and folder.is_dir():
        return OutputError(f"output folder '{folder}' does not allow new files", "choose another --output")
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return OutputError(f"output folder '{folder}' does not exist", f"create it: mkdir -p '{folder}'")
    return None


def _sync(path: Path) -> None:
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
