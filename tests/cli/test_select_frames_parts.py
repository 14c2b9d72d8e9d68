"""`vidkit select-frames` on a part of a video, from a pipe, and into lists that other programs read."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vidkit.cli.main import run
from vidkit.video.mp4_stream import mp4_stream

RATE = 30000 / 1001
SHADES = 60


def write_shades(path: Path, times: np.ndarray) -> Path:
    """Frames that tell their number: 60 shades of grey, over and over, with a colour for each round."""
    with mp4_stream(path) as stream:
        for i, time_s in enumerate(times):
            grey = 20 + 3 * (i % SHADES)
            picture = np.full((48, 80, 3), grey, dtype=np.uint8)
            picture[:24, :, i // SHADES % 3] = 230
            stream.add(picture, float(time_s))
    return path


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shades(tmp_path_factory.mktemp("video") / "v.mp4", np.arange(600) / RATE)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def select_frames(*words: object) -> int:
    return run(["select-frames", *map(str, words), "write.plot=none", "write.sheet=false"])


def record(folder: Path) -> dict:
    return json.loads((folder / "selection.json").read_text())


def test_a_part_gives_frames_inside_with_the_times_of_the_file(
    video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [video, "red", "k=4", "method=uniform", "start=0:05.5", "end=12", "--html", "-o", tmp_path / "a"]
    assert select_frames(*words, "write.messages=interleaved") == 0
    data = record(tmp_path / "a")
    assert all(5.5 <= row["time_s"] < 12 for row in data["frames"])
    assert all(row["time_s"] == pytest.approx(row["source_index"] / RATE) for row in data["frames"])
    assert (data["sampler"]["start_s"], data["sampler"]["end_s"]) == (5.5, 12.0)
    assert data["sampler"]["candidates"] == 7 and data["segments"][-1]["end_s"] == 12.0
    assert "from 0:05.5 to 0:12.0" in capsys.readouterr().out
    assert "0:05.5 to 0:12.0" in (tmp_path / "a" / "page.html").read_text()
    assert "the part 0:05.5 to 0:12.0 of a video of 0:20.0" in (tmp_path / "a" / "messages.json").read_text()


def test_parts_do_not_share_their_cached_rows(video: Path, tmp_path: Path) -> None:
    # both have 70 candidates at one rate
    for name, start in (("a", 0), ("b", 7), ("c", 0)):
        words = [video, "red", "k=5", "fps=10", f"start={start}", f"end={start + 7}"]
        assert select_frames(*words, "-o", tmp_path / name) == 0
    a, b, c = (record(tmp_path / name) for name in "abc")
    assert a["frames"] == c["frames"] and c["timings"]["from_cache"]
    assert all(7 <= row["time_s"] < 14 for row in b["frames"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["start=1:75"], "error: start=1:75 is not a clock time"),
        (["start=-3"], "error: start=-3 is not a time"),
        (["start=9", "end=8"], "error: end=8 is not after start=9"),
        (["start=20.1"], "error: start=20.1 s is not before the end"),
    ],
)
def test_times_that_cannot_be_are_refused(
    words: list[str], message: str, video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert select_frames(video, *words, "-o", tmp_path / "a") == 2
    shown = capsys.readouterr().err
    assert message in shown and "hint: " in shown and not (tmp_path / "a" / "selection.json").exists()


def test_a_video_from_a_pipe_selects_as_from_its_file(video: Path, tmp_path: Path) -> None:
    words = ["red", "k=4", "write.plot=none", "write.sheet=false", "cache=off", "-o"]
    command = [sys.executable, "-m", "vidkit", "select-frames", "-", *words, str(tmp_path / "a")]
    with video.open("rb") as data:
        done = subprocess.run(command, stdin=data, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert select_frames(video, "red", "k=4", "cache=off", "-o", tmp_path / "b") == 0
    a, b = record(tmp_path / "a"), record(tmp_path / "b")
    assert a["frames"] == b["frames"] and a["input"]["path"] == "-"
    assert json.loads((tmp_path / "a" / "keyframes.json").read_text())[0]["video"] == "-"
    empty = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert empty.returncode == 2 and "error: standard input is empty" in empty.stderr


KINDS = "write.keyframe_list=[times,csv,json,force_key_frames,select,concat]"


def test_lists_hold_the_kept_frames(video: Path, tmp_path: Path) -> None:
    assert select_frames(video, "k=5", "method=uniform", "fps=7", KINDS, "-o", tmp_path) == 0
    kept = record(tmp_path)["frames"]
    times = [float(line) for line in (tmp_path / "keyframes.txt").read_text().split()]
    assert times == pytest.approx([row["time_s"] for row in kept], abs=1e-6)
    with (tmp_path / "keyframes.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["frame"]) for row in rows] == [row["source_index"] for row in kept]
    assert rows == [
        {k: str(v) for k, v in row.items()}
        for row in json.loads((tmp_path / "keyframe_list.json").read_text())
    ]
    assert rows[1]["timecode"] == f"00:00:0{kept[1]['time_s']:.3f}"


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_ffmpeg_reads_the_lists_as_meant(video: Path, tmp_path: Path) -> None:
    assert (
        select_frames(video, "k=5", "method=uniform", "fps=7", KINDS, "write.frames=png", "-o", tmp_path) == 0
    )
    kept = record(tmp_path)["frames"]

    def ffmpeg(*words: str) -> None:
        subprocess.run(["ffmpeg", "-v", "error", "-y", *words], check=True, cwd=tmp_path)

    ffmpeg(
        "-i",
        str(video),
        "-vf",
        (tmp_path / "select.txt").read_text().strip(),
        "-fps_mode",
        "passthrough",
        "out%d.png",
    )
    for rank, picture in enumerate(sorted((tmp_path / "frames").iterdir()), 1):
        ours, theirs = (
            np.asarray(Image.open(p).convert("RGB"), int) for p in (picture, tmp_path / f"out{rank}.png")
        )
        assert np.abs(ours - theirs).mean() < 2  # a shade is 3
    forced = (tmp_path / "force_key_frames.txt").read_text().strip()
    ffmpeg(
        "-i",
        str(video),
        "-force_key_frames",
        forced,
        "-c:v",
        "libx264",
        "-g",
        "9999",
        "-sc_threshold",
        "0",
        "forced.mp4",
    )
    words = ["-skip_frame", "nokey", "-show_entries", "frame=pts_time", "-of", "csv=p=0", "forced.mp4"]
    shown = subprocess.run(["ffprobe", "-v", "error", *words], capture_output=True, text=True, cwd=tmp_path)
    keys = [float(line.strip(", ")) for line in shown.stdout.split()]
    assert all(min(abs(key - row["time_s"]) for key in keys) < 1e-3 for row in kept)
    assert len(keys) <= len(kept) + 1  # the first frame is always one
    ffmpeg("-i", "frames.ffconcat", "-fps_mode", "vfr", "-c:v", "libx264", "slides.mp4")
    probe = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", "slides.mp4"]
    length = float(subprocess.run(probe, capture_output=True, text=True, check=True, cwd=tmp_path).stdout)
    assert length == pytest.approx(20.02 - kept[0]["time_s"], abs=0.1)


def test_concat_without_pictures_is_refused(
    video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert select_frames(video, "write.keyframe_list=[concat]", "write.frames=none", "-o", tmp_path) == 2
    assert "keyframe_list=concat shows the written frames" in capsys.readouterr().err


@pytest.mark.parametrize("rate", ["constant", "variable"])
def test_video_metadata_gives_transformers_the_true_times(rate: str, video: Path, tmp_path: Path) -> None:
    if rate == "variable":
        gaps = np.where(np.arange(200) % 7 == 0, 0.4, 0.05)
        video = write_shades(tmp_path / "vfr.mp4", np.cumsum(gaps) - gaps[0])
    assert (
        select_frames(video, "k=6", "method=uniform", "write.video_metadata=true", "-o", tmp_path / "a") == 0
    )
    kept = record(tmp_path / "a")["frames"]
    fields = json.loads((tmp_path / "a" / "video_metadata.json").read_text())
    assert max(fields["frames_indices"]) < fields["total_num_frames"]
    if rate == "constant":
        assert fields["frames_indices"] == [row["source_index"] for row in kept]
        assert fields["fps"] == pytest.approx(RATE, rel=1e-3) and fields["total_num_frames"] == 600
    utils = pytest.importorskip("transformers.video_utils")
    metadata = utils.VideoMetadata(**fields)
    assert metadata.timestamps == pytest.approx([row["time_s"] for row in kept], abs=0.02)
    assert set(fields) == {field for field in metadata}


def test_a_tilde_behind_a_key_is_the_home_folder(
    video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path)
    words = ["k=2", "output=~/out", "cache=~/cache", "write.plot=none", "write.sheet=false"]
    assert run(["select-frames", str(video), "red", *words]) == 0
    assert (tmp_path / "home" / "out" / "selection.json").is_file() and (tmp_path / "home" / "cache").is_dir()
    assert not (tmp_path / "~").exists()
