"""What a picture is made of: positioned shapes with ids that stay the same from step to step.

Units are pixels of a canvas of 1280 x 720, the origin at the top left; renderers scale. Renderers see shapes
and nothing else, so that every output of a trace has the same geometry.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Literal

CANVAS = (1280, 720)

Kind = Literal["rect", "ellipse", "line", "text"]
Anchor = Literal["start", "middle", "end"]


class Layer(IntEnum):
    """What lies over what; within a layer the order of the scene counts."""

    BACKGROUND = 0
    PANEL = 1
    EDGE = 2
    CELL = 3
    CELL_TEXT = 4
    OUTLINE = 5
    ARROW = 6
    POINTER = 7
    COMMENT = 8


@dataclass(frozen=True, slots=True)
class Shape:
    """One element.

    Attributes:
        id: stable between steps, such as `cell:main:2`; a renderer moves what keeps its id.
        kind: of geometry; a line has `points` (2: straight, 3: quadratic curve over the middle one).
        x: left of the bounding box; `y`, `w`, `h` likewise. A text's box is one line high.
        layer: of `Layer`.
        role: what it stands for: cell, node, edge, edge-label, label, header, pointer, comment, ...
        region: the part of the page it belongs to: title, side, main, comment.
        within: id of the shape that a text lies in; empty: it stands free.
        fill: #rrggbb, also of a text; empty: none.
        stroke: #rrggbb; empty: none.
        points: of a line, in pixels.
        head: arrowhead at the end of a line.
        text: what is written, as it is drawn (cut, escaped for no renderer).
        full: the whole text where `text` was cut; for titles and screen readers.
        font: sans, bold, mono or mono-bold.
        size: of the font.
    """

    id: str
    kind: Kind
    x: float
    y: float
    w: float
    h: float
    layer: int = Layer.CELL
    role: str = ""
    region: str = "main"
    within: str = ""
    fill: str = ""
    stroke: str = ""
    stroke_width: float = 0.0
    radius: float = 0.0
    dash: bool = False
    opacity: float = 1.0
    points: tuple[tuple[float, float], ...] = ()
    head: bool = False
    text: str = ""
    full: str = ""
    font: str = "sans"
    size: float = 0.0
    anchor: Anchor = "start"

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        return self.x, self.y, self.x + self.w, self.y + self.h

    @property
    def centre(self) -> tuple[float, float]:
        return self.x + self.w / 2, self.y + self.h / 2

    def as_dict(self) -> dict[str, Any]:
        """Fields that differ from their defaults; numbers rounded to hundredths of a pixel."""
        made: dict[str, Any] = {}
        for name in self.__slots__:
            value = getattr(self, name)
            if name in ("id", "kind", "x", "y", "w", "h") or value != _DEFAULTS[name]:
                made[name] = _rounded(value)
        return made


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 2)
    if isinstance(value, tuple):
        return [[round(x, 2), round(y, 2)] for x, y in value]
    return int(value) if isinstance(value, IntEnum) else value


_DEFAULTS: dict[str, Any] = {
    name: found.default for name, found in Shape.__dataclass_fields__.items() if name in Shape.__slots__
}


@dataclass(frozen=True)
class Region:
    """A part of the page that keeps its place through the whole video; a narrow screen stacks the parts."""

    name: str
    x: float
    y: float
    w: float
    h: float

    @property
    def box(self) -> tuple[float, float, float, float]:
        return self.x, self.y, self.x + self.w, self.y + self.h


@dataclass(frozen=True)
class Effect:
    """How a shape moves on its way to a step, where a style says more than that it does.

    Attributes:
        variant: pulse, glow, shake, fade or morph.
        easing: linear, ease-in, ease-out or ease-in-out.
        centre: of the part that it belongs to, which texts grow about, too.
    """

    variant: str
    easing: str
    centre: tuple[float, float]


@dataclass(frozen=True)
class Scene:
    """One step as a picture.

    Attributes:
        shapes: back to front.
        moves: by id of a shape, the id of the shape of the step before whose place it comes from, for values
            that change places.
        effects: by id of a shape, how it moves where a style says so.
        changed: ids of shapes whose meaning changed in this step, to be drawn with a short pulse.
        notes: what the picture does not show, such as a window on a larger view.
        description: the step in words, for screen readers and subtitles.
    """

    width: int
    height: int
    background: str
    shapes: tuple[Shape, ...]
    moves: dict[str, str] = field(default_factory=dict)
    effects: dict[str, Effect] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    description: str = ""

    def by_id(self) -> dict[str, Shape]:
        return {shape.id: shape for shape in self.shapes}
