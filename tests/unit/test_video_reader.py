"""Exact frames by both backends, on videos whose every picture carries its own number."""

from __future__ import annotations

import io
import os
import shutil
import struct
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from vidkit.errors import ConfigError, VideoError
from vidkit.frames.options import FrameOptions
from vidkit.video.reader import open_video
from vidkit.video.sampling import densify, displayed_at, sample_frames, target_times
from vidkit.video.timeline import scan_video

BITS = 8


def numbered_picture(number: int, width: int = 160, height: int = 96) -> np.ndarray:
    picture = np.full((height, width, 3), 40, np.uint8)
    for bit in range(BITS):
        left, right = bit * width // BITS, (bit + 1) * width // BITS
        picture[height // 4 : 3 * height // 4, left:right] = 230 if number >> bit & 1 else 20
    picture[: height // 8, : width // 4] = (250, 20, 20)
    return picture


def number_of(picture: np.ndarray) -> int:
    height, width = picture.shape[:2]
    row = picture[height // 2].astype(int).mean(axis=-1)
    return sum(int(row[int((bit + 0.5) * width / BITS)] > 125) << bit for bit in range(BITS))


def write_numbered(
    path: Path,
    count: int = 60,
    codec: str = "libx264",
    times: np.ndarray | None = None,
    fps: int = 25,
    pixel_format: str = "yuv420p",
    rotation: int | None = None,
    aspect: Fraction | None = None,
    audio: bool = False,
    **options: str,
) -> Path:
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=fps, options=options)
        stream.width, stream.height, stream.pix_fmt = 160, 96, pixel_format
        base = Fraction(1, 1000) if times is not None else Fraction(1, fps)
        if times is not None:
            stream.codec_context.time_base = base
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        if rotation is not None:
            if not hasattr(stream, "set_display_rotation"):
                pytest.skip("this PyAV cannot write a rotation")
            stream.set_display_rotation(rotation)
        sound: Any = container.add_stream("aac", rate=16000) if audio else None
        for i in range(count):
            frame = av.VideoFrame.from_ndarray(numbered_picture(i), format="rgb24")
            frame.pts = i if times is None else round(times[i] * 1000)
            frame.time_base = base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if sound is not None:
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.int16), format="s16", layout="mono")
            silence.rate, silence.pts = 16000, 0
            container.mux(sound.encode(silence))
            container.mux(sound.encode())
    return path


def write_silence(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        sound: Any = container.add_stream("aac", rate=16000)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.int16), format="s16", layout="mono")
        silence.rate, silence.pts = 16000, 0
        container.mux(sound.encode(silence))
        container.mux(sound.encode())
    return path


def write_no_frames(path: Path) -> Path:
    with av.open(str(path), "w", format="avi") as container:
        stream: Any = container.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        container.start_encoding()
    return path


UNEVEN = np.cumsum(np.random.default_rng(0).choice([0.02, 0.04, 0.1, 0.5], 60))
UNEVEN = UNEVEN - UNEVEN[0]
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "b-frames": ("a.mp4", {"bf": "3", "g": "20"}),
    "one-gop": ("a.mp4", {"bf": "2", "g": "250"}),
    "all-key": ("a.mp4", {"g": "1"}),
    "vfr-mp4": ("a.mp4", {"times": UNEVEN}),
    "vfr-mkv": ("a.mkv", {"times": UNEVEN}),
    "late-start": ("a.mkv", {"times": UNEVEN + 3.0}),
    "hevc": ("a.mp4", {"codec": "libx265", "x265-params": "log-level=none"}),
    "vp9": ("a.webm", {"codec": "libvpx-vp9", "deadline": "realtime", "cpu-used": "8"}),
    "av1": ("a.mp4", {"codec": "libsvtav1", "preset": "8", "crf": "20"}),
    "ten-bit": (
        "a.mp4",
        {"codec": "libx265", "pixel_format": "yuv420p10le", "x265-params": "log-level=none"},
    ),
    "mpeg4-avi": ("a.avi", {"codec": "mpeg4"}),
    "h264-avi": ("a.avi", {"bf": "3"}),
    "transport": ("a.ts", {"bf": "3", "g": "20"}),
    "raw": ("a.h264", {"bf": "3"}),
    "sound": ("a.mp4", {"audio": True}),
}


def has_encoder(codec: str) -> bool:
    try:
        av.codec.Codec(codec, "w")
    except Exception:
        return False
    return True


