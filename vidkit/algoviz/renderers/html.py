"""HTML: a player in one file that works without a network, by keyboard, by touch and for screen readers.

The page holds every shape that occurs once, and for each step which shapes come and which ids go; the script
(`player/player.js`) keeps the picture of the step that is shown and moves what changes.
"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any, ClassVar

from vidkit.algoviz.renderers.base import Options
from vidkit.algoviz.renderers.embedded_fonts import font_css
from vidkit.algoviz.scene.colours import luminance
from vidkit.algoviz.scene.film import Film
from vidkit.algoviz.scene.fonts import ASCENT, FACES, face
from vidkit.algoviz.scene.shapes import Shape
from vidkit.utils.plain import visible, visible_json

_KINDS = ("rect", "ellipse", "line", "text")
_FONTS = tuple(FACES)
# the script knows these orders
_VARIANTS = ("pulse", "glow", "shake", "fade", "morph")
_EASINGS = ("ease-in-out", "linear", "ease-in", "ease-out")
_HERE = Path(__file__).parent / "player"
_BUNDLE = _HERE / "three_scene.bundle.js"  # made by scripts/bundle_three.py
_PLAIN = "0123456789 abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.,:()[]/-+=<>¼½×"


class Html:
    """`NAME.html`."""

    suffix: ClassVar[str] = ".html"
    each: ClassVar[bool] = False

    def write(self, film: Film, folder: Path, name: str, options: Options) -> list[str]:
        page = page_of(film, options.steps)
        (folder / f"{name}{self.suffix}").write_text(page, encoding="utf-8", errors="replace")
        missing = film.missing_glyphs(options.steps)
        return [f"{len(missing)} characters are left to the fonts of the viewer"] if missing else []


class Html3d(Html):
    """`NAME.html` with the data in space: boxes, balls and lines by Three.js, bundled into the page."""

    def write(self, film: Film, folder: Path, name: str, options: Options) -> list[str]:
        notes = super().write(film, folder, name, options)
        file = folder / f"{name}{self.suffix}"
        page = file.read_text(encoding="utf-8")
        script = f"<script>{_BUNDLE.read_text(encoding='utf-8')}</script>\n</body>"
        file.write_text(page.replace("</body>", script), encoding="utf-8", errors="replace")
        return [*notes, "browsers without WebGL show the flat picture"]


def page_of(film: Film, steps: tuple[int, ...]) -> str:
    """The whole page."""
    packed = _Packed(film)
    for step in steps:
        packed.add(step)
    theme = film.look.theme
    scheme = "dark" if luminance(theme.background) < 0.2 else "light"
    colours = {
        "background": theme.background, "panel": theme.panel, "line": theme.line, "text": theme.text,
        "muted": theme.muted, "primary": theme.primary, "scheme": scheme,
    }  # fmt: skip
    parts = {
        "title": html.escape(visible(film.title)),
        "subtitle": html.escape(visible(film.story.subtitle)),
        "colours": ";".join(f"--{name}:{value}" for name, value in colours.items()),
        "fonts": font_css(packed.shapes, _PLAIN),
        "css": (_HERE / "player.css").read_text(encoding="utf-8"),
        "regions": "".join(_region(film, name) for name in packed.regions),
        "words": "" if any(picture.remarks for picture in film.story.pictures) else "unused",
        "data": packed.json(),
        "script": (_HERE / "player.js").read_text(encoding="utf-8"),
    }
    page = (_HERE / "page.html").read_text(encoding="utf-8")
    # in one pass, so that nothing in a part is taken for a place
    return re.sub(r"@(\w+)@", lambda found: parts.get(found[1], found[0]), page)


def _region(film: Film, name: str) -> str:
    """The part of the picture that a narrow screen moves on its own; on a wide one it lies in its place."""
    region = next(region for region in film.regions if region.name == name)
    width, height = film.size
    place = (
        f"left:{100 * region.x / width:.3f}%;top:{100 * region.y / height:.3f}%;"
        f"width:{100 * region.w / width:.3f}%;height:{100 * region.h / height:.3f}%"
    )
    box = f"{region.x:g} {region.y:g} {region.w:g} {region.h:g}"
    return f'<svg data-region="{name}" viewBox="{box}" style="{place}" aria-hidden="true"></svg>'


class _Packed:
    """Shapes and steps as the script reads them."""

    def __init__(self, film: Film) -> None:
        self.film = film
        self.regions = [region.name for region in film.regions]
        self.ids: dict[str, int] = {}
        self.known: dict[Shape, int] = {}
        self.steps: list[dict[str, Any]] = []
        self._before: dict[str, Shape] = {}
        self._last: int | None = None

    @property
    def shapes(self) -> list[Shape]:
        return list(self.known)

    def add(self, step: int) -> None:
        scene = self.film.scene_after(step, self._last)
        now = scene.by_id()
        gone = [self._id(key) for key in self._before if key not in now]
        new = [shape for key, shape in now.items() if self._before.get(key) != shape]
        timing, picture = self.film.timing(step), self.film.story.pictures[step]
        moves = (
            [[self._id(key), self._id(source)] for key, source in scene.moves.items()] if self.steps else []
        )
        self.steps.append(
            {
                "gone": gone,
                "now": [self.known.setdefault(shape, len(self.known)) for shape in new],
                "moves": moves,
                "effects": [
                    [self._id(key), _VARIANTS.index(one.variant), _EASINGS.index(one.easing), *one.centre]
                    for key, one in (scene.effects.items() if self.steps else ())
                ],
                "moves_ms": round(1000 * timing.moves_s),
                "stands_ms": round(1000 * timing.stands_s),
                "values": int(any(key.startswith(("value:", "item:", "entry:")) for key in scene.changed)),
                "text": scene.description,
                "comment": "\n".join(remark.text for remark in picture.remarks),
                "notes": list(scene.notes),
            }
        )
        self._before, self._last = now, step

    def _id(self, key: str) -> int:
        return self.ids.setdefault(key, len(self.ids))

    def json(self) -> str:
        """JSON that may stand in a page: no end of a script can be in it."""
        shapes = [self._packed(shape) for shape in self.known]
        content = {"ascent": ASCENT, "regions": self.regions, "shapes": shapes, "steps": self.steps}
        content["ids"] = list(self.ids)
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return visible_json(text.replace("<", "\\u003c"))

    def _packed(self, shape: Shape) -> list[Any]:
        """Fields in the order that the script knows, without what is missing at the end."""
        order = 4 * int(shape.layer) + (2 if shape.kind == "text" else int(shape.role == "plate"))
        points = [[_short(x), _short(y)] for x, y in shape.points] or None
        made: list[Any] = [
            self._id(shape.id), self.regions.index(shape.region), order, _KINDS.index(shape.kind),
            _short(shape.x), _short(shape.y), _short(shape.w), _short(shape.h), shape.fill or None,
            shape.stroke or None, _short(shape.stroke_width) or None, _short(shape.radius) or None,
            int(shape.dash) or None, None if shape.opacity == 1 else shape.opacity, points,
            int(shape.head) or None,
        ]  # fmt: skip
        if shape.kind == "text":
            made += [shape.text, _FONTS.index(shape.font), _short(shape.size), shape.full or None]
            made.append(_stretched(shape) or None)
        while made[-1] is None:
            made.pop()
        return made


def _stretched(shape: Shape) -> int:
    """Whether the letters are pressed into the width that was measured: other fonts have other widths."""
    known = face(shape.font).advances
    return int(shape.kind == "text" and any(ord(c) not in known for c in shape.text))


def _short(value: float) -> float:
    short = round(value, 2)
    return int(short) if short == int(short) else short
