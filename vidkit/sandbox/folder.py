"""The folder of a run: made with its input, read afterwards as untrusted, removed whatever it holds."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from vidkit.errors import SandboxError

_DEPTH = 64
_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class RunFolder:
    """`work` (the program's own) in a folder with a random name, for one run.

    Args:
        files: relative path -> content, or a path to copy from.
        uid: who shall own it; None: the caller.

    Raises:
        SandboxError: a name that leads out of the folder, or a file that cannot be read.
    """

    def __init__(self, files: Mapping[str, bytes | str | Path], uid: int | None) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="vidkit-sandbox-"))
        self.work = self.root.resolve() / "work"
        self._given: dict[str, bytes] = {}
        try:
            self.root.chmod(0o711)
            self.work.mkdir(mode=0o700)
            for name, content in files.items():
                self._write(name, content)
            if uid is not None:
                self._give_to(uid)
        except BaseException:
            self.remove()
            raise

    def _write(self, name: str, content: bytes | str | Path) -> None:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in name:
            raise SandboxError(f"files: {name!r} must be a relative path inside the folder")
        if isinstance(content, Path):
            try:
                content = content.read_bytes()
            except OSError as error:
                raise SandboxError(f"files: {name!r} cannot be read: {error.strerror}") from error
        data = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
        target = self.work / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        self._given[str(path)] = data

    def _give_to(self, uid: int) -> None:
        for folder, _, names in os.walk(self.work):
            os.chown(folder, uid, uid)
            for name in names:
                os.chown(os.path.join(folder, name), uid, uid)

    def keep_aside(self, name: str, data: bytes, uid: int | None) -> str:
        """A file beside the program's folder, for the supervisor; its path."""
        path = self.root / name
        path.write_bytes(data)
        if uid is not None:
            os.chown(path, uid, uid)
        return str(path)

    def written(self, most: int, most_bytes: int) -> tuple[dict[str, bytes], dict[str, str]]:
        """Regular files that are new or changed, and what was left out with the reason.

        Args:
            most: files at most.
            most_bytes: bytes of all at most.
        """
        files: dict[str, bytes] = {}
        left: dict[str, str] = {}
        room = most_bytes
        for name, data, why in _regular_files(str(self.work), most_bytes):
            if why:
                if len(left) < most:
                    left[name] = why
            elif self._given.get(name) != data:
                if len(files) >= most or len(data) > room:
                    left[name] = "over the limits on what is kept"
                    if len(left) >= most:
                        break
                else:
                    files[name] = data
                    room -= len(data)
        return files, left

    def remove(self) -> None:
        """Remove all of it: also folders without permissions, and nested deeper than a path may be long."""
        root = str(self.root)
        spare = 0
        waiting = [root]
        while waiting:
            folder = waiting.pop()
            with contextlib.suppress(OSError):
                os.chmod(folder, 0o700)
            with contextlib.suppress(OSError), os.scandir(folder) as entries:
                for entry in list(entries):
                    if not entry.is_dir(follow_symlinks=False):
                        with contextlib.suppress(OSError):
                            os.unlink(entry.path)
                    elif folder == root:
                        waiting.append(entry.path)
                    else:  # moved up: paths stay short however deep it was
                        spare += 1
                        target = os.path.join(root, f"..{spare}")
                        with contextlib.suppress(OSError):
                            os.chmod(entry.path, 0o700)
                            os.rename(entry.path, target)
                            waiting.append(target)
            if folder != root:
                with contextlib.suppress(OSError):
                    os.rmdir(folder)
        with contextlib.suppress(OSError):
            os.rmdir(root)


def _regular_files(folder: str, most_bytes: int) -> Iterator[tuple[str, bytes, str]]:
    """Path, content and "" of each regular file; path, b"" and the reason for everything that is none."""
    with contextlib.suppress(OSError):
        yield from _inside(os.open(folder, _OPEN_FOLDER), "", most_bytes, 1)


def _inside(descriptor: int, prefix: str, most_bytes: int, depth: int) -> Iterator[tuple[str, bytes, str]]:
    try:
        for name in sorted(os.listdir(descriptor)):
            path = prefix + name
            try:
                mode = os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode
                if stat.S_ISDIR(mode):
                    if depth >= _DEPTH:
                        yield path, b"", "nested too deep"
                    else:
                        inner = os.open(name, _OPEN_FOLDER, dir_fd=descriptor)
                        yield from _inside(inner, f"{path}/", most_bytes, depth + 1)
                elif not stat.S_ISREG(mode):
                    yield path, b"", "a link" if stat.S_ISLNK(mode) else "not a regular file"
                else:
                    yield _read(name, descriptor, path, most_bytes)
            except OSError as error:
                yield path, b"", f"cannot be read: {error.strerror}"
    finally:
        os.close(descriptor)


def _read(name: str, descriptor: int, path: str, most_bytes: int) -> tuple[str, bytes, str]:
    with open(os.open(name, _OPEN_FILE, dir_fd=descriptor), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return path, b"", "not a regular file"
        data = file.read(most_bytes + 1)
    return (path, data, "") if len(data) <= most_bytes else (path, b"", "over the limits on what is kept")