@pytest.fixture(params=CASES, ids=list(CASES))
def numbered(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    name, options = CASES[request.param]
    codec = options.get("codec", "libx264")
    if not has_encoder(codec):
        pytest.skip(f"this FFmpeg cannot make {codec} videos")
    return request.param, write_numbered(tmp_path / name, **options)


@pytest.mark.parametrize("backend", ["auto", "pyav"])
def test_frames_are_exact(numbered: tuple[str, Path], backend: str) -> None:
    _, path = numbered
    video = open_video(path, backend)
    assert len(video.timeline) == 60 and video.backend_reason
    for wanted in (range(60), [0], [59], [3, 17, 18, 40, 41, 59], [30, 31]):
        got = list(video.read(list(wanted)))
        assert [frame.index for frame in got] == list(wanted)
        assert [number_of(frame.pixels) for frame in got] == list(wanted)
    assert video.decode_errors == 0


def test_times_are_true_and_start_at_zero(numbered: tuple[str, Path]) -> None:
    case, path = numbered
    _, timeline = scan_video(path)
    true = UNEVEN if case.startswith(("vfr", "late")) else np.arange(60) / 25
    assert np.abs(timeline.time_s - true).max() < 2e-3


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.h264", {"bf": "2"}),
        ("a.hevc", {"codec": "libx265", "x265-params": "log-level=none"}),
        ("a.m4v", {"codec": "mpeg4"}),
    ],
)
def test_raw_streams_run_at_the_rate_in_their_headers(tmp_path: Path, name: str, options: Any) -> None:
    if not has_encoder(options.get("codec", "libx264")):
        pytest.skip(f"this FFmpeg cannot make {name}")
    info, timeline = scan_video(write_numbered(tmp_path / name, fps=10, **options))
    assert info.average_fps == 10
    assert np.abs(timeline.time_s - np.arange(60) / 10).max() < 1e-3
    assert timeline.duration_s == pytest.approx(6.0, abs=1e-3)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg makes the video")
def test_raw_dirac_numbers_its_pictures_and_has_no_times(tmp_path: Path) -> None:
    source = ["-f", "lavfi", "-i", "testsrc=size=192x128:rate=10:duration=2"]
    path = tmp_path / "a.drc"
    subprocess.run(["ffmpeg", "-v", "error", *source, "-c:v", "vc2", "-strict", "-2", path], check=True)
    info, timeline = scan_video(path)
    assert (info.average_fps, len(timeline)) == (10, 20)
    assert timeline.duration_s == pytest.approx(2.0, abs=1e-3)


