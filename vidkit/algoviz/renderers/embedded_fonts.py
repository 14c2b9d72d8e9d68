"""The letters that are used, as fonts within a page: it looks the same everywhere and asks no network."""

from __future__ import annotations

import base64
import functools
import io
import logging
from collections.abc import Iterable
from typing import Any

from vidkit.algoviz.scene.fonts import FAMILIES, face, font_path
from vidkit.algoviz.scene.shapes import Shape
from vidkit.errors import require


def font_css(shapes: Iterable[Shape], always: str = "") -> str:
    """`@font-face` rules for the letters of some shapes.

    Args:
        shapes: those with text.
        always: letters that every face has to have.
    """
    letters: dict[str, set[str]] = {}
    for shape in shapes:
        if shape.kind == "text":
            letters.setdefault(shape.font, set()).update(shape.text)
    rules = []
    for name, found in sorted(letters.items()):
        known = face(name).advances
        wanted = "".join(sorted(c for c in found | set(always) if ord(c) in known))
        if wanted:
            weight = "bold" if "bold" in name else "normal"
            rules.append(
                f'@font-face{{font-family:"{FAMILIES[name]}";font-weight:{weight};'
                f"src:url(data:font/woff;base64,{_subset(name, wanted)}) format('woff')}}"
            )
    return "".join(rules)


@functools.lru_cache(maxsize=64)
def _subset(name: str, letters: str) -> str:
    """A font with some letters, base64."""
    subset: Any = require("fontTools.subset")

    logging.getLogger("fontTools").setLevel(logging.ERROR)
    options = subset.Options(
        flavor="woff",
        hinting=False,
        layout_features=["init", "medi", "fina", "isol", "liga", "ccmp", "mark"],
        drop_tables=["FFTM", "GDEF"] if letters.isascii() else ["FFTM"],
        notdef_outline=True,
    )
    if letters.isascii():
        options.layout_features = []
    font: Any = subset.load_font(str(font_path(name)), options, dontLoadGlyphNames=True)
    cutter = subset.Subsetter(options)
    cutter.populate(text=letters)
    cutter.subset(font)
    target = io.BytesIO()
    font.flavor = "woff"
    font.save(target, reorderTables=False)
    return base64.b64encode(target.getvalue()).decode("ascii")
