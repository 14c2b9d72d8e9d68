"""First frames: reading an image and bringing it to the size a model works at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from vidkit.errors import ConfigError, VideoError

TOLERATED_RATIO_DIFFERENCE = 0.05


@dataclass(frozen=True)
class FittedImage:
    """An RGB image of the asked size and, if pixels were lost or bent, a note that says how."""

    image: Image.Image
    note: str | None


def read_image(path: Path) -> Image.Image:
    """Read an image as RGB, upright (EXIF orientation applied), transparency over black.

    Raises:
        VideoError: missing, not an image, or damaged.
    """
    if not path.is_file():
        raise VideoError(f"no image at '{path}'", "check the path given as image=")
    try:
        with Image.open(path) as file:
            upright = ImageOps.exif_transpose(file)
            return upright.convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise VideoError(f"cannot read '{path}' as an image", "use a whole PNG, JPEG or WebP file") from error


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
