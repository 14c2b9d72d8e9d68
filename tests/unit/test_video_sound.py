"""Sound beside the pictures: as long as they are, what was put in, and silence where there is no number."""

import json
import shutil
import subprocess
from fractions import Fraction

import av
import numpy as np
import pytest

from vidkit.errors import VideoError
from vidkit.video.sound import Sound
from vidkit.video.writing import write_mp4


def tone(seconds, rate=24000, channels=2, hertz=440):
    wave = 0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)
    return Sound(np.stack([wave] * channels).astype(np.float32), rate)


def written(path, sound, frames=24, fps=24):
    pictures = np.random.default_rng(0).integers(0, 255, (frames, 32, 48, 3), dtype=np.uint8)
    write_mp4(path, pictures, fps, 20, sound)
    with av.open(str(path)) as container:
        lengths = {s.type: float(s.duration * s.time_base) for s in container.streams}
        heard = [frame.to_ndarray() for frame in container.decode(audio=0)] if "audio" in lengths else []
    return lengths, np.concatenate(heard, axis=1) if heard else None


@pytest.mark.parametrize(
    ("seconds", "fps", "frames", "rate", "channels"),
    [
        (1, 24, 24, 24000, 2),
        (3, 24, 17, 48000, 2),
        (0.2, 8, 9, 16000, 1),
        (2, Fraction(24000, 1001), 31, 24000, 2),
    ],
)
def test_a_video_plays_as_long_as_its_sound(tmp_path, seconds, fps, frames, rate, channels):
    lengths, heard = written(tmp_path / "a.mp4", tone(seconds, rate, channels), frames, fps)
    assert lengths["video"] == pytest.approx(frames / float(fps), abs=0.002)
    assert lengths["audio"] == pytest.approx(lengths["video"], abs=0.002)
    assert len(heard) == channels


def test_the_sound_that_is_written_is_the_one_that_was_given(tmp_path):
    _, heard = written(tmp_path / "a.mp4", tone(1, hertz=750))
    spectrum = np.abs(np.fft.rfft(heard[0][2048:18432]))
    assert np.argmax(spectrum) * 24000 / 16384 == pytest.approx(750, abs=3)
    assert np.abs(heard).max() == pytest.approx(0.5, abs=0.1)


def test_short_sound_is_followed_by_silence_and_no_number_is_silent(tmp_path):
    _, heard = written(tmp_path / "a.mp4", tone(0.25))
    assert np.abs(heard[:, :5000]).max() > 0.3 and np.abs(heard[:, 9000:22000]).max() < 0.02
    broken = Sound(np.full((2, 24000), np.nan, np.float32), 24000)
    _, heard = written(tmp_path / "b.mp4", broken)
    assert np.abs(heard).max() < 1e-3


def test_without_sound_there_is_no_track(tmp_path):
    lengths, _ = written(tmp_path / "a.mp4", None)
    assert set(lengths) == {"video"}


@pytest.mark.parametrize("shape", [(24000,), (6, 24000), (1, 2, 24000)])
def test_sound_of_other_shapes_is_refused(shape):
    with pytest.raises(VideoError, match=r"sound must be \[channels, N\] of 1 or 2 channels"):
        Sound(np.zeros(shape, np.float32), 24000)


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="needs ffprobe")
def test_other_programs_read_both_tracks(tmp_path):
    written(tmp_path / "a.mp4", tone(1), frames=24)
    words = ["ffprobe", "-v", "error", "-show_streams", "-of", "json", str(tmp_path / "a.mp4")]
    told = subprocess.run(words, capture_output=True, text=True, check=True)
    streams = {s["codec_type"]: s for s in json.loads(told.stdout)["streams"]}
    assert told.stderr == "" and streams["audio"]["codec_name"] == "aac"
    assert float(streams["audio"]["duration"]) == pytest.approx(
        float(streams["video"]["duration"]), abs=0.002
    )
