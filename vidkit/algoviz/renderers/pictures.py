"""Scenes as pictures of pixels."""

from __future__ import annotations

from typing import Any

import numpy as np

from vidkit.algoviz.renderers.base import glyph_notes
from vidkit.algoviz.renderers.skia_artist import Artist
from vidkit.algoviz.scene.shapes import Scene

_BEHIND = 256  # bytes behind the pixels: swscale reads its source in whole vectors, also at the end


class Screen:
    """A picture in memory that scenes are drawn on.

    Args:
        width: in pixels.
        height: in pixels.
        canvas: size of the scenes.

    Attributes:
        pixels: uint8 [height, width, 4], blue first; what was drawn last, always in the same memory.
    """

    def __init__(self, width: int, height: int, canvas: tuple[int, int]) -> None:
        self.artist = Artist()
        skia = self.artist.skia
        size = height * width * 4
        self.pixels = np.zeros(size + _BEHIND, np.uint8)[:size].reshape(height, width, 4)
        info = skia.ImageInfo.Make(width, height, skia.kBGRA_8888_ColorType, skia.kOpaque_AlphaType)
        self.surface = skia.Surface.MakeRasterDirect(info, self.pixels, self.pixels.strides[0])
        self.canvas: Any = self.surface.getCanvas()
        self.canvas.scale(width / canvas[0], height / canvas[1])

    def show(self, scene: Scene) -> np.ndarray:
        """Draw a whole scene; the pixels, which the next one overwrites."""
        self.clear(scene.background)
        self.artist.draw(self.canvas, scene.shapes)
        return self.pixels

    def clear(self, colour: str) -> None:
        red, green, blue = int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
        self.canvas.clear(self.artist.skia.Color(red, green, blue))

    def rgb(self, scene: Scene) -> np.ndarray:
        """A scene as uint8 [height, width, 3], red first; a copy."""
        return np.ascontiguousarray(self.show(scene)[..., 2::-1])

    def notes(self) -> list[str]:
        """What to say of characters that were drawn with other fonts, or not at all."""
        artist = self.artist
        return glyph_notes("".join(sorted(artist.missing)), "".join(sorted(artist.drawn_elsewhere)))
