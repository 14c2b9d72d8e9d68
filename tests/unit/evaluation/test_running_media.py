"""Frames, subtitles, sound and clips: the formulas of the authors' scripts on made files."""

import asyncio
import json

import av
import numpy as np
import pytest
from made_clips import write_clip

from vidkit.errors import ConfigError, VideoError
from vidkit.evaluation.running.budget import FrameBudget
from vidkit.evaluation.running.clip import cut_clip
from vidkit.evaluation.running.decode import VideoFile
from vidkit.evaluation.running.frames import blacken, read_frames
from vidkit.evaluation.running.indices import fit_area, rate_indices, uniform_indices
from vidkit.evaluation.running.media import MediaLoader
from vidkit.evaluation.running.subtitles import (
    between_frames,
    clip_spoken,
    segments,
    whole_text,
)
from vidkit.evaluation.types import Item, Part, PartKind, Prompt, Visuals
from vidkit.serving.sound import decode_mono, encode_wav
from vidkit.video.subtitles import SubtitleSegment as Segment


def grey(image) -> float:
    return float(np.asarray(image.to_pil()).mean())


@pytest.mark.parametrize(
    ("n_frames", "count", "expected"),
    [(10, 4, [2, 4, 6, 8]), (65, 64, list(range(1, 65))), (3, 5, [0, 1, 1, 2, 2]), (1, 3, [0, 0, 0])],
)
def test_uniform_indices_by_hand(n_frames, count, expected):
    assert uniform_indices(n_frames, count) == expected


@pytest.mark.parametrize("n_frames", [66, 100, 1000, 18_001])
def test_uniform_indices_never_touch_the_ends(n_frames):
    indices = uniform_indices(n_frames, 64)
    assert len(indices) == 64
    assert indices[0] > 0
    assert indices[-1] < n_frames - 1
    assert indices == sorted(indices)


def test_rate_indices_by_hand():
    assert rate_indices(100, 25.0, 1.0) == [0, 25, 50, 75]
    # 29.97 frames per second: int(90 / 29.97) = 3
    assert rate_indices(90, 29.97, 1.0) == [0, 29, 59]
    assert rate_indices(10, 30.0, 1.0) == [0]
    assert max(rate_indices(7, 1.0, 3.0)) <= 6


def test_fit_area_keeps_aspect_and_multiples():
    width, height = fit_area(1920, 1080, 448 * 448)
    assert (width, height) == (592, 336)
    assert fit_area(448, 448, 448 * 448) == (448, 448)
    assert fit_area(4000, 10, 448 * 448)[1] >= 16


@pytest.mark.parametrize(
    ("text", "method", "count", "fps", "label"),
    [
        ("uniform:64", "uniform", 64, 1.0, "64"),
        ("512", "uniform", 512, 1.0, "512"),
        ("fps:0.5", "fps", 64, 0.5, "0.5fps"),
        ("wfs-sb:32", "wfs-sb", 32, 1.0, "32 wfs-sb"),
        ("efs", "efs", 64, 1.0, "64 efs"),
        ("select:fps", "select:fps", 64, 1.0, "64 fps"),
    ],
)
def test_budget_is_read(text, method, count, fps, label):
    budget = FrameBudget.parse(text)
    assert (budget.method, budget.count, budget.fps, budget.label()) == (method, count, fps, label)


@pytest.mark.parametrize("text", ["uniform:many", "fps:0", "fps:nan", "uniform:0", "wfs-sb:1.5"])
def test_bad_budget_is_refused(text):
    with pytest.raises(ConfigError):
        FrameBudget.parse(text)


def test_frames_are_the_ones_the_formula_names(tmp_path):
    path = write_clip(tmp_path / "clip.mp4", seconds=4, fps=10)  # frame i is grey 4 * i
    frames = read_frames(path, FrameBudget(count=7))
    assert frames.indices == (5, 10, 15, 20, 25, 30, 35)
    assert frames.times_s == pytest.approx([0.5, 1, 1.5, 2, 2.5, 3, 3.5])
    assert [grey(image) for image in frames.images] == pytest.approx([20, 40, 60, 80, 100, 120, 140], abs=3)
    assert frames.duration_s == pytest.approx(4.0)
    assert frames.decoder.startswith("pyav ")


