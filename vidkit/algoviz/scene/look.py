"""Colours and times of a picture: a theme, and what each style name of a trace looks like on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vidkit.algoviz.scene.colours import OUTLINE_CONTRAST, contrast, ink, luminance, mix, parse, readable
from vidkit.algoviz.scene.shapes import Effect, Shape


@dataclass(frozen=True)
class Theme:
    """Colours as #rrggbb.

    Attributes:
        background: of the canvas.
        panel: of the boxes on it.
        line: of borders that only separate.
        outline: of cells and nodes, 3:1 on the background at least.
        text: of what is read; `muted` of titles, indices and headers.
        cell: of a cell or node without a style.
        primary: of what happens now; `secondary` of arrows; `accent` of pointers; `danger` of collisions.
    """

    name: str
    background: str
    panel: str
    line: str
    outline: str
    text: str
    muted: str
    cell: str
    primary: str
    secondary: str
    accent: str
    danger: str


THEMES = {
    "light": Theme(
        "light", "#f6f7f9", "#ffffff", "#d8dde4", "#7d8896", "#1c2530", "#55606e", "#edf1f6",
        "#1f5fbf", "#0f766e", "#a8480d", "#b3261e",
    ),
    "dark": Theme(
        "dark", "#14181f", "#1c222b", "#343d4a", "#748296", "#e8ecf1", "#a3aebc", "#29323e",
        "#7fb2ff", "#5fcdbd", "#f2b25c", "#ff8a80",
    ),
}  # fmt: skip
# names that many programs give to the same few meanings, where a trace does not say what they look like
_MEANINGS = {
    "light": {
        "current": ("#ffe08a", "#8a6100"), "done": ("#bfe3c8", "#2f7a45"), "seen": ("#cfdff7", "#3a68ad"),
        "found": ("#86d49b", "#1e6e37"), "wrong": ("#f7c5c0", "#ad352b"), "special": ("#dccdf5", "#6c4bb0"),
    },
    "dark": {
        "current": ("#7a5a0e", "#e0b040"), "done": ("#22563a", "#5db681"), "seen": ("#27446e", "#6f9edb"),
        "found": ("#1f7a45", "#67d08f"), "wrong": ("#7a2b26", "#ef8a80"), "special": ("#4b3a78", "#a98fe6"),
    },
}  # fmt: skip
_WORDS = {
    "current": (
        "current",
        "compar",
        "active",
        "highlight",
        "now",
        "writ",
        "swap",
        "focus",
        "probe",
        "select",
    ),
    "done": ("sorted", "done", "final", "finish", "settled", "closed", "included", "mst"),
    "seen": ("visited", "seen", "depend", "open", "frontier", "queued", "window", "explor", "read"),
    "found": ("found", "match", "result", "path", "best", "insert", "new", "answer", "success"),
    "wrong": ("wrong", "error", "mismatch", "conflict", "collision", "removed", "delet", "fail", "reject"),
    "special": ("pivot", "min", "max", "root", "key", "target", "special", "updated", "relax"),
}
PLAIN = ("", "idle", "default", "normal", "none", "base", "plain")


@dataclass(frozen=True)
class Paint:
    """How an element is drawn."""

    fill: str
    stroke: str
    text: str
    width: float = 1.5


@dataclass(frozen=True)
class Layouts:
    """What a style says of places; None: as usual.

    Attributes:
        main: layout of the main view: circular, grid, hierarchical, force_directed, vertical_array, ...
        edge_curve: bend of edges as a share of their length.
        cells: size of cells of the main view, 1 as usual.
        gaps: between them, 1 as usual.
        apart: distance of its nodes in pixels; None: as far as there is room.
        columns: after which it goes on in a new line; None: as many as fit.
        side_share: of the page for code, calls and variables, at most.
        hidden: parts that are left out, of code, aux and comment.
        on_right: code and variables stand at the right of the page.
    """

    main: str | None = None
    edge_curve: float = 0.0
    cells: float = 1.0
    gaps: float = 1.0
    apart: float | None = None
    columns: int | None = None
    side_share: float = 0.34
    hidden: frozenset[str] = frozenset()
    on_right: bool = False


@dataclass(frozen=True)
class Look:
    """A theme with the styles of one trace.

    Attributes:
        theme: of the page.
        styles: properties by style name, with the spellings of section `styles` of a trace.
        transition_s: seconds from one step to the next.
        pause_s: seconds that a step stands still at least.
        reading_s: seconds of standing still for each character of a new comment.
        longest_pause_s: no comment holds the picture longer.
        layouts: places that a style asks for.
        times: seconds of moving and of standing for each step; empty: by the fields above.
        merged: steps that a video does not show by themselves.
        finish: what a style does to the shapes of a step at last.
        effects: how shapes of a step move, where a style says so.
    """

    theme: Theme = THEMES["light"]
    styles: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    transition_s: float = 0.4
    pause_s: float = 0.2
    reading_s: float = 1 / 15
    longest_pause_s: float = 4.0
    layouts: Layouts = Layouts()
    times: tuple[tuple[float, float], ...] = ()
    merged: frozenset[int] = frozenset()
    finish: Callable[[int, list[Shape]], list[Shape]] | None = field(default=None, compare=False, repr=False)
    effects: Callable[[int, list[Shape]], dict[str, Effect]] | None = field(
        default=None, compare=False, repr=False
    )
    _made: dict[str, Paint] = field(default_factory=dict, init=False, compare=False, repr=False)
    cells: dict[Any, Any] = field(default_factory=dict, init=False, compare=False, repr=False)  # drawn before

    def paint(self, style: str | None) -> Paint:
        """How an element of this style looks; text and outline can be read on what is behind them."""
        name = style or ""
        if name not in self._made:
            self._made[name] = self._paint(name)
        return self._made[name]

    def badge(self, style: str | None) -> str:
        """The number beside a style's colour, for those who cannot tell colours apart; or nothing."""
        return ""

    def line(self, style: str | None, usual: str) -> tuple[str, float]:
        """Colour and width of an edge or arrow of this style."""
        given = self._given(style or "")
        colour = _first(given, "stroke", "strokeColor", "borderColor", "color", "fill", "backgroundColor")
        if colour is None and style and not is_plain(style):
            colour = self.paint(style).stroke
        wide = _number(given, "strokeWidth", "lineWidth", "borderWidth")
        return readable(colour or usual, self.theme.background, OUTLINE_CONTRAST), min(wide or 2.0, 6.0)

    def _given(self, name: str) -> Mapping[str, Any]:
        for candidate in (name, f"dep_{name}", f"edge_{name}"):
            if candidate in self.styles:
                return self.styles[candidate]
        return {}

    def _paint(self, name: str) -> Paint:
        theme, given = self.theme, self._given(name)
        fill = _first(given, "fill", "backgroundColor", "fillColor", "bgColor")
        stroke = _first(given, "stroke", "strokeColor", "borderColor")
        given_ink = _first(given, "textColor", "labelColor", "color")
        meaning = None if given else _meaning(name)
        if meaning:
            fill, stroke = _MEANINGS["dark" if luminance(theme.background) < 0.2 else "light"][meaning]
        if is_plain(name) and fill is not None and theme.name == "dark" and luminance(fill) > 0.7:
            fill = given_ink = None  # the usual near-white of idle cells would glare
        fill = fill or theme.cell
        if stroke is None or contrast(stroke, theme.panel) < OUTLINE_CONTRAST:
            own = mix(fill, theme.text, 0.45) if not is_plain(name) else theme.outline
            stroke = readable(stroke or own, theme.panel, OUTLINE_CONTRAST)
        wide = _number(given, "borderWidth", "strokeWidth", "lineWidth")
        return Paint(fill, stroke, ink(given_ink or theme.text, fill), min(wide or 1.5, 5.0))


def is_plain(name: str | None) -> bool:
    """Whether a style name says nothing: `idle`, `idle_node`, `normal_edge`, ..."""
    return not name or name.lower().split("_")[0] in PLAIN


def _meaning(name: str) -> str | None:
    lowered = name.lower()
    for meaning, words in _WORDS.items():
        if any(word in lowered for word in words):
            return meaning
    return None if is_plain(name) else "seen"


def _first(given: Mapping[str, Any], *names: str) -> str | None:
    for name in names:
        if isinstance(given.get(name), str):
            colour = parse(given[name])
            if colour:
                return colour
    return None


def _number(given: Mapping[str, Any], *names: str) -> float | None:
    for name in names:
        value = given.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 100:
            return float(value)
    return None
