"""Files that are either whole or absent."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vidkit.errors import OutputError


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside `target`; on success it becomes `target`, on any failure it is removed.

    The temporary file keeps the suffix of `target`, is synced to disk before it is renamed, and is gone after
    an exception of any kind, Ctrl-C included.

    Raises:
        OutputError: the folder is missing or not writable, or the disk is full.
    """
    with _explained(target):
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.stem}-", suffix=target.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        with _explained(target):
            yield temporary
            _sync(temporary)
            os.chmod(temporary, 0o666 & ~_umask())
            os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def write_text_atomic(target: Path, text: str) -> None:
    """Write a text file so that readers see the old or the new one, never a part."""
    with atomic_path(target) as temporary:
        temporary.write_text(text, encoding="utf-8")


def check_writable(folder: Path, create: bool = False) -> None:
    """Refuse a folder that is missing or cannot take a new file, before hours are spent computing for it.

    Raises:
        OutputError: names the folder and what is wrong with it.
    """
    if create:
        with _explained(folder / "x"):
            folder.mkdir(parents=True, exist_ok=True)
    if not folder.exists():
        raise OutputError(f"output folder '{folder}' does not exist", f"create it: mkdir -p '{folder}'")
    if not folder.is_dir():
        raise OutputError(f"output folder '{folder}' is not a folder", "choose another --output")
    # a probe file, since permission bits say little about the superuser and about read-only mounts
    with _explained(folder / "x"), tempfile.TemporaryFile(dir=folder):
        pass


@contextmanager
def _explained(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        explained = _explain(error, target)
        if explained is None:
            raise
        raise explained from error


def _explain(error: OSError, target: Path) -> OutputError | None:
    folder = target.parent
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutputError(
            f"the disk is full: could not write '{target}'; nothing was left behind",
            "free space, or choose another --output",
        )
    if error.errno == errno.EFBIG:
        return OutputError(
            f"'{target}' would be larger than a file may be here; nothing was left behind",
            "raise the limit (ulimit -f), or choose another --output",
        )
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return OutputError(f"output folder '{folder}' is read-only", "choose another --output")
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
