"""The first frame of a clip: a file, a fresh maze, or none; and what is known about it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vidkit.config.schema import GenerateSettings, Weights
from vidkit.errors import ConfigError
from vidkit.utils.paths import given_path
from vidkit.utils.seeding import derive_seed

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

    from vidkit.generation.spec import ModelSpec

MAZE = "maze"


@dataclass(frozen=True)
class FirstFrame:
    """An image of the clip's size, or None; with what its origin adds.

    Attributes:
        given: whether the clip starts from an image (known before it is read, in a dry run).
        prompt: default prompt that describes it.
        level: the maze it shows.
    """

    image: Image.Image | None
    given: bool = False
    prompt: str = ""
    notes: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    level: Any = None
    maze_seed: int | None = None

    def resolved(self, settings: GenerateSettings) -> GenerateSettings:
        """Settings with what was drawn at random filled in, so that they repeat the run."""
        if self.level is None:
            return settings
        maze = dataclasses.replace(settings.maze, seed=self.maze_seed)
        return dataclasses.replace(settings, maze=maze, prompt=settings.prompt or self.prompt)

    def verdict(self, frames: np.ndarray) -> dict[str, Any] | None:
        """How the maze was solved; None if there is no maze."""
        if self.level is None:
            return None
        from vidkit.mazes.embedded import judge

        found = judge(self.level, frames)
        line = f"the ball reached the goal in {found.moves} moves (legal)"
        return {**dataclasses.asdict(found), "line": line if found.success else f"the ball {found.reason}"}


def first_frame(settings: GenerateSettings, spec: ModelSpec) -> FirstFrame:
    """Read, draw or leave out the first frame.

    Raises:
        VideoError: an image that cannot be read.
        ConfigError: an image of another aspect ratio.
    """
    if settings.image is None:
        if spec.needs_image and settings.model.weights is Weights.random:
            return _random_image(settings)
        return FirstFrame(None)
    if settings.image == MAZE:
        return _maze(settings)
    from vidkit.video.image import fit_image, read_image

    image = read_image(given_path(settings.image, "image"))
    fitted = fit_image(image, settings.height, settings.width, settings.resize.value)
    return FirstFrame(fitted.image, given=True, notes=(fitted.note,) if fitted.note else ())


def _maze(settings: GenerateSettings) -> FirstFrame:
    from PIL import Image

    from vidkit.mazes.embedded import render_first_frame, sample_level

    assert settings.seed is not None
    seed = derive_seed(settings.seed, MAZE) if settings.maze.seed is None else settings.maze.seed
    level = sample_level(settings.maze.size, seed, skin=settings.maze.skin, ball=settings.maze.ball)
    pixels = render_first_frame(level)
    height, width = pixels.shape[:2]
    if (settings.height, settings.width) != (height, width):
        raise ConfigError(
            f"image=maze draws {width}x{height} pixels, but the video is {settings.width}x{settings.height}",
            f"set height={height} width={width}, or image=PATH",
        )
    prompt = level.caption(speed=settings.maze.speed.value)
    return FirstFrame(Image.fromarray(pixels), given=True, prompt=prompt, level=level, maze_seed=seed)


def _random_image(settings: GenerateSettings) -> FirstFrame:
    import numpy as np
    from PIL import Image

    assert settings.seed is not None
    generator = np.random.default_rng(derive_seed(settings.seed, "image"))
    pixels = generator.integers(0, 256, (settings.height, settings.width, 3), dtype=np.uint8)
    return FirstFrame(Image.fromarray(pixels), given=True, labels=("random first frame",))
