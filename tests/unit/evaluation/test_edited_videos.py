"""Videos that edit lists shorten are whole; files that end long before their header says are not."""

import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest

from scripts.numbered_videos import number_of, picture
from vidkit.errors import VideoError
from vidkit.evaluation.running.decode import VideoFile

pytestmark = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")
FRAMES = 120


def ffmpeg(*words: str | Path, given: bytes | None = None) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, words)], input=given, check=True)


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    raw = b"".join(picture(number).tobytes() for number in range(FRAMES))
    source = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "160x96", "-r", "25", "-i", "-")
    coding = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "60", "-movflags", "faststart")
    try:
        ffmpeg(*source, *coding, tmp_path / "whole.mp4", given=raw)
    except subprocess.CalledProcessError:
        pytest.skip("this ffmpeg has no libx264")
    return tmp_path / "whole.mp4"


def numbers(video: VideoFile) -> list[int]:
    wanted = np.linspace(0, video.n_frames - 1, 5).astype(int)
    return [number_of(picture) for picture in video.frames(wanted)]


def test_the_start_that_an_edit_list_cuts_away_is_not_missed(whole: Path) -> None:
    cut = whole.with_name("cut.mp4")
    ffmpeg("-ss", "1.9", "-i", whole, "-c", "copy", cut)
    video = VideoFile(cut)
    assert video.n_frames < 0.9 * FRAMES
    assert numbers(video)[0] == FRAMES - video.n_frames and numbers(video)[-1] == FRAMES - 1


def test_the_end_that_an_edit_list_cuts_away_is_not_missed(whole: Path) -> None:
    data = bytearray(whole.read_bytes())
    at = data.index(b"elst") + 12  # behind version, flags and the number of entries
    (duration,) = struct.unpack_from(">I", data, at)
    struct.pack_into(">I", data, at, duration // 2)
    cut = whole.with_name("cut.mp4")
    cut.write_bytes(data)
    video = VideoFile(cut)
    assert video.n_frames < 0.6 * FRAMES
    assert numbers(video) == list(np.linspace(0, video.n_frames - 1, 5).astype(int))


def test_a_file_that_ends_early_is_refused(whole: Path) -> None:
    data = whole.read_bytes()
    cut = whole.with_name("cut.mp4")
    cut.write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(VideoError, match=rf"is truncated: it has \d+ of {FRAMES} frames"):
        VideoFile(cut)
