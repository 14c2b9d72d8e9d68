r"""TikZ: LaTeX source of a picture a step, for papers and slides; it compiles with pdflatex or lualatex.

Texts that pdflatex has letters for are set by TeX, symbols as mathematics; texts in other scripts are drawn
as the outlines of their letters, so that none is silently missing.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from vidkit.algoviz.renderers.base import Options, glyph_notes
from vidkit.algoviz.renderers.geometry import head_points
from vidkit.algoviz.renderers.outlines import outlines
from vidkit.algoviz.renderers.tex_text import is_set, to_tex
from vidkit.algoviz.scene.film import Film
from vidkit.algoviz.scene.fonts import ASCENT
from vidkit.algoviz.scene.shapes import Scene, Shape
from vidkit.algoviz.scene.text import unit_width

SCALE = 0.4  # TeX points for a pixel: the page is 512 x 288 pt, about as wide as a column of a talk


class Tikz:
    """`NAME.tex`: a page a step."""

    suffix: ClassVar[str] = ".tex"
    each: ClassVar[bool] = False

    def write(self, film: Film, folder: Path, name: str, options: Options) -> list[str]:
        source = document(film, options.steps)
        (folder / f"{name}{self.suffix}").write_text(source, encoding="utf-8")
        return glyph_notes(film.missing_glyphs(options.steps))


def document(film: Film, steps: tuple[int, ...]) -> str:
    """A whole document; each picture is a page of its own size."""
    width, height = film.size
    colours: dict[str, str] = {}
    pages = [picture(film.scene(step), colours) for step in steps]
    names = "\n".join(
        rf"\definecolor{{{name}}}{{HTML}}{{{code[1:].upper()}}}" for code, name in colours.items()
    )
    head = [
        r"\documentclass{article}",
        r"\usepackage[T1]{fontenc}",
        r"\usepackage[utf8]{inputenc}",
        r"\usepackage{lmodern}",
        r"\usepackage{amssymb}",
        r"\usepackage{textcomp}",
        r"\usepackage{tikz}",
        r"\usetikzlibrary{arrows.meta}",
        rf"\paperwidth={width * SCALE:g}pt \paperheight={height * SCALE:g}pt",
        r"\ifdefined\pdfpagewidth\pdfpagewidth=\paperwidth \pdfpageheight=\paperheight\fi",
        r"\ifdefined\pagewidth\pagewidth=\paperwidth \pageheight=\paperheight\fi",
        r"\usepackage[margin=0pt]{geometry}",
        r"\pagestyle{empty}\parindent=0pt\topskip=0pt\lineskip=0pt\parskip=0pt",
        r"% a text of a given height, pressed into a given width: fonts differ, places do not",
        r"\newcommand\fitted[3]{\resizebox{#1}{!}{\fontsize{#2}{#2}\selectfont\strut#3}}",
        names,
        rf"\title{{{to_tex(film.title)}}}",
        r"\begin{document}",
    ]
    return "\n".join([*head, "\n\\newpage\n".join(pages), r"\end{document}", ""])


def picture(scene: Scene, colours: dict[str, str]) -> str:
    """A step as a tikzpicture; names of its colours are added to `colours`."""
    lines = [
        rf"\begin{{tikzpicture}}[x={SCALE:g}pt,y=-{SCALE:g}pt,line cap=round]",
        rf"\useasboundingbox (0,0) rectangle ({scene.width},{scene.height});",
        rf"\fill[{_colour(scene.background, colours)}] (0,0) rectangle ({scene.width},{scene.height});",
    ]
    for shape in scene.shapes:
        lines += _drawn(shape, colours)
    return "\n".join([*lines, r"\end{tikzpicture}%"])


def _drawn(shape: Shape, colours: dict[str, str]) -> list[str]:
    style = _style(shape, colours)
    if shape.kind == "rect":
        round_ = (
            f",rounded corners={min(shape.radius, shape.h / 2, shape.w / 2) * SCALE:.2f}pt"
            if shape.radius
            else ""
        )
        return [
            rf"\path[{style}{round_}] ({_n(shape.x)},{_n(shape.y)}) rectangle"
            rf" ({_n(shape.x + shape.w)},{_n(shape.y + shape.h)});"
        ]
    if shape.kind == "ellipse":
        x, y = shape.centre
        return [rf"\path[{style}] ({_n(x)},{_n(y)}) ellipse ({_n(shape.w / 2)} and {_n(shape.h / 2)});"]
    return _line(shape, style, colours) if shape.kind == "line" else _text(shape, colours)


def _line(shape: Shape, style: str, colours: dict[str, str]) -> list[str]:
    points = shape.points
    made = []
    if shape.head:
        *corners, end = head_points(shape)
        points = (*points[:-1], end)
        path = " -- ".join(f"({_n(x)},{_n(y)})" for x, y in corners)
        made.append(rf"\fill[{_colour(shape.stroke, colours)}] {path} -- cycle;")
    if len(points) == 3:  # TikZ has cubic curves: the same one, with two control points
        (ax, ay), (cx, cy), (bx, by) = points
        one = (ax + (cx - ax) * 2 / 3, ay + (cy - ay) * 2 / 3)
        two = (bx + (cx - bx) * 2 / 3, by + (cy - by) * 2 / 3)
        way = (
            f"({_n(ax)},{_n(ay)}) .. controls ({_n(one[0])},{_n(one[1])}) and ({_n(two[0])},{_n(two[1])}) .."
        )
        return [rf"\path[{style}] {way} ({_n(bx)},{_n(by)});", *made]
    (ax, ay), (bx, by) = points
    return [rf"\path[{style}] ({_n(ax)},{_n(ay)}) -- ({_n(bx)},{_n(by)});", *made]


def _text(shape: Shape, colours: dict[str, str]) -> list[str]:
    if not shape.text.strip():
        return []
    if not is_set(shape.text):
        return _outlined(shape, colours)
    bold, mono = "bold" in shape.font, shape.font.startswith("mono")
    face = (r"\ttfamily" if mono else r"\sffamily") + (r"\bfseries" if bold else "")
    lead = len(shape.text) - len(shape.text.lstrip(" "))
    left = shape.x + unit_width(" ", shape.font) * shape.size * lead
    wide = max(shape.w - (left - shape.x), 0.5) * SCALE
    base = shape.y + ASCENT * shape.size
    size = shape.size * SCALE
    body = rf"{face} {to_tex(shape.text.strip())}"
    return [
        # much faster than a node
        rf"\pgftext[base,left,at={{\pgfpointxy{{{_n(left)}}}{{{_n(base)}}}}}]"
        rf"{{\color{{{_colour(shape.fill, colours)}}}\fitted{{{wide:.2f}pt}}{{{size:.2f}pt}}{{{body}}}}}"
    ]


def _outlined(shape: Shape, colours: dict[str, str]) -> list[str]:
    parts = []
    for kind, points in outlines(shape.text, shape.font, shape.x, shape.y + ASCENT * shape.size, shape.size):
        at = [f"({_n(x)},{_n(y)})" for x, y in points]
        if kind == "curve":
            parts.append(f".. controls {at[0]} and {at[1]} .. {at[2]}")
        else:
            parts.append({"move": "", "line": "-- ", "close": "-- cycle"}[kind] + "".join(at))
    return [rf"\fill[{_colour(shape.fill, colours)}] {' '.join(parts)};"] if parts else []


def _style(shape: Shape, colours: dict[str, str]) -> str:
    made = []
    if shape.fill and shape.kind != "line":
        made.append(f"fill={_colour(shape.fill, colours)}")
    if shape.stroke and shape.stroke_width > 0:
        made += [f"draw={_colour(shape.stroke, colours)}", f"line width={shape.stroke_width * SCALE:.2f}pt"]
    if shape.dash:
        made.append(f"dash pattern=on {5 * SCALE:g}pt off {4 * SCALE:g}pt")
    if shape.opacity != 1:
        made.append(f"opacity={shape.opacity:.2f}")
    return ",".join(made)


def _colour(code: str, colours: dict[str, str]) -> str:
    return colours.setdefault(code, "c" + "".join(chr(97 + int(digit, 16)) for digit in code[1:]))


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