def test_frames_of_a_prefix_see_nothing_later(tmp_path):
    path = write_clip(tmp_path / "clip.mp4", seconds=4, fps=10)
    frames = read_frames(path, FrameBudget(method="fps", fps=10), end_s=1.5)
    assert frames.indices == tuple(range(15))
    assert max(grey(image) for image in frames.images) < 4 * 15
    later = read_frames(path, FrameBudget(count=3), start_s=2.0, end_s=3.0)
    assert later.indices == (22, 25, 27)
    assert later.times_s == pytest.approx([0.2, 0.5, 0.7])
    with pytest.raises(VideoError, match=r"\(4.00 s\) has no frame between 0 s and 0 s"):
        read_frames(path, FrameBudget(), end_s=0.0)


def test_short_video_repeats_frames(tmp_path):
    path = write_clip(tmp_path / "short.mp4", seconds=0.3, fps=10)
    frames = read_frames(path, FrameBudget(count=8))
    assert len(frames.images) == 8
    assert frames.indices == (0, 0, 1, 1, 1, 2, 2, 2)
    assert frames.images[3] is frames.images[4]


def test_cap_on_the_rate(tmp_path):
    path = write_clip(tmp_path / "clip.mp4", seconds=4, fps=10)
    assert len(read_frames(path, FrameBudget("fps", fps=5, max_frames=6)).images) == 6
    assert len(read_frames(path, FrameBudget("fps", fps=1, max_frames=6)).images) == 4


def test_frames_are_scaled_and_blackened(tmp_path):
    path = write_clip(tmp_path / "clip.mp4", seconds=1, fps=10, size=(128, 64))
    frames = read_frames(path, FrameBudget(count=2, area_px=64 * 64))
    assert frames.images[0].to_pil().size == (96, 48)
    black = blacken(frames)
    assert [grey(image) for image in black.images] == [0, 0]
    assert black.images[0].to_pil().size == (96, 48)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", r"'.*broken.mp4' is empty"), (b"not a video at all" * 50, r"cannot read '.*broken.mp4'")],
    ids=["empty", "text"],
)
def test_undecodable_video_is_named(tmp_path, content, message):
    path = tmp_path / "broken.mp4"
    path.write_bytes(content)
    with pytest.raises(VideoError, match=message):
        read_frames(path, FrameBudget())
    with pytest.raises(VideoError, match=r"no video '.*absent.mp4'"):
        read_frames(tmp_path / "absent.mp4", FrameBudget())


