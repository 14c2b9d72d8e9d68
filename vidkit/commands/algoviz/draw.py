"""`vidkit algoviz FILE`: a trace drawn. What draws stands in `vidkit/algoviz/renderers/`."""

from __future__ import annotations

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
    raise MissingDependency(
        f"'{file}' is a trace, but nothing draws it yet", "validate, hash, diff and lower work on it", 6
    )
