"""Pictures of others: only formats that start no program, and a readable error for whatever is wrong."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image

from vidkit.errors import VideoError
from vidkit.serving.messages import Image as Picture
from vidkit.video.image import read_image
from vidkit.video.reader import open_video

EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n%%EOF\n"


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *chunks: bytes) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + chunk(b"IEND", b"")


def noise(count: int, size: tuple[int, int] = (48, 32)) -> list[Image.Image]:
    rng = np.random.default_rng(3)
    return [Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), np.uint8)) for _ in range(count)]


def test_postscript_named_png_starts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*_: object) -> None:
        raise AssertionError("Ghostscript was started")

    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", start)
    path = tmp_path / "a.png"
    path.write_bytes(EPS)
    for read in (read_image, Picture.from_path):
        with pytest.raises(VideoError, match="cannot read"):
            read(path)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (png(30_000, 30_000, chunk(b"IDAT", zlib.compress(b""))), "has 900,000,000 pixels"),
        (png(40, 40, chunk(b"IDAT", zlib.compress(b"\0" * 50))), "cannot read"),
        (png(40, 40, chunk(b"IDAT", b"no deflate")), "cannot read"),
        (png(40, 40, b"\0\0\0\7IDAT"), "cannot read"),
        (png(40, 40, chunk(b"iCCP", b"x" * 200), b"\xff\xff\xff\xffIDAT"), "cannot read"),
        (b"II*\0\x08\0\0\0\xff\xff" + b"\xff" * 60, "cannot read"),
        (b"", "cannot read"),
    ],
    ids=["bomb", "short", "not deflated", "cut", "length", "tiff", "empty"],
)
@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_broken_pictures_give_two_lines(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(data)
    with pytest.raises(VideoError, match=words) as error:
        read_image(path)
    assert str(path) in error.value.message and error.value.hint
    assert "\n" not in error.value.message + error.value.hint


@pytest.mark.parametrize("raised", [SyntaxError, RuntimeError, NotImplementedError, KeyError, struct.error])
def test_whatever_a_decoder_raises_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raised: type[Exception]
) -> None:
    path = tmp_path / "a.png"
    noise(1)[0].save(path)

    def fail(*_: object, **__: object) -> None:
        raise raised("bad chunk")

    monkeypatch.setattr(Image.Image, "convert", fail)
    with pytest.raises(VideoError, match="bad chunk"):
        read_image(path)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "PPM"])
def test_common_formats_are_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.bin"
    noise(1)[0].save(path, kind)
    assert read_image(path).size == (48, 32)


def test_a_jpeg_of_several_pictures_is_sent_as_jpeg() -> None:
    first, second = noise(2)
    data = io.BytesIO()
    first.save(data, "MPO", save_all=True, append_images=[second])
    assert Picture.from_bytes(data.getvalue()).mime == "image/jpeg"


@pytest.mark.parametrize("kind", ["webp", "png", "gif"])
def test_animated_pictures_are_videos_with_their_own_times(tmp_path: Path, kind: str) -> None:
    first, *rest = pictures = noise(5)
    options = {"lossless": True} if kind == "webp" else {}
    path = tmp_path / f"a.{kind}"
    first.save(path, save_all=True, append_images=rest, duration=[100, 200, 300, 100, 500], **options)
    video = open_video(path)
    assert video.timeline.time_s == pytest.approx([0.0, 0.1, 0.3, 0.6, 0.7])
    assert video.timeline.duration_s == pytest.approx(1.2)
    assert video.info.is_variable_rate and (video.info.width, video.info.height) == (48, 32)
    for frame in [*video.read([1, 4]), *video.read([0, 2])]:
        error = np.abs(frame.pixels.astype(int) - np.asarray(pictures[frame.index]))
        assert error.mean() < (12 if kind == "gif" else 1)  # 256 colours
    assert next(video.read([3], short_side=16)).pixels.shape == (16, 24, 3)


def test_a_cut_animation_is_told(tmp_path: Path) -> None:
    first, *rest = noise(5)
    path = tmp_path / "a.webp"
    first.save(path, save_all=True, append_images=rest, duration=100, lossless=True)
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(VideoError, match="cannot read") as error:
        open_video(path)
    assert error.value.exit_code == 4


def test_a_percent_sign_in_the_name_of_a_picture_is_no_pattern(tmp_path: Path) -> None:
    one, other = noise(2)
    one.save(tmp_path / "100%03d.png")
    other.save(tmp_path / "100001.png")
    (frame,) = open_video(tmp_path / "100%03d.png").read([0])
    assert np.array_equal(frame.pixels, np.asarray(one))
