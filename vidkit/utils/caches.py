"""Folders for what can be made again, in the user's own cache; never in a place that others can write to."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from vidkit.errors import OutputError


def own_folder(name: str) -> Path:
    """`$XDG_CACHE_HOME/vidkit/NAME`, or `~/.cache/vidkit/NAME`, for the user alone; made if it is missing.

    Raises:
        OutputError: it cannot be made, or belongs to somebody else.
    """
    folder = cache_root() / name
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        check_own_folder(folder)
    except OSError as error:
        raise OutputError(
            f"no cache in '{folder}': {error.strerror}", "set XDG_CACHE_HOME to a folder of your own"
        ) from error
    return folder


def cache_root() -> Path:
    """Where vidkit's caches lie; relative values of XDG_CACHE_HOME do not count, as its standard says."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "vidkit"


def check_own_folder(folder: Path) -> None:
    """Refuse a folder in which another user could put files: what is in it would be believed.

    Raises:
        OutputError: it belongs to somebody else, or everybody may write to it.
    """
    found = folder.stat()
    if found.st_uid not in (os.getuid(), 0):
        raise OutputError(f"the cache '{folder}' belongs to another user", "choose a folder of your own")
    if found.st_mode & stat.S_IWOTH:
        raise OutputError(
            f"everybody can write to the cache '{folder}'", f"choose another, or: chmod o-w '{folder}'"
        )
