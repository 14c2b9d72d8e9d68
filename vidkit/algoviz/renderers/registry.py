"""Names of the renderers, each in a file of its own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

from vidkit.algoviz.renderers.base import Renderer
from vidkit.errors import ConfigError
from vidkit.utils.plugins import is_file_spec, load_class, plugins

RENDERERS = {
    "html": "vidkit.algoviz.renderers.html:Html",
    "html3d": "vidkit.algoviz.renderers.html:Html3d",
    "mp4": "vidkit.algoviz.renderers.mp4:Mp4",
    "webm": "vidkit.algoviz.renderers.mp4:WebM",
    "gif": "vidkit.algoviz.renderers.gif:Gif",
    "png": "vidkit.algoviz.renderers.png:Png",
    "svg": "vidkit.algoviz.renderers.svg:Svg",
    "sheet": "vidkit.algoviz.renderers.sheet:Sheet",
    "pdf": "vidkit.algoviz.renderers.pdf:Pdf",
    "manim": "vidkit.algoviz.renderers.manim:Manim",
    "tikz": "vidkit.algoviz.renderers.tikz:Tikz",
    "tikz-pdf": "vidkit.algoviz.renderers.tex_compiled:TikzPdf",
    "tikz-svg": "vidkit.algoviz.renderers.tex_compiled:TikzSvg",
}
_BY_SUFFIX = {".html": "html", ".mp4": "mp4", ".webm": "webm", ".gif": "gif", ".png": "png", ".svg": "svg",
              ".pdf": "pdf", ".py": "manim", ".tex": "tikz"}  # fmt: skip


def load_renderer(name: str) -> Renderer:
    """The renderer called `name`: ours, an installed plugin's, or `FILE.py:Class`.

    Raises:
        ConfigError: there is no such renderer, file or class, or it cannot write; the hint names near ones.
    """
    made: Any = load_class("renderer", name, RENDERERS, ("write",))()
    if not hasattr(made, "each"):
        made.each = False
    if not hasattr(made, "suffix"):
        made.suffix = ".txt"
    return cast(Renderer, made)


def names() -> list[str]:
    """Every renderer that may be asked for by name."""
    return [*RENDERERS, *plugins("renderer")]


def kind_of_file(suffix: str) -> str | None:
    """The renderer that writes files of a suffix; None: no such."""
    return _BY_SUFFIX.get(suffix.lower())


def check_ending(output: str | Path, others: tuple[str, ...] = ()) -> None:
    """Refuse a name whose ending says a kind of file that is not written.

    Args:
        output: the file; an ending without letters (`sort-1.5`) says nothing.
        others: endings that are known besides those of the renderers.

    Raises:
        ConfigError: the hint names the known endings.
    """
    suffix = Path(output).suffix
    known = [*_BY_SUFFIX, *others]
    if re.search("[^\\W\\d]", suffix) and suffix.lower() not in known:
        raise ConfigError(
            f"output '{output}': no renderer writes {suffix} files",
            f"end the name with one of {', '.join(known)}, or with none for a page (.html);"
            " for another renderer, give --to too",
        )


__all__ = ["RENDERERS", "check_ending", "is_file_spec", "kind_of_file", "load_renderer", "names"]
