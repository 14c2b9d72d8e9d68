"""Files that are being written, by names that tell the next run which of them nobody writes any more.

A file in the making is called `.NAME.vidkit-INODE-RANDOM.SUFFIX` and is locked (flock) by who writes it.
SIGKILL leaves it; the next run that writes into the folder removes it: a plain file of this user, whose name
has its own inode number, as that of no copy has, and that nobody holds. Everything else stays.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import re
import secrets
import stat
from pathlib import Path

from vidkit.utils.reservation import locked

_NAME = re.compile(r"^\..*\.vidkit-([0-9]+)-[0-9a-f]{8}(\.[^/]*)?$", re.DOTALL)
_LONGEST = 48  # bytes of the name and of the suffix that are kept


def held_file(target: Path) -> tuple[int, Path]:
    """A new empty file beside `target`, with its suffix, and the open handle that holds it.

    Its path is absolute: FFmpeg takes a relative one with a colon for a protocol.

    Raises:
        OSError: the folder takes none.
    """
    folder = Path(os.path.abspath(target.parent))
    _sweep_once(str(folder))
    stem, suffix = _first_bytes(target.stem), _first_bytes(target.suffix)
    token = secrets.token_hex(4)
    first = folder / f".{stem}.{token}{suffix}"
    handle = os.open(first, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        locked(handle)  # before it has the name by which others judge it
        named = folder / f".{stem}.vidkit-{os.fstat(handle).st_ino}-{token}{suffix}"
        os.rename(first, named)
    except BaseException:
        os.close(handle)
        first.unlink(missing_ok=True)
        raise
    return handle, named


@functools.lru_cache(maxsize=64)
def _sweep_once(folder: str) -> None:
    sweep(Path(folder))


def sweep(folder: Path) -> None:
    """Remove from a folder the files that killed runs were writing."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            found = _NAME.match(entry.name)
            if found is not None:
                with contextlib.suppress(OSError):
                    _remove(Path(entry.path), int(found[1]))


def _remove(path: Path, inode: int) -> None:
    handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        state = os.fstat(handle)
        ours = stat.S_ISREG(state.st_mode) and state.st_uid == os.geteuid() and state.st_ino == inode
        if ours:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # where there are no locks, nothing is removed
            path.unlink()
    finally:
        os.close(handle)


def _first_bytes(text: str) -> str:
    # names are limited in bytes
    return os.fsencode(text)[:_LONGEST].decode("utf-8", "ignore")
