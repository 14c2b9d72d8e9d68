"""Fontconfig inside Skia: it reads this system's files, which may be written for a newer one."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator

_WARNING = b"Fontconfig warning:"


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep its warnings off the terminal: a user can do nothing about them, and the fonts are found.

    It writes them by itself, so the descriptor is turned to a file meanwhile; other lines are passed on.
    """
    try:
        kept = os.dup(2)
    except OSError:  # closed: nothing can be said
        yield
        return
    with tempfile.TemporaryFile() as said:
        with contextlib.suppress(Exception):
            sys.stderr.flush()
        os.dup2(said.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            said.seek(0)
            for line in said:
                if not line.startswith(_WARNING):
                    with contextlib.suppress(OSError):
                        os.write(2, line)
