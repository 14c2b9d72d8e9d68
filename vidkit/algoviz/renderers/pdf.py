"""PDF slides: a page a step, drawn as lines and letters, sharp at any size."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from vidkit.algoviz.renderers.base import Options, glyph_notes
from vidkit.algoviz.renderers.skia_artist import Artist
from vidkit.algoviz.scene.film import Film


class Pdf:
    """`NAME.pdf`, 16:9."""

    suffix: ClassVar[str] = ".pdf"
    each: ClassVar[bool] = False

    def write(self, film: Film, folder: Path, name: str, options: Options) -> list[str]:
        artist = Artist()
        skia = artist.skia
        width, height = film.size
        stream = skia.FILEWStream(str(folder / f"{name}{self.suffix}"))
        about = skia.PDF.Metadata()
        about.fTitle = film.title
        about.fCreator = "vidkit algoviz"
        with skia.PDF.MakeDocument(stream, about) as document:
            for step in options.steps:
                scene = film.scene(step)
                with document.page(width, height) as canvas:
                    red, green, blue = (int(scene.background[i : i + 2], 16) for i in (1, 3, 5))
                    canvas.drawRect(
                        skia.Rect.MakeWH(width, height), skia.Paint(Color=skia.Color(red, green, blue))
                    )
                    artist.draw(canvas, scene.shapes)
        del stream
        return glyph_notes("".join(sorted(artist.missing)), "".join(sorted(artist.drawn_elsewhere)))
