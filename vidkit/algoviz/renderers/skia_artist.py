"""Draws shapes with Skia: fast, smooth, without a screen."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable
from typing import Any

from vidkit.algoviz.renderers import fontconfig
from vidkit.algoviz.renderers.geometry import head_points
from vidkit.algoviz.renderers.writing_order import is_from_right, visual
from vidkit.algoviz.scene.fonts import ASCENT, FACES, font_path, lacking
from vidkit.algoviz.scene.shapes import Shape
from vidkit.algoviz.scene.text import clusters, width
from vidkit.errors import MissingDependency, require


def require_skia() -> Any:
    """Import Skia.

    Raises:
        MissingDependency: skia-python is not installed, or a system library that it loads is not there.
    """
    try:
        return require("skia")
    except MissingDependency as error:
        raise MissingDependency(
            "drawing pictures and videos needs the package skia-python, which is not installed",
            "pip install skia-python",
        ) from error
    except ImportError as error:  # libGL.so.1, libEGL.so.1, libfontconfig.so.1 of the system
        raise MissingDependency(
            f"skia-python cannot be loaded: {' '.join(str(error).split())}",
            "apt install libgl1 libegl1 libfontconfig1; or choose --to html, svg or tikz, which need none",
        ) from error


class Artist:
    """Draws shapes on Skia's canvases; fonts and texts are kept.

    Attributes:
        drawn_elsewhere: characters that the bundled fonts lack and a font of the system has.
        missing: those that no font here has; an empty box stands for each.
    """

    def __init__(self) -> None:
        self.skia = require_skia()
        self.drawn_elsewhere: set[str] = set()
        self.missing: set[str] = set()
        self._blobs: dict[tuple[str, str, float], Any] = {}
        self._paragraphs: dict[Any, Any] = {}

    @functools.cached_property
    def _system(self) -> Any:
        with fontconfig.quiet():
            return self.skia.FontMgr()

    def face(self, name: str) -> Any:
        """Typeface of one of the bundled fonts."""
        return _face(self.skia, name)

    def draw(self, canvas: Any, shapes: Iterable[Shape]) -> None:
        for shape in shapes:
            getattr(self, f"_{shape.kind}")(canvas, shape)

    def _paints(self, shape: Shape) -> list[Any]:
        made = []
        if shape.fill:
            made.append(_paint(self.skia, shape.fill, round(shape.opacity, 2), 0.0, False))
        if shape.stroke and shape.stroke_width > 0:
            made.append(
                _paint(
                    self.skia, shape.stroke, round(shape.opacity, 2), round(shape.stroke_width, 2), shape.dash
                )
            )
        return made

    def _rect(self, canvas: Any, shape: Shape) -> None:
        rect = self.skia.Rect.MakeXYWH(shape.x, shape.y, shape.w, shape.h)
        for paint in self._paints(shape):
            canvas.drawRoundRect(rect, shape.radius, shape.radius, paint)

    def _ellipse(self, canvas: Any, shape: Shape) -> None:
        rect = self.skia.Rect.MakeXYWH(shape.x, shape.y, shape.w, shape.h)
        for paint in self._paints(shape):
            canvas.drawOval(rect, paint)

    def _line(self, canvas: Any, shape: Shape) -> None:
        wing = head_points(shape) if shape.head else None
        points = shape.points if wing is None else (*shape.points[:-1], wing[3])
        path = self.skia.PathBuilder() if hasattr(self.skia, "PathBuilder") else self.skia.Path()
        path.moveTo(*points[0])
        if len(points) == 3:
            path.quadTo(*points[1], *points[2])
        else:
            path.lineTo(*points[1])
        opacity = round(shape.opacity, 2)
        line = _paint(self.skia, shape.stroke, opacity, round(shape.stroke_width, 2), shape.dash)
        canvas.drawPath(_finished(path), line)
        if wing is not None:
            head = self.skia.PathBuilder() if hasattr(self.skia, "PathBuilder") else self.skia.Path()
            head.moveTo(*wing[0])
            head.lineTo(*wing[1])
            head.lineTo(*wing[2])
            head.close()
            canvas.drawPath(_finished(head), _paint(self.skia, shape.stroke, opacity, 0.0, False))

    def _text(self, canvas: Any, shape: Shape) -> None:
        if not shape.text:
            return
        paint = _paint(self.skia, shape.fill, round(shape.opacity, 2), 0.0, False)
        base = shape.y + ASCENT * shape.size
        if is_from_right(shape.text) and not lacking([shape.text]):
            self._shaped(canvas, shape, base)
            return
        key = (shape.text, shape.font, round(shape.size, 2))
        known = self._blobs.get(key)
        if known is None:
            known = self._blobs[key] = self._written(*key)
        for blob, offset in known:
            canvas.drawTextBlob(blob, shape.x + offset, base, paint)

    def _shaped(self, canvas: Any, shape: Shape, base: float) -> None:
        """A text with letters from right to left: ordered and joined by Skia's own layout of paragraphs."""
        key = (shape.text, shape.font, round(shape.size, 2), shape.fill, round(shape.opacity, 2))
        known = self._paragraphs.get(key)
        if known is None:
            layout, skia = self.skia.textlayout, self.skia
            style = layout.TextStyle()
            style.setFontFamilies([shape.font])
            style.setFontSize(shape.size)
            red, green, blue = (int(shape.fill[i : i + 2], 16) for i in (1, 3, 5))
            style.setColor(skia.Color(red, green, blue, round(255 * shape.opacity)))
            whole = layout.ParagraphStyle()
            whole.setTextStyle(style)
            builder = layout.ParagraphBuilder.make(whole, self._collection(), skia.Unicode())
            builder.pushStyle(style)
            builder.addText("".join(c for c in shape.text if unicodedata.category(c) != "Cf"))
            known = builder.Build()
            known.layout(4000)
            self._paragraphs[key] = known
        canvas.save()
        canvas.translate(shape.x, base)
        if known.LongestLine > shape.w > 0:  # joined letters may have other widths than single ones
            canvas.scale(shape.w / known.LongestLine, 1.0)
        known.paint(canvas, 0, -known.AlphabeticBaseline)
        canvas.restore()

    @functools.cache  # noqa: B019 - an artist lives as long as its picture
    def _collection(self) -> Any:
        layout = self.skia.textlayout
        provider = layout.TypefaceFontProvider()
        for name in FACES:
            provider.registerTypeface(self.face(name), name)
        made = layout.FontCollection()
        made.setDefaultFontManager(provider)
        return made

    def _written(self, text: str, font: str, size: float) -> list[tuple[Any, float]]:
        """Blobs of a text with their places; a stretch of letters of one typeface each."""
        made: list[tuple[Any, float]] = []
        x = 0.0
        for run, face in self._runs(visual(text), font):
            own = self.skia.Font(face, size)
            own.setSubpixel(True)
            own.setLinearMetrics(True)  # hinted letters are wider than they were measured
            own.setHinting(self.skia.FontHinting.kNone)
            own.setEdging(self.skia.Font.Edging.kAntiAlias)
            wide = width(run, size, font)
            real = own.measureText(run)
            if face is not self.face(font) and real > wide > 0:
                own.setSize(size * wide / real)
            blob = self.skia.TextBlob.MakeFromString(run, own)
            if blob is not None:
                made.append((blob, x))
            x += wide
        return made

    def _runs(self, text: str, font: str) -> list[tuple[str, Any]]:
        own = self.face(font)
        runs: list[tuple[str, Any]] = []
        for cluster in clusters(text):
            cluster = "".join(c for c in cluster if unicodedata.category(c) != "Cf" or c == "\u200d")
            if not cluster:
                continue
            face = own if own.unicharToGlyph(ord(cluster[0])) else self._other(cluster[0], own)
            if runs and runs[-1][1] is face:
                runs[-1] = (runs[-1][0] + cluster, face)
            else:
                runs.append((cluster, face))
        return runs

    def _other(self, character: str, own: Any) -> Any:
        found = _fallback(self.skia, self._system, character)
        (self.missing if found is None else self.drawn_elsewhere).add(character)
        return found or own


def _finished(path: Any) -> Any:
    return path.detach() if hasattr(path, "detach") else path


@functools.lru_cache(maxsize=16)
def _face(skia: Any, name: str) -> Any:
    with fontconfig.quiet():  # which Skia starts for the first of them
        return skia.Typeface.MakeFromFile(str(font_path(name)))


@functools.lru_cache(maxsize=4096)
def _fallback(skia: Any, system: Any, character: str) -> Any:
    found = system.matchFamilyStyleCharacter("", skia.FontStyle(), ["zh", "ja", "ko", "en"], ord(character))
    return found if found is not None and found.unicharToGlyph(ord(character)) else None


@functools.lru_cache(maxsize=4096)
def _paint(skia: Any, colour: str, opacity: float, stroke: float, dash: bool) -> Any:
    red, green, blue = int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
    paint = skia.Paint(AntiAlias=True, Color=skia.Color(red, green, blue, round(255 * opacity)))
    if stroke:
        paint.setStyle(skia.Paint.kStroke_Style)
        paint.setStrokeWidth(stroke)
        paint.setStrokeCap(skia.Paint.kRound_Cap)
        if dash:
            paint.setPathEffect(skia.DashPathEffect.Make([5.0, 4.0], 0.0))
    return paint
