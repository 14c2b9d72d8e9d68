"""Names of output files, held for one process: two runs in the same second never write the same files.

The reservation of `clips/boat` is the file `clips/.boat.vidkit-lock`, opened and locked (flock). The lock
ends with the process, however it ends, so a killed run blocks nobody; the file it left is taken over or swept
away by a later run. Nothing is created under the reserved names themselves.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from vidkit.errors import OutputError

_SUFFIX = ".vidkit-lock"
_CONTENT = b"names reserved by a running vidkit\n"
_LONGEST = 255 - len(_SUFFIX) - 1  # bytes of a file name, less what is added
_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)


@contextmanager
def reserve(base: Path) -> Iterator[Path]:
    """Hold `base` and all names that begin with it and a suffix (`boat` for boat.mp4, boat.png, boat.json).

    Raises:
        OutputError: another process holds it.
    """
    _sweep(base.parent)
    lock = _take(base)
    if lock is None:
        raise OutputError(
            f"another run of vidkit is writing to '{base}' now", "wait for it, or choose another --output"
        )
    with _held(lock):
        yield base


@contextmanager
def reserve_free(base: Path, is_free: Callable[[Path], bool]) -> Iterator[Path]:
    """Hold the first of `base`, `base-2`, `base-3`, ... that no other process holds and that is free.

    Args:
        base: path without suffix.
        is_free: whether nothing lies under the names made of a base; asked while that base is held.
    """
    _sweep(base.parent)
    for number in itertools.count(1):
        candidate = base if number == 1 else base.with_name(f"{base.name}-{number}")
        lock = _take(candidate)
        if lock is None:
            continue
        with _held(lock):
            if is_free(candidate):
                yield candidate
                return


def free(*suffixes: str) -> Callable[[Path], bool]:
    """For `reserve_free`: no file, folder or link is called like the base with any of these suffixes."""
    return lambda base: not any(os.path.lexists(f"{base}{suffix}") for suffix in suffixes)


class _Lock:
    def __init__(self, path: Path, handle: int) -> None:
        self.path, self.handle = path, handle

    def release(self) -> None:
        # removed while it is still locked: who opens it after this makes a new file
        if is_at(self.handle, self.path):
            self.path.unlink(missing_ok=True)
        os.close(self.handle)


@contextmanager
def _held(lock: _Lock) -> Iterator[None]:
    try:
        yield
    finally:
        lock.release()


def _take(base: Path) -> _Lock | None:
    """The lock of a base; None while another process has it."""
    folder = base.parent
    name = base.name
    if len(os.fsencode(name)) > _LONGEST:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()
    path = folder / f".{name}{_SUFFIX}"
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise OutputError(
                f"cannot reserve a name in '{folder}': {error.strerror}", "choose another --output"
            ) from error
        if not locked(handle):
            os.close(handle)
            return None
        if is_at(handle, path):  # else the former holder removed it in between
            if os.fstat(handle).st_size == 0:
                os.write(handle, _CONTENT)
            return _Lock(path, handle)
        os.close(handle)


def locked(handle: int) -> bool:
    """Lock an open file without waiting; False while another process has it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        # a file system without locks: files are still published without overwriting (files.atomic_path)
    return True


def is_at(handle: int, path: Path) -> bool:
    """Whether an open file is still the one at a path."""
    try:
        return os.path.samestat(os.fstat(handle), path.lstat())
    except OSError:
        return False


def _sweep(folder: Path) -> None:
    """Remove reservations of processes that are gone."""
    for path in folder.glob(f".*{_SUFFIX}"):
        try:
            handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.read(handle, len(_CONTENT) + 1) == _CONTENT and is_at(handle, path):
                path.unlink(missing_ok=True)
        except OSError:
            pass  # held, or not ours to judge
        finally:
            os.close(handle)
