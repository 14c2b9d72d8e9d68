"""A small set of levels in the published tree, and clips of models that solve it or do not."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vidkit.mazes import Level, make
from vidkit.mazes.drawing.skins import SKINS
from vidkit.mazes.types import FOLDERS
from vidkit.video.writing import write_mp4

Frames = NDArray[np.uint8]
FRAMES = 41


def write_level(
    root: Path, level: Level, number: int, *, with_clip: bool = True, frames: int = FRAMES
) -> Path:
    """Write a level; returns its folder."""
    skin = list(SKINS[level.type]).index(level.skin.name) + 1
    folder = root / FOLDERS[level.type] / str(skin) / str(level.difficulty)
    name = f"{level.difficulty}_{number:04d}"
    for part in ("states", "images", "videos"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    (folder / "states" / f"{name}.json").write_text(json.dumps(level.state))
    cv2.imwrite(str(folder / "images" / f"{name}.png"), level.picture()[..., ::-1])
    if with_clip:
        write_mp4(folder / "videos" / f"{name}.mp4", level.render(192, length(level)), 24)
    return folder


def length(level: Level, frames: int = FRAMES) -> int:
    """Frames that show a solution at a legal pace."""
    return max(frames, 4 * len(level.solution) + 1)


def write_set(
    root: Path, kinds: Sequence[str] = ("regular",), count: int = 2, *, with_clips: bool = True
) -> list[Level]:
    """Easy levels number 1.. of each type."""
    levels = []
    for kind in kinds:
        for number in range(1, count + 1):
            levels.append(make(kind, "easy", number))
            write_level(root, levels[-1], number, with_clip=with_clips)
    return levels


def write_clip(folder: Path, level: Level, number: int, frames: Frames, sample: str = "0") -> Path:
    """A model's clip at TYPE/LEVEL/SAMPLE.mp4."""
    path = folder / str(level.type) / f"{level.difficulty}_{number:04d}" / f"{sample}.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_mp4(path, frames, 24)
    return path


def solved(level: Level, size: int = 192) -> Frames:
    """The optimal way."""
    return level.render(size, length(level))


def static(level: Level, size: int = 192) -> Frames:
    """Nothing moves."""
    return np.stack([level.picture(size)] * FRAMES)


Maker = Callable[[Level], Frames]
