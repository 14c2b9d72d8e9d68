"""`start=` and `end=`: their spellings, and candidates of a part of a video."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from vidkit.errors import ConfigError, DataError, VideoError
from vidkit.frames.window import read_time, read_window, sample_window
from vidkit.utils.spool import spooled_input
from vidkit.video.types import Timeline


def timeline(times: np.ndarray, duration_s: float) -> Timeline:
    return Timeline(np.arange(times.size), times, np.ones(times.size, dtype=bool), duration_s)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90), ("12.5", 12.5), ("12,5", 12.5), (".5", 0.5), (90, 90), (1.5, 1.5), ("90s", 90),
        ("7 sec", 7), ("1:30", 90), ("90:00", 5400), ("0:07.25", 7.25), ("1:02:03.5", 3723.5),
        ("01:02:03,5", 3723.5), ("1h2m3s", 3723), ("2m", 120), ("1h", 3600), ("1 min 5 s", 65), (" 5 ", 5),
    ],
)  # fmt: skip
def test_times_as_people_write_them(text: str | float, seconds: float) -> None:
    assert read_time(text, "start") == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "-5", "1:75", "1:60:00", "1:2:3:4", "soon", "nan", "inf", "1e9x", "5%", "1:", ":30", "0x10"]
)
def test_what_is_no_time_is_refused_with_the_spellings(text: str) -> None:
    with pytest.raises(ConfigError, match=f"start={text} is no") as caught:
        read_time(text, "start")
    assert "1:30" in caught.value.hint


def test_an_end_before_the_start_is_refused() -> None:
    for start, end in (("60", "1:00"), ("61", "1:00"), (None, "0")):
        with pytest.raises(ConfigError, match="is not after start="):
            read_window(start, end)


def sampled(line: Timeline, start: str | None, end: str | None, k: int = 0, **more: object) -> np.ndarray:
    words = {"fps": 1.0, "phase": 0.0, "max_candidates": 7200, "rule": "times"} | more
    return sample_window(line, read_window(start, end), *words.values(), k).indices  # type: ignore[arg-type]


def test_candidates_lie_inside_and_keep_the_times_of_the_file() -> None:
    line = timeline(np.arange(600) / 10, 60.0)
    times = line.time_s[sampled(line, "20.5", "0:30")]
    assert times.tolist() == [20.5 + j for j in range(10)]
    assert sampled(line, None, None).size == 60 and sampled(line, "55", "999").size == 5
    assert line.time_s[sampled(line, "59.9", None)].tolist() == [59.9]


def test_uneven_frames_before_the_start_are_no_candidates() -> None:
    line = timeline(np.array([0.0, 9.7, 10.4, 10.5, 14.0, 20.0]), 21.0)
    assert sampled(line, "10", "20").tolist() == [2, 3, 4]
    with pytest.raises(ConfigError, match=r"no frame of the video lies between 11 s and 13 s"):
        sampled(line, "11", "13")
    with pytest.raises(ConfigError, match="not before the end of the video"):
        sampled(line, "21", None)


def test_rates_and_limits_belong_to_the_part() -> None:
    line = timeline(np.arange(60_000) / 10, 6000.0)
    assert sampled(line, "100", "200", fps=None).size == 100  # auto: 1 a second for a short part
    assert sampled(line, None, None, fps=None).size == 1500
    assert sampled(line, "1000", "3000", max_candidates=500).size == 500
    dense = sampled(line, "10", "14", k=16)
    assert dense.size >= 16 and dense.min() >= 100 and dense.max() < 140
    assert sampled(line, "10", "12", k=99).tolist() == list(range(100, 120))


def test_standard_input_is_private_and_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with (
        pytest.raises(VideoError, match=r"^cannot read standard input as a video$") as caught,
        spooled_input(100, io.BytesIO(b"x" * 100)) as path,
    ):
        assert path.read_bytes() == b"x" * 100
        assert path.stat().st_mode & 0o077 == 0 and path.parent.stat().st_mode & 0o077 == 0
        raise VideoError(f"cannot read '{path}' as a video", "", 4)
    assert caught.value.exit_code == 4 and not list(tmp_path.iterdir())


def test_standard_input_has_a_limit_and_must_not_be_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for data, words in ((b"x" * 101, "longer than"), (b"", "standard input is empty")):
        with pytest.raises(DataError, match=words), spooled_input(100, io.BytesIO(data)):
            raise AssertionError("not reached")
    assert not list(tmp_path.iterdir())
