"""PNG: one picture a step."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from PIL import Image

from vidkit.algoviz.renderers.base import Options, step_names
from vidkit.algoviz.renderers.pictures import Screen
from vidkit.algoviz.scene.film import Film


class Png:
    """`NAME-0007.png` for each step."""

    suffix: ClassVar[str] = ".png"
    each: ClassVar[bool] = True

    def write(self, film: Film, folder: Path, name: str, options: Options) -> list[str]:
        screen = Screen(options.width, options.height, film.size)
        for step, file in zip(options.steps, step_names(name, self.suffix, True, options.steps), strict=True):
            picture = Image.fromarray(screen.rgb(film.scene(step)))
            picture.save(folder / file, format="PNG", compress_level=4)
        return screen.notes()
