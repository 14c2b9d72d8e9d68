"""Standard input as a file: decoders need to seek, and a pipe cannot."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from vidkit.errors import ConfigError, DataError, OutputError, VidkitError

_CHUNK = 1 << 20
SHOWN = "standard input"


@contextlib.contextmanager
def spooled_input(limit_bytes: int, source: BinaryIO | None = None) -> Iterator[Path]:
    """A private copy of standard input, gone when the block ends; errors inside name standard input, not it.

    Args:
        limit_bytes: a longer input is refused, before the disk is full of it.
        source: read instead of standard input.

    Raises:
        ConfigError: standard input is a terminal or closed.
        DataError: it is empty or longer than the limit.
        OutputError: the folder for temporary files is full or cannot be written.
    """
    stream = source if source is not None else _standard_input()
    try:
        folder = Path(tempfile.mkdtemp(prefix="vidkit-stdin-"))  # readable by its owner alone
    except OSError as error:
        raise _no_room(error, Path(tempfile.gettempdir())) from error
    try:
        path = folder / "stdin"
        _copy(stream, path, limit_bytes)
        try:
            yield path
        except VidkitError as error:
            error.message = error.message.replace(f"'{path}'", SHOWN).replace(str(path), SHOWN)
            error.args = (error.message,)
            raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _standard_input() -> BinaryIO:
    if sys.stdin is None or sys.stdin.closed:
        raise ConfigError("'-' reads standard input, which is closed", "pipe a file in, or name one")
    if sys.stdin.isatty():
        raise ConfigError(
            "'-' reads standard input, which is a terminal",
            "pipe a file in: ... | vidkit select-frames - QUERY",
        )
    return sys.stdin.buffer


def _copy(stream: BinaryIO, path: Path, limit_bytes: int) -> None:
    size = 0
    try:
        with path.open("xb") as file:
            os.fchmod(file.fileno(), 0o600)
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                if size > limit_bytes:
                    raise DataError(
                        f"standard input is longer than {limit_bytes / 2**30:g} GiB",
                        "raise stdin_limit_gib=, or give a file",
                    )
                file.write(chunk)
    except OSError as error:
        raise _no_room(error, path.parent) from error
    if size == 0:
        raise DataError("standard input is empty", "did the command before the pipe fail?")


def _no_room(error: OSError, folder: Path) -> OutputError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    why = "no space is left" if full else (error.strerror or str(error))
    return OutputError(
        f"standard input cannot be stored in '{folder.parent if full else folder}': {why}",
        "name another folder in the environment variable TMPDIR, or give a file",
    )
