"""Videos, sheets and first frames: what goes in comes out, and files are whole or absent."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from vidkit.errors import ConfigError, MissingDependency, VideoError
from vidkit.video import writing
from vidkit.video.image import fit_image, read_image
from vidkit.video.reading import read_clip
from vidkit.video.sheet import contact_sheet, write_contact_sheet
from vidkit.video.writing import write_mp4


def moving_square(count: int = 13, height: int = 48, width: int = 64) -> np.ndarray:
    frames = np.full((count, height, width, 3), (20, 90, 160), np.uint8)
    for index in range(count):
        frames[index, 16:32, 2 * index : 2 * index + 16] = (240, 60, 30)
    return frames


def test_a_video_comes_back_as_it_went_in(tmp_path: Path) -> None:
    frames = moving_square()
    write_mp4(tmp_path / "clip.mp4", frames, 12)
    clip = read_clip(tmp_path / "clip.mp4")
    assert clip.frames.shape == frames.shape
    assert clip.fps == 12
    # chroma is stored at half size, so compare away from edges: flat areas keep their colour
    assert np.abs(clip.frames[6, 40:, :8].astype(int) - frames[6, 40:, :8]).max() <= 4
    assert np.abs(clip.frames[6, 20:28, 16:24].astype(int) - frames[6, 20:28, 16:24]).max() <= 6
    with av.open(str(tmp_path / "clip.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")


def test_the_index_comes_before_the_pictures(tmp_path: Path) -> None:
    from vidkit.frames.outputs.clip import write_keyframe_video

    write_mp4(tmp_path / "clip.mp4", moving_square(), 12)
    write_keyframe_video(tmp_path / "keyframes.mp4", iter(moving_square(3)))
    for name in ("clip.mp4", "keyframes.mp4"):
        data = (tmp_path / name).read_bytes()
        kinds, at = [], 0
        while at < len(data):
            kinds.append(data[at + 4 : at + 8])
            at += int.from_bytes(data[at : at + 4], "big")
        assert kinds.index(b"moov") < kinds.index(b"mdat"), kinds


def test_fractional_rates_are_kept(tmp_path: Path) -> None:
    write_mp4(tmp_path / "clip.mp4", moving_square(), Fraction(30000, 1001))
    assert read_clip(tmp_path / "clip.mp4").fps == Fraction(30000, 1001)


def test_odd_sizes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(VideoError) as error:
        write_mp4(tmp_path / "clip.mp4", moving_square(height=47), 12)
    assert error.value.message == "H.264 in yuv420p needs even sizes, got 64x47"
    assert list(tmp_path.iterdir()) == []


def test_a_failure_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = iter(range(100))

    def fail(library: object, frame: np.ndarray) -> object:
        if next(calls) == 5:
            raise KeyboardInterrupt
        return original(library, frame)

    original = writing._to_yuv
    monkeypatch.setattr(writing, "_to_yuv", fail)
    with pytest.raises(KeyboardInterrupt):
        write_mp4(tmp_path / "clip.mp4", moving_square(), 12)
    assert list(tmp_path.iterdir()) == []


def test_pyav_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(MissingDependency) as error:
        writing.require_encoder()
    assert error.value.message == "writing mp4 needs the package 'av' (PyAV), which cannot be imported here"
    assert error.value.hint == "pip install 'av>=18.1'"


def test_reading_what_is_no_video(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(VideoError, match=r"cannot read '.*text\.mp4' as a video"):
        read_clip(tmp_path / "text.mp4")


def test_a_sheet_shows_first_and_last_frame(tmp_path: Path) -> None:
    frames = np.zeros((61, 96, 96, 3), np.uint8)
    frames[0], frames[60] = (200, 0, 0), (0, 200, 0)
    sheet = np.asarray(contact_sheet(frames, 12, "title", count=16, thumbnail_width=96))
    assert tuple(sheet[24 + 6 + 48, 6 + 48]) == (200, 0, 0)
    last_row, last_column = 24 + 6 + 3 * (96 + 16 + 6) + 48, 6 + 3 * (96 + 6) + 48
    assert tuple(sheet[last_row, last_column]) == (0, 200, 0)
    write_contact_sheet(tmp_path / "sheet.png", frames[:1], 12)
    assert Image.open(tmp_path / "sheet.png").format == "PNG"


def test_small_differences_of_aspect_are_cropped_and_noted() -> None:
    fitted = fit_image(Image.new("RGB", (1920, 1080)), 480, 832)
    assert fitted.image.size == (832, 480)
    assert fitted.note == "first frame cropped and resized from 1920x1080 to 832x480"
    assert fit_image(Image.new("RGB", (832, 480)), 480, 832).note is None


def test_large_differences_of_aspect_are_refused() -> None:
    with pytest.raises(ConfigError) as error:
        fit_image(Image.new("RGB", (1000, 1000)), 480, 832)
    assert (
        error.value.message == "the image is 1000x1000 (aspect 1.00), but the video is 832x480 (aspect 1.73)"
    )
    assert error.value.hint == (
        "choose resize=crop, resize=pad or resize=stretch, or another height= and width="
    )


@pytest.mark.parametrize(("mode", "corner"), [("crop", 255), ("pad", 0), ("stretch", 255)])
def test_asked_for_resizing_always_works(mode: str, corner: int) -> None:
    fitted = fit_image(Image.new("RGB", (100, 100), (255, 255, 255)), 48, 96, mode)
    assert fitted.image.size == (96, 48)
    assert fitted.image.getpixel((0, 0))[0] == corner


def test_an_unreadable_image(tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    with pytest.raises(VideoError) as error:
        read_image(tmp_path / "bad.png")
    assert error.value.message == f"cannot read '{tmp_path}/bad.png' as an image"
    with pytest.raises(VideoError, match="no image at"):
        read_image(tmp_path / "none.png")


def test_images_come_upright_and_opaque(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    Image.new("RGB", (40, 20)).save(tmp_path / "turned.jpg", exif=exif)
    assert read_image(tmp_path / "turned.jpg").size == (20, 40)
