"""`vidkit algoviz demo`: an algorithm of the gallery, drawn."""

from __future__ import annotations

from importlib.util import find_spec
from typing import NoReturn

from vidkit.errors import MissingDependency


def run(name: str) -> NoReturn:
    """Draw an algorithm of the gallery.

    Raises:
        MissingDependency: this version has no gallery, or nothing that draws; exit status 6.
    """
    if find_spec("vidkit.algoviz.gallery") is None:
        raise MissingDependency(
            f"no demo '{name}': this version has no gallery",
            "validate, hash, diff and lower work on any trace",
            6,
        )
    raise MissingDependency(
        f"'{name}' cannot be drawn: nothing draws yet", "validate, hash, diff and lower work on any trace", 6
    )
