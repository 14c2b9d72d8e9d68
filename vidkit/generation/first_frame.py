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
# names of files that are read as one picture
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".avif")


@dataclass(frozen=True)
class FirstFrame:
    """An image of the clip's size, or None; with what its origin adds.

    Attributes:
        given: whether the clip starts from an image (known before it is read, in a dry run).
        prompt: default prompt that describes it.
        last: the last frame, likewise of the clip's size.
        video: frames of a clip to start from, or of a control clip.
        mask: white where a control clip is made anew, a picture a frame.
        references: images of what is to be seen, of any size.
        level: the maze it shows.
    """

    image: Image.Image | None
    given: bool = False
    prompt: str = ""
    notes: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    last: Image.Image | None = None
    video: tuple[Image.Image, ...] = ()
    mask: tuple[Image.Image, ...] = ()
    references: tuple[Image.Image, ...] = ()
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
    """Read, draw or leave out the first frame, the last one, and a clip to start from.

    Raises:
        VideoError: an image or a video that cannot be read.
        ConfigError: an image of another aspect ratio, or a clip that is too short.
    """
    frame = _first(settings, spec)
    if settings.last_image is not None:
        image, notes = _fitted(settings, settings.last_image)
        frame = dataclasses.replace(frame, last=image, notes=(*frame.notes, *notes))
    if settings.video is not None:
        frame = dataclasses.replace(frame, video=_frames_of(settings, settings.video, "video"))
    if settings.mask is not None:
        frame = dataclasses.replace(frame, mask=_mask_of(settings, settings.mask))
    if settings.reference is not None:
        frame = dataclasses.replace(frame, references=_references_of(settings.reference))
    return frame


def listed_paths(text: str | None) -> tuple[str, ...]:
    """Paths with commas between them.

    Raises:
        ConfigError: an empty one.
    """
    found = tuple(part.strip() for part in text.split(",")) if text is not None else ()
    if not all(found):
        raise ConfigError(f"reference={text} names an empty path", "write reference=A.png,B.png")
    return found


def _references_of(text: str) -> tuple[Image.Image, ...]:
    from vidkit.video.image import read_image

    return tuple(read_image(given_path(path, "reference")) for path in listed_paths(text))


def _mask_of(settings: GenerateSettings, path: str) -> tuple[Image.Image, ...]:
    """A mask for each frame: the frames of a clip, or one picture for all of them."""
    if given_path(path, "mask").suffix.lower() in PICTURES:
        return (_fitted(settings, path)[0],) * settings.frames
    return _frames_of(settings, path, "mask")


def _fitted(settings: GenerateSettings, path: str) -> tuple[Image.Image, tuple[str, ...]]:
    """An image brought to the clip's size, and what was done to it."""
    from vidkit.video.image import fit_image, read_image

    image = read_image(given_path(path, "image"))
    fitted = fit_image(image, settings.height, settings.width, settings.resize.value)
    return fitted.image, (fitted.note,) if fitted.note else ()


def _frames_of(settings: GenerateSettings, path: str, name: str) -> tuple[Image.Image, ...]:
    """The first frames of a video at the clip's rate, brought to its size."""
    from PIL import Image

    from vidkit.video.image import fit_image
    from vidkit.video.reading import read_clip

    clip = read_clip(given_path(path, name))
    rate = float(clip.fps) or settings.fps
    wanted = [round(index * rate / settings.fps) for index in range(settings.frames)]
    if wanted[-1] >= len(clip.frames):
        most = int((len(clip.frames) - 1) * settings.fps / rate) + 1
        raise ConfigError(
            f"{name} '{path}' is too short: {most} frames at {settings.fps} per second, and frames is"
            f" {settings.frames}",
            f"lower frames, or give a longer {name}",
        )
    pictures = (Image.fromarray(clip.frames[index]) for index in wanted)
    size = (settings.height, settings.width, settings.resize.value)
    return tuple(fit_image(picture, *size).image for picture in pictures)


def _first(settings: GenerateSettings, spec: ModelSpec) -> FirstFrame:
    if settings.image is None:
        if spec.needs_image and settings.model.weights is Weights.random:
            return _random_image(settings)
        return FirstFrame(None)
    if settings.image == MAZE:
        return _maze(settings)
    image, notes = _fitted(settings, settings.image)
    return FirstFrame(image, given=True, notes=notes)


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
