"""Reading pictures that others made, and bringing a first frame to the size a model works at."""

from __future__ import annotations

import re
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageOps, UnidentifiedImageError

from vidkit.errors import ConfigError, VideoError

TOLERATED_RATIO_DIFFERENCE = 0.05
# an allow-list: of the formats that Pillow knows some start other programs (EPS: Ghostscript)
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "PPM", "AVIF")
FORMATS_READ = "PNG, JPEG, WebP, BMP, TIFF, GIF and AVIF are read"
# what Pillow raises for files that are damaged or made to be so
_BROKEN = (
    OSError, SyntaxError, ValueError, RuntimeError, LookupError, EOFError, TypeError, AttributeError,
    ArithmeticError, AssertionError, struct.error, zlib.error,
)  # fmt: skip
# Pillow refuses twice as many pixels as it warns about; below that there is nothing to say
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


@dataclass(frozen=True)
class FittedImage:
    """An RGB image of the asked size and, if pixels were lost or bent, a note that says how."""

    image: Image.Image
    note: str | None


@cache
def _formats() -> tuple[str, ...]:
    Image.init()
    return tuple(name for name in _FORMATS if name in Image.OPEN)


@contextmanager
def opened_picture(
    source: Path | BinaryIO, name: str, hint: str, exit_code: int = 2
) -> Iterator[Image.Image]:
    """A picture of one of the formats that are safe to read; what fails inside is told of it.

    Args:
        source: a file, or its bytes as a stream.
        name: of the picture, for messages.
        hint: what to do when it cannot be read.
        exit_code: of the error.

    Raises:
        VideoError: no picture, of another format, damaged, or too large.
    """
    try:
        with Image.open(source, formats=_formats()) as file:
            yield file
    except Image.DecompressionBombError as error:
        count = re.search(r"\d+", str(error))
        pixels = f"{int(count[0]):,}" if count else "too many"
        raise VideoError(
            f"{name} has {pixels} pixels", f"at most {_most_pixels():,} are read; scale it down", exit_code
        ) from error
    except UnidentifiedImageError as error:
        raise VideoError(f"cannot read {name} as an image", f"{hint}; {FORMATS_READ}", exit_code) from error
    except _BROKEN as error:
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        raise VideoError(f"cannot read {name} as an image: {reason}", hint, exit_code) from error


def _most_pixels() -> int:
    return 2 * (Image.MAX_IMAGE_PIXELS or 0)


def read_image(path: Path) -> Image.Image:
    """Read an image as RGB, upright (EXIF orientation applied), transparency over black.

    Raises:
        VideoError: missing, not an image, or damaged.
    """
    if not path.is_file():
        raise VideoError(f"no image at '{path}'", "check the path given as image=")
    with opened_picture(path, f"'{path}'", "check that the file is whole") as file:
        return ImageOps.exif_transpose(file).convert("RGB")


def fit_image(image: Image.Image, height: int, width: int, mode: str = "auto") -> FittedImage:
    """Bring an image to height x width.

    Args:
        image: RGB.
        height: target, pixels.
        width: target, pixels.
        mode: `auto` centre crops if the aspect ratios differ by at most 5 % and refuses otherwise; `crop`,
            `pad` (black bars) and `stretch` always work.

    Raises:
        ConfigError: `auto` and the ratios differ by more than 5 %.
    """
    if image.size == (width, height):
        return FittedImage(image, None)
    have, want = image.width / image.height, width / height
    difference = max(have, want) / min(have, want) - 1
    if mode == "auto" and difference > TOLERATED_RATIO_DIFFERENCE:
        raise ConfigError(
            f"the image is {image.width}x{image.height} (aspect {have:.2f}), but the video is"
            f" {width}x{height} (aspect {want:.2f})",
            "choose resize=crop, resize=pad or resize=stretch, or another height= and width=",
        )
    size = (width, height)
    if mode == "stretch":
        fitted = image.resize(size, Image.Resampling.LANCZOS)
    elif mode == "pad":
        fitted = ImageOps.pad(image, size, Image.Resampling.LANCZOS)
    else:
        fitted = ImageOps.fit(image, size, Image.Resampling.LANCZOS)
    return FittedImage(fitted, _note(image, height, width, mode, difference))


def _note(image: Image.Image, height: int, width: int, mode: str, difference: float) -> str:
    done = {"stretch": "stretched", "pad": "padded"}.get(mode, "cropped")
    how = "resized" if difference < 1e-3 else f"{done} and resized"
    return f"first frame {how} from {image.width}x{image.height} to {width}x{height}"
