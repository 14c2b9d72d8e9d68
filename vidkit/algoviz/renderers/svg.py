"""SVG: one picture a step, readable by browsers, editors and screen readers; no package is needed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar
from xml.sax.saxutils import escape, quoteattr

from vidkit.algoviz.renderers.base import Options, glyph_notes, step_names
from vidkit.algoviz.renderers.embedded_fonts import font_css
from vidkit.algoviz.renderers.geometry import head_points
from vidkit.algoviz.scene.film import Film
from vidkit.algoviz.scene.fonts import ASCENT, FAMILIES
from vidkit.algoviz.scene.shapes import Scene, Shape

_FALLBACKS = {"sans": "Verdana, sans-serif", "mono": "Menlo, Consolas, monospace"}


class Svg:
    """`NAME-0007.svg` for each step; fonts with the letters that are used are embedded."""

    suffix: ClassVar[str] = ".svg"
    each: ClassVar[bool] = True

    def write(self, film: Film, folder: Path, name: str, options: Options) -> list[str]:
        names = step_names(name, self.suffix, True, options.steps)
        for step, file in zip(options.steps, names, strict=True):
            (folder / file).write_text(svg_of(film.scene(step), film.title), encoding="utf-8")
        missing = film.missing_glyphs(options.steps)
        return (
            [f"{len(missing)} characters are left to the fonts of the viewer"] if missing else glyph_notes("")
        )


def svg_of(scene: Scene, title: str, embed: bool = True) -> str:
    """A scene as a document.

    Args:
        scene: what is drawn.
        title: of the document, for screen readers; the scene's description follows it.
        embed: whether the letters that are used come with it.
    """
    css = font_css(scene.shapes) if embed else ""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {scene.width} {scene.height}"'
        f' width="{scene.width}" height="{scene.height}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(_printable(scene.description))}</desc>",
        f"<style>{css}text{{white-space:pre}}</style>",
        f'<rect width="{scene.width}" height="{scene.height}" fill="{scene.background}"/>',
        *elements(scene.shapes),
        "</svg>\n",
    ]
    return "\n".join(parts)


def elements(shapes: Iterable[Shape]) -> list[str]:
    """Shapes as SVG elements, back to front."""
    made = []
    for shape in shapes:
        made += _element(shape)
    return made


def _element(shape: Shape) -> list[str]:
    paint = _paint(shape)
    if shape.kind == "rect":
        return [
            f'<rect x="{_n(shape.x)}" y="{_n(shape.y)}" width="{_n(shape.w)}" height="{_n(shape.h)}"'
            f' rx="{_n(shape.radius)}"{paint}/>'
        ]
    if shape.kind == "ellipse":
        x, y = shape.centre
        return [f'<ellipse cx="{_n(x)}" cy="{_n(y)}" rx="{_n(shape.w / 2)}" ry="{_n(shape.h / 2)}"{paint}/>']
    if shape.kind == "line":
        return _line(shape, paint)
    return _text(shape)


def _line(shape: Shape, paint: str) -> list[str]:
    points = shape.points
    made = []
    if shape.head:
        *corners, end = head_points(shape)
        points = (*points[:-1], end)
        path = "L".join(f"{_n(x)} {_n(y)}" for x, y in corners)
        opacity = "" if shape.opacity == 1 else f' opacity="{_n(shape.opacity)}"'
        made.append(f'<path d="M{path}Z" fill="{shape.stroke}"{opacity}/>')
    joint = "Q" if len(points) == 3 else "L"
    start, rest = points[0], " ".join(f"{_n(x)} {_n(y)}" for x, y in points[1:])
    return [f'<path d="M{_n(start[0])} {_n(start[1])}{joint}{rest}" stroke-linecap="round"{paint}/>', *made]


def _text(shape: Shape) -> list[str]:
    if not shape.text:
        return []
    kind = shape.font.partition("-")[0]
    weight = ' font-weight="bold"' if "bold" in shape.font else ""
    base = "mono" if kind == "mono" else "sans"
    family = f"{FAMILIES[shape.font]}, {_FALLBACKS[base]}"
    tip = f"<title>{escape(_printable(shape.full))}</title>" if shape.full else ""
    opacity = "" if shape.opacity == 1 else f' opacity="{_n(shape.opacity)}"'
    # the width that it was measured with, so that another font cannot make it stick out
    place = f'x="{_n(shape.x)}" y="{_n(shape.y + ASCENT * shape.size)}"'
    return [
        f"<text {place} font-family={quoteattr(family)}{weight}"
        f' font-size="{_n(shape.size)}" fill="{shape.fill}" textLength="{_n(shape.w)}"'
        f' lengthAdjust="spacingAndGlyphs"{opacity}>{tip}{escape(_printable(shape.text))}</text>'
    ]


def _paint(shape: Shape) -> str:
    made = f' fill="{shape.fill or "none"}"' if shape.kind != "line" else ' fill="none"'
    if shape.stroke and shape.stroke_width > 0:
        made += f' stroke="{shape.stroke}" stroke-width="{_n(shape.stroke_width)}"'
        made += ' stroke-dasharray="5 4"' if shape.dash else ""
    return made + ("" if shape.opacity == 1 else f' opacity="{_n(shape.opacity)}"')


def _printable(text: str) -> str:
    """Without what XML does not allow."""
    return "".join(c if c >= " " or c in "\t\n" else " " for c in text if not 0xD800 <= ord(c) <= 0xDFFF)


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
