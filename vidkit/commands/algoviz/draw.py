"""`vidkit algoviz FILE` and `demo NAME`: a trace drawn. What draws stands in `vidkit/algoviz/renderers/`."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from vidkit.algoviz.vta.trace import load
from vidkit.errors import MissingDependency


def run(file: Path, strict: bool) -> NoReturn:
    """Draw a trace.

    Raises:
        DataError: the file is no trace.
        MissingDependency: this version has nothing that draws; exit status 6.
    """
    load(file, strict)
    raise _cannot_draw(f"'{file}' is a trace, but nothing draws it yet")


def run_demo(name: str) -> NoReturn:
    """Draw an algorithm of the gallery.

    Raises:
        MissingDependency: this version has no gallery, or nothing that draws; exit status 6.
    """
    if find_spec("vidkit.algoviz.gallery") is None:
        raise MissingDependency(
            f"no demo '{name}': this version has no gallery",
            "validate, hash, diff, lower and check work on any trace",
            6,
        )
    raise _cannot_draw(f"'{name}' cannot be drawn: nothing draws yet")


def _cannot_draw(message: str) -> MissingDependency:
    return MissingDependency(message, "validate, hash, diff, lower and check work on it", 6)
