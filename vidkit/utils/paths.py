"""Paths as a user gives them: what is not a path at all is told as what it is."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

from vidkit.errors import VideoError

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+)://(?P<rest>.*)", re.DOTALL)
_DATA = re.compile(r"data:[\w.+-]+/[\w.+-]+[;,]")


def given_path(text: str, kind: str = "video") -> Path:
    """The path a user meant, `~` replaced by the home folder; it need not exist.

    A colon in a file name is an ordinary letter; `://` is not.

    Args:
        text: as typed.
        kind: what should lie there: "video", "image".

    Raises:
        VideoError: a URL, standard input, or the home of nobody; what exists under that name is taken.
    """
    if _exists(text):
        return Path(text)
    url = _URL.match(text)
    if url is not None:
        # without user, password and query, which may be secrets
        host = url["rest"].split("/", 1)[0].rpartition("@")[2].partition("?")[0]
        if url["scheme"].lower() == "file":
            raise VideoError("a file:// URL is not a path", f"give the {kind}'s path without file://")
        raise VideoError(
            f"the {kind} is a URL ({url['scheme']}://{host}/...), and vidkit reads files",
            "download it first, then give the path of the file",
        )
    if _DATA.match(text):
        raise VideoError(f"the {kind} is a data: URL, and vidkit reads files", "save it to a file first")
    if text == "-":
        raise VideoError(
            f"the {kind} cannot be read from standard input",
            "save it to a file first; a file called - is written ./-",
        )
    if text.startswith("~"):
        try:
            return Path(text).expanduser()
        except RuntimeError as error:
            name = text.split("/", 1)[0]
            hint = f"give the whole path; a file called {name} is written ./{name}"
            raise VideoError(f"no home folder for '{name}'", hint) from error
    if _is_too_long(text):
        raise VideoError(f"no {kind} at '{text[:80]}...': the name is too long for a file", "check the path")
    return Path(text)


def at_home(text: str) -> str:
    """A path that begins with `~/` below the home folder: shells leave it alone behind `KEY=`."""
    return os.path.expanduser(text) if text.startswith("~/") and not os.path.lexists(text) else text


def _is_too_long(text: str) -> bool:
    try:
        os.lstat(text)
    except OSError as error:
        return error.errno == errno.ENAMETOOLONG
    except ValueError:  # a null byte
        return False
    return False


def _exists(text: str) -> bool:
    try:
        return bool(text) and text != "-" and Path(text).exists()
    except (OSError, ValueError):
        return False


def expanded(path: str | Path) -> Path:
    """A path with `~` replaced by the home folder; one that begins with the home of nobody stays as it is."""
    return Path(os.path.expanduser(path))
