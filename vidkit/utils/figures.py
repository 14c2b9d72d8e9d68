"""One style for every picture that vidkit draws, without a window; matplotlib is imported on use."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkit.errors import require
from vidkit.utils.files import atomic_path
from vidkit.utils.plain import visible

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, PURPLE = "#3465a4", "#d9822b", "#4e9a06", "#75507b"
RED, TEAL, OCHRE, PLUM = "#b3382c", "#0b7a75", "#c4a000", "#5c3566"
GREY, INK, SHADE = "#8a8f98", "#2e3436", "#f3f4f6"
SERIES = (BLUE, ORANGE, GREEN, PURPLE, RED, TEAL, OCHRE, PLUM)
BLUES = ("#a8c6e8", "#6f9fd3", BLUE, "#16325c", "#0a1a33")
"""Of one quantity that grows, palest first."""

DPI = 130
STYLE: dict[str, Any] = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.parse_math": False,  # names of files and of the data may hold dollar signs
    "svg.fonttype": "none",  # text stays text: small files, searchable pages
    "svg.hashsalt": "vidkit",  # the same figure gives the same bytes
}


def styled(**changes: Any) -> AbstractContextManager[None]:
    """The style, for everything drawn inside; ticks and layout are made when a figure is saved.

    Args:
        changes: of single settings, dots written as `__`.

    Raises:
        MissingDependency: matplotlib is not installed.
    """
    # without a home of its own it works all the same, and says so in two lines
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    matplotlib = require("matplotlib", extra="eval")
    settings = STYLE | {name.replace("__", "."): value for name, value in changes.items()}
    context: AbstractContextManager[None] = matplotlib.rc_context(settings)
    return context


def new_figure(width: float, height: float) -> Figure:
    """An empty figure in inches that belongs to no window; draw on it within `styled`."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


@contextmanager
def drawn(path: Path, width: float, height: float, **changes: Any) -> Iterator[Figure]:
    """A figure to draw on; the file (.png, .svg) appears whole when the block ends without an error."""
    with styled(**changes):
        figure = new_figure(width, height)
        yield figure
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as temporary:
            save(figure, temporary, path.suffix)


def save(figure: Figure, path: Path, suffix: str) -> None:
    """Write it; an SVG says nothing of when it was made."""
    kind = suffix.removeprefix(".")
    _clean(figure)
    with _missing_letters():
        figure.savefig(path, format=kind, dpi=DPI, metadata={"Date": None} if kind == "svg" else None)


def _clean(figure: Figure) -> None:
    """Texts of the data, names of files before all, as something that can be drawn."""
    from matplotlib.text import Text

    for artist in figure.findobj(Text):
        assert isinstance(artist, Text)
        artist.set_text(visible(artist.get_text(), keep="\n"))


def svg_of(figure: Figure, **options: Any) -> str:
    """The figure as an SVG element for a page; `options` are those of `savefig`."""
    buffer = io.StringIO()
    meta = {"Date": None, "Creator": None}
    _clean(figure)
    with styled(), _missing_letters():
        figure.savefig(buffer, format="svg", metadata=meta, **options)
    text = buffer.getvalue()
    return text[text.index("<svg") :]


@contextmanager
def _missing_letters() -> Iterator[None]:
    """Letters that no font has are drawn as boxes, and nothing is said about it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        yield
