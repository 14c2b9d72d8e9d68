"""The four faces that text is measured and drawn with: DejaVu, which matplotlib brings, on every machine.

Measures never depend on what is installed, so that a trace has one geometry everywhere. Characters that
DejaVu lacks (CJK, emoji) are measured by their width class; a renderer draws them with a font of the system,
or an empty box, and says so.
"""

from __future__ import annotations

import functools
import importlib.util
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from vidkit.errors import MissingDependency, require

FACES = {
    "sans": "DejaVuSans.ttf",
    "bold": "DejaVuSans-Bold.ttf",
    "mono": "DejaVuSansMono.ttf",
    "mono-bold": "DejaVuSansMono-Bold.ttf",
}
FAMILIES = {
    "sans": "DejaVu Sans",
    "bold": "DejaVu Sans",
    "mono": "DejaVu Sans Mono",
    "mono-bold": "DejaVu Sans Mono",
}
ASCENT, DESCENT = 0.928, 0.236  # of all four, in units of the size
LINE = ASCENT + DESCENT  # height of a line in units of the size
_UNKNOWN = 0.6  # width of a character without a glyph that is not wide


@dataclass(frozen=True)
class Face:
    """Advances of a font, in units of its size, by code point."""

    path: Path
    advances: dict[int, float]

    def advance(self, character: str) -> float:
        """Width of one character at size 1."""
        found = self.advances.get(ord(character))
        if found is not None:
            return found
        return estimated(character)


@functools.lru_cache(maxsize=8)
def face(name: str) -> Face:
    """One of `FACES`.

    Raises:
        MissingDependency: matplotlib or its fonts are not there.
    """
    path = font_path(name)
    font = require("fontTools.ttLib").TTFont(path, lazy=True)
    scale, widths = font["head"].unitsPerEm, font["hmtx"].metrics
    return Face(path, {code: widths[glyph][0] / scale for code, glyph in font.getBestCmap().items()})


def font_path(name: str) -> Path:
    """The file of one of `FACES`."""
    spec = importlib.util.find_spec(
        "matplotlib"
    )  # its files are wanted, not the second that its import takes
    folders = [Path(place) for place in spec.submodule_search_locations or ()] if spec else []
    for folder in folders:
        path = folder / "mpl-data" / "fonts" / "ttf" / FACES[name]
        if path.is_file():
            return path
    raise MissingDependency(
        f"the font {FACES[name]} of matplotlib is not there", "pip install --force-reinstall matplotlib"
    )


def estimated(character: str) -> float:
    """Width at size 1 of a character that the faces lack: by its width class, not by any font."""
    if is_invisible(character):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF" or ord(character) >= 0x1F000:
        return 1.15 if ord(character) >= 0x1F000 else 1.0
    return _UNKNOWN


def is_invisible(character: str) -> bool:
    """Whether a character takes no room of its own: marks over others, joiners, directions."""
    return unicodedata.category(character) in ("Mn", "Me", "Cf") or 0x1F3FB <= ord(character) <= 0x1F3FF


def lacking(texts: Iterable[str]) -> str:
    """The visible characters of these texts that the bundled faces have no glyph for, sorted."""
    known = face("sans").advances
    found = {c for text in texts for c in text if ord(c) not in known}
    return "".join(sorted(c for c in found if not is_invisible(c) and not c.isspace()))