def test_an_empty_file_is_called_empty(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    with pytest.raises(VideoError) as error:
        scan_video(tmp_path / "a.mp4")
    assert (error.value.message, error.value.exit_code) == (f"'{tmp_path}/a.mp4' is empty", 4)


@pytest.mark.parametrize("setting", ["stream", "threads"])
def test_numbers_below_zero_are_refused(setting: str) -> None:
    with pytest.raises(ConfigError, match=f"{setting} must be >= 0, got -1"):
        FrameOptions(**{setting: -1})


def test_a_pipe_is_told_from_a_missing_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(VideoError) as error:
        scan_video(tmp_path / "pipe")
    assert "is not a file that a decoder can seek in" in error.value.message
    assert error.value.hint == "give a file, or pipe it in and give -"


def test_candidates_are_the_frames_on_display(tmp_path: Path) -> None:
    video = open_video(write_numbered(tmp_path / "a.mp4", times=UNEVEN))
    sampling = sample_frames(video.timeline, fps=2.0)
    shown = {
        max(i for i in range(60) if UNEVEN[i] <= t + 1e-6)
        for t in np.arange(0, video.timeline.duration_s, 0.5)
    }
    assert sampling.indices.tolist() == sorted(shown)
    assert [number_of(f.pixels) for f in video.read(sampling.indices.tolist())] == sorted(shown)


@pytest.mark.parametrize(("rotation", "degrees"), [(-90, 90), (90, 270), (180, 180)])
@pytest.mark.parametrize("backend", ["auto", "ordered"])
def test_rotation_is_applied(tmp_path: Path, rotation: int, degrees: int, backend: str) -> None:
    video = open_video(write_numbered(tmp_path / "a.mp4", rotation=rotation), backend)
    assert video.info.rotation == degrees
    assert (video.info.width, video.info.height) == ((160, 96) if degrees == 180 else (96, 160))
    picture = next(video.read([5])).pixels
    back = np.rot90(picture, degrees // 90)
    assert number_of(back) == 5 and back[4, 10, 0] > 200 > back[4, 10, 1] + 100


def test_pixel_aspect_is_applied(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.mp4", aspect=Fraction(2, 1))
    video = open_video(path)
    with pytest.raises(VideoError, match=r"decord cannot read .* ignores the pixel aspect"):
        open_video(path, "decord")
    assert next(video.read([7])).pixels.shape == (96, 320, 3)


def test_edit_list_hides_frames(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.mp4", g="30", bf="0")
    data = bytearray(path.read_bytes())
    at = data.find(b"elst")
    if at < 0:
        pytest.skip("this muxer writes no edit list")
    version, entries = data[at + 4], struct.unpack(">I", data[at + 8 : at + 12])[0]
    assert version == 0 and entries == 1
    with av.open(str(path)) as container:
        ticks = int(1 / container.streams.video[0].time_base)
    struct.pack_into(">i", data, at + 16, ticks)  # play from second 1 of the media
    path.write_bytes(data)
    video = open_video(path)
    assert video.timeline.time_s[0] == 0.0 and len(video.timeline) == 35
    assert video.backend == "pyav"
    assert [number_of(f.pixels) for f in video.read([0, 10, 34])] == [25, 35, 59]


def test_short_side_shrinks_and_never_enlarges(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.mp4")
    for backend in ("decord", "pyav"):
        video = open_video(path, backend)
        assert next(video.read([3], short_side=48)).pixels.shape == (48, 80, 3)
        assert next(video.read([3], short_side=400)).pixels.shape == (96, 160, 3)
        assert number_of(next(video.read([3], short_side=48)).pixels) == 3


def test_backends_agree_on_colours(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.mp4")
    one, two = (next(open_video(path, b).read([9])).pixels.astype(int) for b in ("decord", "pyav"))
    assert np.abs(one - two).mean() < 2.0


def test_truncated_stream_gives_what_is_left(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.ts", g="10", bf="0")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.6)])
    video = open_video(path)
    frames = list(video.read(list(range(len(video.timeline)))))
    assert 20 < len(frames) < 60
    assert [number_of(f.pixels) for f in frames[:20]] == list(range(20))


@pytest.mark.parametrize("kind", ["mp4", "mkv"])
def test_a_file_that_breaks_off_says_how_much_is_missing(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    with av.open(str(path), "w", options={"movflags": "faststart"} if kind == "mp4" else {}) as container:
        stream: Any = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        noise = np.random.default_rng(0)
        for _ in range(40):
            picture = noise.integers(0, 255, (96, 160, 3), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    assert not any("could be read" in note for note in open_video(path).timeline.notes)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    timeline = open_video(path).timeline
    assert 1 < timeline.duration_s < 3
    assert f"the file says 4.0 s, only {timeline.duration_s:.1f} s could be read" in timeline.notes


def test_an_empty_clip_is_called_empty(tmp_path: Path) -> None:
    from vidkit.video.reading import read_clip

    (tmp_path / "zero.mp4").touch()
    with pytest.raises(VideoError, match="it is empty"):
        read_clip(tmp_path / "zero.mp4")


def test_corrupt_middle_is_counted_and_skipped(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.mp4", g="10", bf="0", **{"x264-params": "scenecut=0"})
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(video=0) if p.size]
    for packet in packets[20:30]:
        data[packet.pos + 5 : packet.pos + packet.size] = b"\x00" * (packet.size - 5)
    path.write_bytes(data)
    video = open_video(path)
    frames = list(video.read(list(range(60))))
    assert video.decode_errors > 0
    good = {f.index: number_of(f.pixels) for f in frames}
    assert all(good[i] == i for i in [*range(20), *range(30, 60)])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: p.write_bytes(b"this is not a video at all" * 50), "cannot read '.*' as a video"),
        (lambda p: p.write_bytes(b""), "'.*' is empty"),
        (lambda p: p.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid"), "pointer of Git LFS"),
        (lambda p: p.write_bytes(b"\n<!DOCTYPE html><html>404</html>"), "is a web page"),
        (lambda p: p.write_bytes(bytes(90_000)), "nothing but zeros"),
        (write_silence, "has audio but no video"),
        (write_no_frames, "has a video stream without frames"),
    ],
    ids=["text", "empty", "lfs", "page", "zeros", "audio-only", "zero-frames"],
)
def test_not_a_video(tmp_path: Path, make: Any, message: str) -> None:
    path = tmp_path / "a.mp4"
    make(path)
    with pytest.raises(VideoError, match=message) as caught:
        open_video(path)
    assert caught.value.exit_code == 4


def test_mp4_cut_before_its_index(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.mp4")
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(VideoError, match=r"breaks off before its index \(moov\)") as caught:
        open_video(path)
    assert caught.value.exit_code == 4


def test_missing_file_and_stream(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match="no video at"):
        open_video(tmp_path / "none.mp4")
    path = write_numbered(tmp_path / "a.mp4")
    with pytest.raises(VideoError, match="has 1 video streams, not stream 2"):
        open_video(path, stream=2)
    with pytest.raises(ConfigError, match="no reader 'ffmpeg'"):
        open_video(path, "ffmpeg")
    with pytest.raises(ConfigError, match="frame 60 of a video of 60 frames"):
        open_video(path).read([60])
    with pytest.raises(ConfigError, match="not increasing"):
        open_video(path).read([4, 4])


def test_one_frame_video(tmp_path: Path) -> None:
    video = open_video(write_numbered(tmp_path / "a.mp4", count=1))
    assert len(video.timeline) == 1 and number_of(next(video.read([0])).pixels) == 0
    assert sample_frames(video.timeline).indices.tolist() == [0]


def test_animated_gif(tmp_path: Path) -> None:
    pictures = [Image.fromarray(numbered_picture(i)) for i in range(12)]
    pictures[0].save(tmp_path / "a.gif", save_all=True, append_images=pictures[1:], duration=100)
    video = open_video(tmp_path / "a.gif")
    assert video.backend == "pyav"
    assert [number_of(f.pixels) for f in video.read(list(range(12)))] == list(range(12))


def test_image_folder_in_natural_order(tmp_path: Path) -> None:
    for i in range(12):
        Image.fromarray(numbered_picture(i)).save(tmp_path / f"frame{i}.png")
    (tmp_path / "frame0.png").write_bytes(b"broken")
    video = open_video(tmp_path, frame_rate=4.0)
    assert video.backend == "images" and video.timeline.duration_s == 3.0
    frames = list(video.read(list(range(12))))
    assert [number_of(f.pixels) for f in frames] == [i for i in range(1, 12)]
    assert video.decode_errors == 1
    (tmp_path / "empty").mkdir()
    with pytest.raises(VideoError, match="no image in the folder"):
        open_video(tmp_path / "empty")


def test_authors_rule_drifts_and_ours_does_not(tmp_path: Path) -> None:
    _, timeline = scan_video(write_numbered(tmp_path / "a.mp4", count=60))
    assert sample_frames(timeline, 10.0, rule="authors").indices.tolist()[:4] == [0, 2, 4, 6]
    assert timeline.time_s[sample_frames(timeline, 10.0).indices][:5] == pytest.approx(
        [0, 0.08, 0.2, 0.28, 0.4]
    )


def test_candidate_limits(tmp_path: Path) -> None:
    _, timeline = scan_video(write_numbered(tmp_path / "a.mp4", count=60))
    capped = sample_frames(timeline, 25.0, max_candidates=12)
    assert (
        capped.indices.size == 12 and capped.effective_fps == pytest.approx(5.0) and "lowered" in capped.note
    )
    assert densify(timeline, sample_frames(timeline), 16).indices.size >= 16
    assert densify(timeline, sample_frames(timeline), 999).indices.tolist() == list(range(60))
    for bad in (0.0, -1.0, float("nan")):
        with pytest.raises(ConfigError, match="fps must be"):
            sample_frames(timeline, bad)
    assert displayed_at(timeline, target_times(2.4, 3.0)).tolist() == [0, 8, 16, 25, 33, 41, 50, 58]


def test_a_stream_whose_pixel_format_is_not_known_is_refused(tmp_path: Path) -> None:
    whole = io.BytesIO()
    with av.open(whole, "w", format="matroska") as file:
        stream = file.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for packet in [*stream.encode(av.VideoFrame(64, 64, "yuv420p")), *stream.encode()]:
            file.mux(packet)
    path = tmp_path / "damaged.mkv"  # its pictures are those of another codec than its header names
    path.write_bytes(whole.getvalue().replace(b"V_MPEG4/ISO/ASP", b"V_MPEG4/ISO/AVC"))
    with pytest.raises(VideoError), open_video(path) as video:
        video.read([0])
