"""Pictures of a skin that lie in files: tiles and sprites of any size."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from vidkit.errors import DataError, VideoError
from vidkit.mazes.drawing.sprites import Colour, Pixels
from vidkit.video.image import opened_picture

_LARGEST_SIDE = 4096
_EIGHT_BITS = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX")


@dataclass(frozen=True)
class PictureFile:
    """A picture as it was when it was read.

    Attributes:
        path: where from, for messages.
        rgba: uint8 [H, W, 4].
        digest: of the pixels: pictures are equal where this is.
    """

    path: str = field(compare=False)
    rgba: Pixels = field(compare=False, repr=False)
    digest: str

    def tile(self, side: int) -> Pixels:
        """RGB uint8 [side, side, 3]; what is transparent is white."""
        rgba = self._at(side, side).astype(np.float64)
        alpha = rgba[..., 3:] / 255
        return np.asarray((rgba[..., :3] * alpha + 255 * (1 - alpha)).round(), np.uint8)

    def sprite(self, side: int) -> Pixels:
        """RGBA uint8 [side, side, 4], as wide and high as fits, in the middle."""
        height, width = self.rgba.shape[:2]
        scale = side / max(height, width)
        rows, columns = max(1, round(height * scale)), max(1, round(width * scale))
        out = np.zeros((side, side, 4), np.uint8)
        top, left = (side - rows) // 2, (side - columns) // 2
        out[top : top + rows, left : left + columns] = self._at(rows, columns)
        return out

    def mean(self) -> Colour:
        """Mean colour of what is not transparent."""
        alpha = self.rgba[..., 3].astype(np.float64) + 1e-9
        mean = (self.rgba[..., :3] * alpha[..., None]).sum((0, 1)) / alpha.sum()
        red, green, blue = (round(float(part)) for part in mean)
        return red, green, blue

    def _at(self, rows: int, columns: int) -> Pixels:
        alpha = self.rgba[..., 3:].astype(np.float32) / 255
        solid = np.concatenate([self.rgba[..., :3] * alpha, alpha * 255], -1)
        shrinks = rows * columns < solid.shape[0] * solid.shape[1]
        kind = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        made = cv2.resize(solid, (columns, rows), interpolation=kind)
        cover = np.maximum(made[..., 3:] / 255, 1e-3)
        return np.asarray(
            np.concatenate([np.clip(made[..., :3] / cover, 0, 255), made[..., 3:]], -1).round(), np.uint8
        )


def read_picture_file(path: Path) -> PictureFile:
    """Read a PNG or JPEG.

    Raises:
        DataError: it is no picture, or a huge one.
    """
    import hashlib

    wanted = f"'{path}' is not a picture with 8 bits per channel and sides up to {_LARGEST_SIDE} px"
    try:
        with opened_picture(path, f"'{path}'", "check the file") as file:
            # asked before the pixels are read: a small file may promise a huge picture
            if max(file.size) > _LARGEST_SIDE or file.mode not in _EIGHT_BITS:
                raise DataError(wanted, "check the file")
            rgba = np.array(file.convert("RGBA"), np.uint8)
    except VideoError as error:
        raise DataError(f"{wanted}: {error.message}", "check the file") from error
    rgba.setflags(write=False)
    shape = str(rgba.shape).encode()
    return PictureFile(str(path), rgba, hashlib.sha256(shape + rgba.tobytes()).hexdigest())
