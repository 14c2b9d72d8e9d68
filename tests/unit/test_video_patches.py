"""Clips of which only a window is encoded: what is still stays as it is, what moves is shown."""

from pathlib import Path

import numpy as np
import pytest

from vidkit.mazes import MazeType, make
from vidkit.mazes.drawing import clip_file
from vidkit.mazes.drawing.skins import SKINS
from vidkit.video.h264_bits import BitReader, BitWriter, nal_units, payload_of, with_start_code
from vidkit.video.h264_slices import StreamParameters, UnknownStream
from vidkit.video.patch_writer import PatchWriter, gain_of
from vidkit.video.reader import open_video

SIDE = 20


def read(path: Path) -> np.ndarray:
    video = open_video(path)
    return np.stack([frame.pixels for frame in video.read(list(range(len(video.timeline))))])


def write(path: Path, size: tuple[int, int], places: list[tuple[int, int] | None]) -> None:
    """A gray square over a textured picture; None leaves it where it is."""
    width, height = size
    rng = np.random.default_rng(0)
    with PatchWriter(path, width, height, 24, (3 * SIDE, 3 * SIDE)) as writer:
        luma = writer.planes[0]
        luma[:] = np.kron(rng.integers(60, 180, (height // 4 + 1, width // 4 + 1)), np.ones((4, 4)))[
            :height, :width
        ]
        bare = luma.copy()
        last: tuple[int, int] | None = None
        for place in places:
            changed = None
            if place is not None and place != last:
                if last is not None:
                    luma[last[1] : last[1] + SIDE, last[0] : last[0] + SIDE] = bare[
                        last[1] : last[1] + SIDE, last[0] : last[0] + SIDE
                    ]
                luma[place[1] : place[1] + SIDE, place[0] : place[0] + SIDE] = 235
                both = [place, last or place]
                xs, ys = [x for x, _ in both], [y for _, y in both]
                changed = (min(xs), min(ys), max(xs) + SIDE, max(ys) + SIDE)
                last = place
            writer.add(changed)


def walk(count: int, size: tuple[int, int]) -> list[tuple[int, int] | None]:
    """Round the picture along its edges, every edge touched."""
    width, height = size[0] - SIDE, size[1] - SIDE
    t = np.linspace(0, 4, count)
    x = np.interp(t, [0, 1, 2, 3, 4], [0, width, width, 0, 0])
    y = np.interp(t, [0, 1, 2, 3, 4], [0, 0, height, height, 0])
    return [(int(a), int(b)) for a, b in zip(x, y, strict=True)]


@pytest.mark.parametrize("size", [(448, 400), (418, 330)], ids=["whole blocks", "cut blocks"])
def test_what_moves_is_shown_and_what_is_still_stays(size: tuple[int, int], tmp_path: Path) -> None:
    places = walk(150, size)
    write(tmp_path / "clip.mp4", size, places)
    frames = read(tmp_path / "clip.mp4").astype(int)
    assert frames.shape == (150, size[1], size[0], 3)
    for index in (1, 40, 77, 149):
        x, y = places[index]  # type: ignore[misc]
        assert frames[index, y + 2 : y + SIDE - 2, x + 2 : x + SIDE - 2].min() > 225
        away = np.ones(frames.shape[1:3], bool)
        away[max(0, y - 3) : y + SIDE + 3, max(0, x - 3) : x + SIDE + 3] = False
        seen = np.abs(frames[index] - frames[0]).max(-1)
        x0, y0 = places[0]  # type: ignore[misc]
        away[max(0, y0 - 3) : y0 + SIDE + 3, max(0, x0 - 3) : x0 + SIDE + 3] = False
        # encoded anew where the window was: the same up to quantisation
        assert seen[away].max() < 40
        assert seen[away].mean() < 2


def test_pictures_in_which_nothing_changes_cost_nothing_and_equal_the_one_before(tmp_path: Path) -> None:
    write(tmp_path / "still.mp4", (320, 320), [(40, 40)] + [None] * 60)
    write(tmp_path / "one.mp4", (320, 320), [(40, 40)])
    frames = read(tmp_path / "still.mp4")
    assert (frames[1:] == frames[0]).all()
    grown = (tmp_path / "still.mp4").stat().st_size - (tmp_path / "one.mp4").stat().st_size
    assert grown < 60 * 40


def test_a_long_clip_can_be_entered_in_its_middle(tmp_path: Path) -> None:
    places = walk(300, (320, 320))
    write(tmp_path / "clip.mp4", (320, 320), places)
    whole = read(tmp_path / "clip.mp4")
    (last,) = [frame.pixels for frame in open_video(tmp_path / "clip.mp4").read([280])]
    assert len(whole) == 300
    assert (last == whole[280]).all()


@pytest.mark.parametrize("kind", [kind for kind in MazeType if kind is not MazeType.REGULAR])
def test_windows_give_the_clips_that_whole_pictures_give(
    kind: MazeType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    level = make(kind, "hard", 5, list(SKINS[kind])[1])
    motion = level.motion(max(49, 2 * len(level.solution) + 1))
    found = []
    for gain in (0.0, 1e9):
        monkeypatch.setattr(clip_file, "_LEAST_GAIN", gain)
        clip_file.write_clip(tmp_path / "clip.mp4", level.stage, motion)
        found.append(read(tmp_path / "clip.mp4")[::6].astype(int))
    assert found[0].shape == found[1].shape
    for one, two in zip(*found, strict=True):
        assert np.abs(one - two).mean() < 0.5
        assert (np.abs(one - two).max(-1) > 48).mean() < 1e-4


def test_an_encoder_that_cannot_be_followed_writes_whole_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(headers: bytes) -> StreamParameters:
        raise UnknownStream("another profile")

    monkeypatch.setattr(StreamParameters, "of", refuse)
    monkeypatch.setattr(clip_file, "_LEAST_GAIN", 0.0)
    level = make("regular", "easy", 1)
    clip_file.write_clip(tmp_path / "clip.mp4", level.stage, level.motion())
    frames = read(tmp_path / "clip.mp4")
    assert len(frames) == len(level.motion())
    assert np.abs(frames[-1].astype(int) - level.render()[-1]).mean() < 4


def test_small_parts_of_large_pictures_are_worth_a_window() -> None:
    assert gain_of((40, 40), (1024, 1024)) > 15
    assert gain_of((40, 40), (210, 210)) < 2


def test_codes_and_numbers_survive_writing_and_reading() -> None:
    numbers = [0, 1, 2, 3, 7, 8, 255, 1000]
    write = BitWriter()
    for number in numbers:
        write.unsigned(number).signed(number).signed(-number).bits(number % 16, 4)
    reader = BitReader(write.payload())
    for number in numbers:
        assert reader.unsigned() == number
        assert reader.signed() == number
        assert reader.signed() == -number
        assert reader.bits(4) == number % 16
    assert reader.rest() == (0, 0)


@pytest.mark.parametrize("payload", [b"\0\0\0\0\1\x80", b"\0\0\1\0\0\3\x80", b"\xff\0\0\2\0\0\0\x80"])
def test_payloads_with_zeros_survive_as_nal_units(payload: bytes) -> None:
    stream = with_start_code(0x41, payload) + with_start_code(0x65, payload)
    units = nal_units(stream)
    assert [unit[0] for unit in units] == [0x41, 0x65]
    assert [payload_of(unit) for unit in units] == [payload, payload]
    assert stream.count(b"\0\0\1") == 2


def test_streams_of_another_kind_are_refused() -> None:
    high = with_start_code(0x67, bytes([100, 0, 30, 0x80, 0xFF]))
    with pytest.raises(ValueError, match="another profile"):
        StreamParameters.of(high)