def header_first(path, target):
    """Copy a clip with its index before its data, as files from the web have it."""
    with av.open(str(path)) as source, av.open(str(target), "w", options={"movflags": "faststart"}) as copy:
        streams = {stream.index: copy.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                copy.mux(packet)
    return target.read_bytes()


@pytest.mark.parametrize("damage", ["no-header", "half", "zeros"])
def test_damaged_video_is_named(tmp_path, damage, capfd):
    path = write_clip(tmp_path / "whole.mp4", seconds=10)
    whole = path.read_bytes() if damage == "no-header" else header_first(path, tmp_path / "first.mp4")
    half = len(whole) // 2
    path = tmp_path / "torn.mp4"
    path.write_bytes(whole[:half] + (bytes(half) if damage == "zeros" else b""))
    with pytest.raises(VideoError, match=r"'.*torn.mp4'") as caught:
        read_frames(path, FrameBudget(count=8))
    if damage == "half":
        assert "is cut short: " in caught.value.message
        assert " of 100 frames are there" in caught.value.message
    assert len(capfd.readouterr().err.splitlines()) < 5


def test_sound_is_cut_and_survives_the_wav(tmp_path):
    path = write_clip(tmp_path / "clip.mp4", seconds=4)
    whole = decode_mono(path, 16_000)
    assert len(whole) / 16_000 == pytest.approx(4.0, abs=0.1)
    assert np.abs(whole[: int(1.8 * 16_000)]).max() < 0.05 < np.abs(whole[int(2.2 * 16_000) :]).max()
    prefix = decode_mono(path, 16_000, end_s=1.5)
    assert len(prefix) == 24_000
    again = decode_mono(encode_wav(whole, 16_000), 16_000)
    assert np.abs(again - np.clip(whole, -1, 1)).max() < 1e-3


def test_silent_clip_is_named(tmp_path):
    path = write_clip(tmp_path / "mute.mp4", sound=False)
    with pytest.raises(VideoError, match="has no sound track"):
        decode_mono(path, 16_000)


def test_cut_clip_is_a_playable_beginning(tmp_path):
    path = write_clip(tmp_path / "clip.mp4", seconds=4, fps=10)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(cut_clip(path, end_s=1.5))
    assert VideoFile(cut).n_frames == 15
    assert 1.3 <= len(decode_mono(cut, 16_000)) / 16_000 <= 1.7
    cut.write_bytes(b"junk")
    with pytest.raises(VideoError, match=r"cannot cut video '.*cut.mp4'"):
        cut_clip(cut, end_s=1.0)


WORDS = [
    Segment(0.0, 0.4, "Hello"),
    Segment(0.45, 0.8, "there."),
    Segment(0.85, 1.0, "We"),
    Segment(1.2, 1.4, "go"),
    Segment(1.5, 1.7, "now."),
    Segment(1.85, 2.0, "Stay"),
    Segment(2.6, 3.0, "here"),
]


def test_segments_by_hand():
    # gap 0.05 after a full stop goes on, 0.15 after one breaks, 0.6 always breaks
    assert [(one.text, one.start_s, one.end_s) for one in segments(WORDS)] == [
        ("Hello there. We go now.", 0.0, 1.7),
        ("Stay", 1.85, 2.0),
        ("here", 2.6, 3.0),
    ]
    assert whole_text(WORDS) == "Hello there. We go now. Stay here"
    assert segments([]) == []


def test_between_frames_by_hand():
    spoken = segments(WORDS)
    first, second, third = between_frames(spoken, [0.5, 1.7, 2.5], 4.0)
    assert first == "[Subtitle 0.00s - 1.70s]: Hello there. We go now."
    # end >= t_i counts: the first segment ends exactly at the second frame and is printed again
    assert second.splitlines() == [first, "[Subtitle 1.85s - 2.00s]: Stay"]
    assert third == "[Subtitle 2.60s - 3.00s]: here"


def test_clip_spoken_moves_to_the_clip():
    assert clip_spoken(WORDS, 1.0, 1.3) == [
        Segment(pytest.approx(-0.15), pytest.approx(0.0), "We"),
        Segment(pytest.approx(0.2), pytest.approx(0.4), "go"),
    ]


def test_a_budget_without_a_selector_opens_no_picker():
    from vidkit.evaluation.running import picker

    assert picker.open_picker(FrameBudget()) is None
    with pytest.raises(ConfigError, match="'wfs-bs'"):
        picker.open_picker(FrameBudget(method="wfs-bs"))


def test_subtitles_of_the_uncut_video_are_moved(tmp_path):
    lines = [
        {"text": "before", "start_time": 1, "end_time": 2},
        {"text": "in", "start_time": 91, "end_time": 92},
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    loader = MediaLoader(tmp_path, FrameBudget())
    visuals = Visuals(subtitles="a.jsonl", subtitles_start_s=90.0)
    prompt = Prompt((Part(PartKind.SUBTITLES),))
    item = Item("1", "g", "?", (), "A")
    media = asyncio.run(loader.load(item, visuals, prompt))
    assert media.spoken == (Segment(1.0, 2.0, "in"),)
