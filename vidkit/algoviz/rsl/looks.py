"""Colours and strokes of one part of a picture, by theme and named style; always readable."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from vidkit.algoviz.rsl.colours import LINE_RATIO, TEXT_RATIO, mixed, parse_colour, passing
from vidkit.algoviz.rsl.themes import Theme
from vidkit.algoviz.vta.styles import Styles

# names that traces give to what is not special
PLAIN = re.compile(
    r"(idle|default|normal|plain|base|unvisited|unsorted|initial|empty|none)(_\w+)?|\w+_(idle|default|normal)",
    re.IGNORECASE,
)
_THIN, _THICK = 1.5, 2.5  # stroke widths, in points at a height of 720 pixels


@dataclass(frozen=True, slots=True)
class Look:
    """How a part looks. Colours are `#rrggbb`, opaque: opacity is mixed into them.

    Args:
        fill: of its area; of an edge or arrow, what is behind its label.
        stroke: of its outline, or of the line itself; at least 3:1 to background and panel.
        text: written on `fill`, at least 4.5:1.
        stroke_width: points at a height of 720 pixels.
        scale: of its size, 1 as it is.
        glow: whether it has a halo of its stroke's colour.
        badge: number of a small mark beside colour, for those who cannot tell colours apart; None: no mark.
        style: name of the style in the trace; None: none.
    """

    fill: str
    stroke: str
    text: str
    stroke_width: float = _THIN
    scale: float = 1.0
    glow: bool = False
    badge: int | None = None
    style: str | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What a rule says of a look; None: nothing."""

    fill: str | None = None
    stroke: str | None = None
    text: str | None = None
    stroke_width: float | None = None
    scale: float | None = None
    glow: bool | None = None


class Looks:
    """Looks by kind and name of style, each made once.

    Args:
        theme: colours by role; its pairs have enough contrast.
        styles: that the trace brings.
    """

    def __init__(self, theme: Theme, styles: Styles) -> None:
        self.theme = theme
        self._styles = styles
        special = [name for name in styles.names if not PLAIN.fullmatch(name)]
        self._badges = {name: place for place, name in enumerate(special)}
        self._made: dict[tuple[str, str | None], Look] = {}

    def of(self, kind: str, style: str | None) -> Look:
        """The look of a part.

        Args:
            kind: as `Target` has it.
            style: name of its style; unknown and None are the default.
        """
        made = self._made.get((kind, style))
        if made is None:
            made = self._made[kind, style] = self._make(kind, style)
        return made

    def with_wish(self, look: Look, kind: str, wish: Wish) -> Look:
        """The look with what a rule says; what it does not say is made readable on it."""
        names = ("fill", "stroke", "stroke_width", "scale", "glow")
        said = {name: getattr(wish, name) for name in names if getattr(wish, name) is not None}
        made = replace(look, **said, text=wish.text or look.text)
        if self.theme.is_print and made.glow:
            made = replace(made, glow=False, stroke_width=max(made.stroke_width, 2 * _THICK))
        return self._readable(made, kind)

    def _make(self, kind: str, style: str | None) -> Look:
        base = self._plain(kind)
        given = self._given(kind, style)
        if given is None or style is None:
            return base
        badge = self._badges.get(style)
        named = replace(base, style=style, badge=badge)
        if badge is None and self.theme.recolours:
            return named
        if self.theme.recolours:
            return self._readable(self._recoloured(named, kind, badge or 0), kind)
        return self._readable(self._as_given(named, kind, given), kind)

    def _plain(self, kind: str) -> Look:
        theme = self.theme
        if kind == "edge":
            return Look(theme.background, theme.outline, theme.text)
        if kind == "dependency":
            return Look(theme.background, theme.primary, theme.text, _THICK)
        if kind == "boundary":
            return Look(theme.background, theme.secondary, theme.text, _THICK)
        if kind == "pointer":
            return Look(theme.background, theme.accent, theme.text, _THICK)
        if kind in ("comment", "view"):
            return Look(theme.panel, theme.outline, theme.text)
        return Look(theme.cell, theme.outline, theme.text)

    def _given(self, kind: str, style: str | None) -> Mapping[str, Any] | None:
        if kind == "edge":
            return self._styles.of_edge(style)
        if kind == "dependency":
            return self._styles.of_dependency(style)
        return self._styles.of_element(style)

    def _recoloured(self, look: Look, kind: str, badge: int) -> Look:
        colour = self.theme.palette[badge % len(self.theme.palette)]
        if kind in _LINES:
            return replace(look, stroke=colour, stroke_width=_THICK)
        return replace(look, fill=colour, stroke_width=_THICK)

    def _as_given(self, look: Look, kind: str, given: Mapping[str, Any]) -> Look:
        """What the trace says of a style; colours that cannot be read are left out."""
        behind = self.theme.background
        found = {name: parse_colour(given.get(name), behind) for name in ("fill", "stroke", "text", "color")}
        fill, stroke = found["fill"] or look.fill, found["stroke"] or look.stroke
        text = found["text"] or look.text
        if found["color"] is not None:
            if kind in _LINES:
                stroke = found["stroke"] or found["color"]
            else:
                text = found["text"] or found["color"]
        share = _number(given.get("opacity"), 0.0, 1.0, 1.0)
        width = _number(given.get("stroke_width"), 0.5, 10.0, look.stroke_width)
        return replace(
            look,
            fill=mixed(behind, fill, share),
            stroke=mixed(behind, stroke, share),
            text=text,
            stroke_width=width,
        )

    def _readable(self, look: Look, kind: str) -> Look:
        fill = self.theme.background if kind in ("edge", "dependency") else look.fill
        return replace(
            look,
            fill=fill,
            stroke=passing(look.stroke, (self.theme.background, self.theme.panel), LINE_RATIO),
            text=passing(look.text, (fill,), TEXT_RATIO),
        )


_LINES = ("edge", "dependency", "boundary")


def _number(value: Any, least: float, most: float, otherwise: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return otherwise
    return min(most, max(least, float(value)))
