"""The styles that a trace brings: names and what they say of colour and stroke."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vidkit.algoviz.vta.values import EMPTY, FrozenDict

_MAPS = ("elementStyles", "edgeStyles", "tempStyles")
# another name in files: our name
_PROPERTIES = {
    **dict.fromkeys(("fill", "backgroundColor", "fillColor", "bgColor"), "fill"),
    **dict.fromkeys(("stroke", "strokeColor", "borderColor"), "stroke"),
    **dict.fromkeys(("textColor", "labelColor"), "text"),
    "color": "color",  # of text in an element, of the line of an edge or arrow
    **dict.fromkeys(("strokeWidth", "lineWidth", "borderWidth"), "stroke_width"),
    "opacity": "opacity",
}


@dataclass(frozen=True, slots=True)
class Styles:
    """Style properties by name.

    A style has some of `fill`, `stroke`, `text`, `color`, `stroke_width`, `opacity`, as the file gives them
    (not checked), and under its own name whatever else the file says.
    """

    element: Mapping[str, Mapping[str, Any]] = EMPTY
    edge: Mapping[str, Mapping[str, Any]] = EMPTY
    temp: Mapping[str, Mapping[str, Any]] = EMPTY

    def of_element(self, name: str | None) -> Mapping[str, Any] | None:
        """Of elements, nodes, cells, buckets and boundaries; None: no style of that name."""
        return _first(name, (self.element, self.temp, self.edge), ("",))

    def of_edge(self, name: str | None) -> Mapping[str, Any] | None:
        return _first(name, (self.edge, self.temp, self.element), ("", "edge_"))

    def of_dependency(self, name: str | None) -> Mapping[str, Any] | None:
        """Of arrows between cells: temporary styles first, also under `dep_NAME` and `edge_NAME`."""
        return _first(name, (self.temp, self.element, self.edge), ("", "dep_", "edge_"))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.element, *self.edge, *self.temp)))


def _first(
    name: str | None, maps: tuple[Mapping[str, Mapping[str, Any]], ...], prefixes: tuple[str, ...]
) -> Mapping[str, Any] | None:
    if name is None:
        return None
    found = (styles.get(prefix + name) for prefix in prefixes for styles in maps)
    return next((style for style in found if style is not None), None)


def read_styles(raw: Mapping[str, Any]) -> Styles:
    """The styles of an initial frame, nested by kind or all in one map."""
    flat = {name: style for name, style in raw.items() if name not in _MAPS}
    element, edge, temp = (_read(raw.get(name)) for name in _MAPS)
    return Styles(FrozenDict({**_read(flat), **element}), edge, temp)


def _read(raw: Any) -> FrozenDict[Any]:
    if not isinstance(raw, Mapping):
        return EMPTY
    styles = ((name, style) for name, style in raw.items() if isinstance(style, Mapping))
    return FrozenDict({name: _properties(style) for name, style in styles})


def _properties(style: Mapping[str, Any]) -> FrozenDict[Any]:
    made: dict[str, Any] = {}
    for name, value in style.items():
        made.setdefault(_PROPERTIES.get(name, name), value)
    return FrozenDict(made)
