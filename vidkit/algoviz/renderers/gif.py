"""GIF: plays everywhere, also where videos do not."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image

from vidkit.algoviz.renderers.base import Options
from vidkit.algoviz.renderers.frames import Frames
from vidkit.algoviz.renderers.pictures import Screen
from vidkit.algoviz.scene.film import Film

_FPS = Fraction(10)  # players round shorter times; four pictures on the way are enough
_SHORTEST_MS = 20
_LARGEST = 540  # lines, unless more are asked for: a GIF grows fast


class Gif:
    """`NAME.gif`, at 10 pictures a second, for ever; one palette for all, so that colours do not flicker."""

    suffix: ClassVar[str] = ".gif"
    each: ClassVar[bool] = False
    is_video: ClassVar[bool] = True

    def write(self, film: Film, folder: Path, name: str, options: Options) -> list[str]:
        height = min(options.height, _LARGEST) if options.height == 720 else options.height
        width = round(height * 16 / 9 / 2) * 2
        screen = Screen(width, height, film.size)
        fps = min(_FPS, options.fps)
        palette = self._palette(film, options, screen)
        pictures: list[Image.Image] = []
        times: list[int] = []
        for pixels, count in Frames(film, options.steps, fps, screen, options.still_s):
            picture = Image.fromarray(np.ascontiguousarray(pixels[..., 2::-1]))
            pictures.append(picture.quantize(palette=palette, dither=Image.Dither.NONE))
            times.append(max(_SHORTEST_MS, round(1000 * count / fps)))
        pictures[0].save(
            folder / f"{name}{self.suffix}", save_all=True, append_images=pictures[1:], duration=times,
            loop=0, optimize=False, disposal=1,
        )  # fmt: skip
        return screen.notes()

    def _palette(self, film: Film, options: Options, screen: Screen) -> Image.Image:
        """256 colours of pictures spread over the film."""
        steps = options.steps
        picks = [steps[round(i * (len(steps) - 1) / 7)] for i in range(8)]
        parts = [screen.rgb(film.scene(step))[::2, ::2] for step in dict.fromkeys(picks)]
        return Image.fromarray(np.concatenate(parts)).quantize(256, Image.Quantize.MEDIANCUT)
