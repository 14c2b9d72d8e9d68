"""Random reads equal reading in order: odd codecs, groups of pictures, containers, clocks and damage."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from scripts.numbered_videos import Case, cases, encode, number_of, picture
from scripts.reader_matrix import examine
from vidkit.errors import VideoError
from vidkit.frames.options import FrameOptions
from vidkit.frames.outputs.writer import OutputOptions, write_selection
from vidkit.frames.pipeline import select_from_video
from vidkit.video.bitstream import Inspector
from vidkit.video.decoding import Decoding
from vidkit.video.reader import open_video
from vidkit.video.seeking_backend import SeekingBackend
from vidkit.video.selfcheck import check_seeks
from vidkit.video.stamps import display_order, repair
from vidkit.video.timeline import scan
from vidkit.video.types import Frame

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
PUBLIC = Path(__file__).parents[2].parent / "shared" / "data" / "faults" / "frames" / "public"
ALL = {f"{case.name}.{case.suffix}": case for case in cases()}
QUICK = (
    "h264 open-gop.mkv", "h264 open-gop pyramid.mp4", "h264 intra-refresh.ts", "h264 no-b.mpg",
    "hevc default.mkv", "hevc keyint=30.mp4", "hevc keyint=30.ts", "vp8 alt-ref.webm", "vp9 alt-ref.webm",
    "mpeg2.mpg", "mpeg2.ts", "mpeg2 closed.mpg",
    "mpeg4.mp4", "mpeg4 xvid.mp4", "wmv2.wmv", "joined.ts", "joined.mkv", "clock wraps.ts",
    "trimmed, copied.mp4", "cut open gop hevc.mkv", "no cues.mkv", "negative offsets.mp4", "one frame.mp4",
)  # fmt: skip


def made(folder: Path, name: str) -> tuple[Path, Case]:
    case = ALL[name]
    case = replace(case, frames=min(case.frames, 120))  # some tests below count them
    path = folder / f"a.{case.suffix}"
    try:
        encode(path, case)
    except RuntimeError as error:
        pytest.skip(f"this ffmpeg cannot make {name}: {error}")
    return path, case


def run_ffmpeg(*words: str | Path) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, words)], check=True)


@needs_ffmpeg
@pytest.mark.parametrize("name", QUICK)
def test_random_reads_give_the_frames_asked_for(tmp_path: Path, name: str) -> None:
    path, case = made(tmp_path, name)
    row = examine(path, case, "auto", reads=8)
    assert row["frames"] == row["expected"] and row["wrong"] == 0, row
    if not case.by_ffmpeg and case.rate == "25":
        assert row["duration_s"] == pytest.approx(row["expected"] / 25, abs=0.05)


@needs_ffmpeg
@pytest.mark.parametrize("reader", ["ordered", "decord"])
def test_readers_in_order_are_exact_where_seeks_of_decord_are_not(tmp_path: Path, reader: str) -> None:
    path, case = made(tmp_path, "hevc keyint=30.mp4")
    row = examine(path, case, reader, reads=3)
    assert row["wrong"] == 0 and row["compared"] > 3


@needs_ffmpeg
def test_a_seek_that_differs_is_found_when_the_file_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = made(tmp_path, "h264 keyint=30.mp4")
    true = SeekingBackend.decode_from

    def one_late(
        self: SeekingBackend, decoding: Decoding, wanted: Sequence[int], entry: int
    ) -> Iterator[tuple[int, Any]]:
        late = entry >= 60
        for index, decoded in true(self, decoding, [i + late for i in wanted], entry):
            yield index - late, decoded

    monkeypatch.setattr(SeekingBackend, "decode_from", one_late)
    check = check_seeks(scan(path))
    assert check.differs_at is not None and not check.is_good
    video = open_video(path)
    assert "a seek did not give the frame" in video.backend_reason
    assert "read in order" in video.timeline.notes[0]
    assert [number_of(frame.pixels) for frame in video.read([37, 65, 110])] == [37, 65, 110]


@needs_ffmpeg
def test_packets_that_change_after_a_seek_end_seeking(tmp_path: Path) -> None:
    path, _ = made(tmp_path, "h264 keyint=30.mp4")
    found = scan(path)
    backend = SeekingBackend(found)
    backend._rows = {pts: row + (row > 50) for pts, row in backend._rows.items()}
    got = [(frame.index, number_of(frame.pixels)) for frame in backend.read([40, 70, 110], None)]
    assert "packets after a seek" in backend.in_order or backend.decode_errors
    assert all(index == number for index, number in got)


@needs_ffmpeg
def test_second_stream_has_its_own_pictures_and_facts(tmp_path: Path) -> None:
    path, _ = made(tmp_path, "h264 keyint=30.mp4")
    for name in ("two.mkv", "two.mp4"):
        both = tmp_path / name
        source = "testsrc=s=320x240:r=10:d=4"
        run_ffmpeg(
            "-i", path, "-f", "lavfi", "-i", source, "-map", "0:v", "-map", "1:v", "-c:v", "libx264", both
        )
        first, second = open_video(both), open_video(both, stream=1)
        assert (first.info.width, first.info.frame_count, first.info.average_fps) == (160, 120, 25)
        assert (second.info.width, second.info.frame_count, second.info.average_fps) == (320, 40, 10)
        assert next(second.read([7])).pixels.shape == (240, 320, 3)
        assert number_of(next(first.read([100])).pixels) == 100
        assert "not read: stream=1 (h264 320x240)" in first.timeline.notes[0]


@needs_ffmpeg
@pytest.mark.parametrize("suffix", ["mkv", "mp4", "ts"])
def test_second_zero_is_where_a_player_starts(tmp_path: Path, suffix: str) -> None:
    path, _ = made(tmp_path, "h264 keyint=30.mp4")
    late, early = tmp_path / f"late.{suffix}", tmp_path / f"early.{suffix}"
    sound = ("-f", "lavfi", "-i", "anullsrc", "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "aac")
    run_ffmpeg("-itsoffset", "5", "-i", path, *sound, "-t", "9.8", late)
    run_ffmpeg("-i", path, *sound, "-t", "4.8", early)
    assert open_video(late).timeline.time_s[0] == pytest.approx(5.0, abs=0.03)
    assert open_video(late).timeline.duration_s == pytest.approx(9.8, abs=0.03)
    # the sound encoder's lead-in of 0.02 s moves nothing
    assert open_video(early).timeline.time_s[[0, 25]] == pytest.approx([0.0, 1.0], abs=2e-3)


@needs_ffmpeg
def test_damaged_key_frames_give_what_reading_in_order_gives(tmp_path: Path) -> None:
    path, _ = made(tmp_path, "h264 keyint=30.mp4")
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        keys = [p for p in container.demux(video=0) if p.size and p.is_keyframe]
    for packet in keys[2:3]:
        middle = packet.pos + packet.size // 2
        data[middle : packet.pos + packet.size] = bytes(packet.pos + packet.size - middle)
    path.write_bytes(data)
    in_order = {f.index: f.pixels for f in open_video(path, "ordered", threads=1).read(range(120))}
    video = open_video(path, threads=1)
    first = int(np.searchsorted(video.timeline.pts, keys[2].pts))
    for index in (first, first + 1, first + 9):
        assert np.array_equal(next(video.read([index])).pixels, in_order[index])
    assert video.decode_errors > 0


@needs_ffmpeg
def test_record_files_and_table_agree_when_frames_are_lost(tmp_path: Path) -> None:
    path, _ = made(tmp_path, "h264 no-b.mp4")
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(video=0) if p.size]
    for packet in packets[60:90]:
        data[packet.pos + 4 : packet.pos + packet.size] = bytes(packet.size - 4)
    path.write_bytes(data)
    options = FrameOptions(method="uniform", k=12, features="none", relevance="none")
    result = select_from_video(path, "", options)
    (tmp_path / "out").mkdir()
    written = write_selection(result, tmp_path / "out", options, OutputOptions(html=True, plot="none"))
    files = list((tmp_path / "out" / "frames").iterdir())
    table = (tmp_path / "out" / "selection.csv").read_text().splitlines()[1:]
    record = json.loads((tmp_path / "out" / "selection.json").read_text())
    assert 0 < len(files) < 12
    assert (
        len(files) == len(record["frames"]) == len(table) == len(written.frames) == result.frame_numbers.size
    )
    assert any("chosen frames cannot be decoded" in warning for warning in record["warnings"])


@needs_ffmpeg
def test_pictures_of_changing_size_are_all_read(tmp_path: Path) -> None:
    options = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "20", "-f", "mpegts")
    small = Case("small", "ts", options, frames=60)
    large = Case("large", "ts", options, frames=60, size=(320, 192))
    encode(tmp_path / "a.ts", small)
    encode(tmp_path / "b.ts", large, first=60)
    (tmp_path / "c.ts").write_bytes((tmp_path / "a.ts").read_bytes() + (tmp_path / "b.ts").read_bytes())
    video = open_video(tmp_path / "c.ts")
    frames = list(video.read([0, 59, 60, 100, 119]))
    assert [number_of(frame.pixels) for frame in frames] == [0, 59, 60, 100, 119]
    assert {frame.pixels.shape for frame in frames} == {(96, 160, 3)}


@needs_ffmpeg
def test_pictures_of_other_proportions_keep_them(tmp_path: Path) -> None:
    options = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "20", "-f", "mpegts")
    encode(tmp_path / "a.ts", Case("wide", "ts", options, frames=20))
    encode(tmp_path / "b.ts", Case("tall", "ts", options, frames=20, size=(160, 384)), first=20)
    (tmp_path / "c.ts").write_bytes((tmp_path / "a.ts").read_bytes() + (tmp_path / "b.ts").read_bytes())
    wide, tall = open_video(tmp_path / "c.ts").read([10, 30])
    assert wide.pixels.shape == tall.pixels.shape == (96, 160, 3)
    columns = np.flatnonzero(tall.pixels.max(axis=(0, 2)) > 30)
    assert (columns.min(), columns.max()) == (60, 99)  # 40 of 160 columns, in the middle


@needs_ffmpeg
def test_damaged_pictures_are_the_same_at_every_reading(tmp_path: Path) -> None:
    noise = ("-vf", "noise=alls=20", "-c:v", "libx264", "-g", "50", "-pix_fmt", "yuv420p")
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=6", *noise, tmp_path / "a.mp4")
    data, rng = bytearray((tmp_path / "a.mp4").read_bytes()), np.random.default_rng(1)
    for place in rng.integers(len(data) // 4, len(data) * 3 // 4, 12):
        data[place : place + 40] = rng.bytes(40)
    (tmp_path / "b.mp4").write_bytes(data)
    sums = set()
    for _ in range(4):
        video = open_video(tmp_path / "b.mp4", threads=4)
        frames = list(video.read(range(1, 150, 4)))
        sums.add(hashlib.sha256(b"".join(frame.pixels.tobytes() for frame in frames)).hexdigest())
        assert video.decode_errors
    assert len(sums) == 1


@needs_ffmpeg
@pytest.mark.parametrize(
    ("decoded", "given", "lost"),
    [
        ([0, 1, 4, 2, 3, 5], [0, 1, 2, 3, 4, 5], 0),
        ([1, 2, 3], [1, 2, 3], 0),
        ([*range(1, 20), 0, 20], [*range(1, 21)], 1),
        ([2, 0], [0, 2], 0),
    ],
)
def test_frames_of_a_second_try_come_in_order_or_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decoded: list[int], given: list[int], lost: int
) -> None:
    path, _ = made(tmp_path, "h264 keyint=30.mp4")
    backend = SeekingBackend(scan(path))

    def as_decoded(indices: Sequence[int], short_side: int | None) -> Iterator[Frame]:
        return (Frame(index, index, float(index), np.zeros((2, 2, 3), np.uint8)) for index in decoded)

    monkeypatch.setattr(backend, "_as_decoded", as_decoded)
    assert [frame.index for frame in backend.read(range(max(decoded) + 1), None)] == given
    assert backend.decode_errors == lost


@needs_ffmpeg
def test_an_encrypted_video_is_refused(tmp_path: Path) -> None:
    key, number = "76a6c65c5ea762046bd749a2e632ccbb", "a7e61c373e219033c21091fa607bf3b8"
    lock = ("-encryption_scheme", "cenc-aes-ctr", "-encryption_key", key, "-encryption_kid", number)
    source = ("-f", "lavfi", "-i", "testsrc2=s=160x96:r=25:d=2", "-c:v", "libx264", "-pix_fmt", "yuv420p")
    run_ffmpeg(*source, *lock, tmp_path / "locked.mp4")
    with pytest.raises(VideoError, match="is encrypted") as error:
        open_video(tmp_path / "locked.mp4")
    assert "copy protection" in error.value.hint


@needs_ffmpeg
def test_parts_of_a_stream_and_scrambled_packets_are_told(tmp_path: Path) -> None:
    video = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "25")
    encode(tmp_path / "a.ts", Case("clear", "ts", video, frames=60))
    packets = bytearray((tmp_path / "a.ts").read_bytes())
    for place in range(3 * 188, len(packets), 188):  # after the tables
        packets[place + 3] |= 0x80
        packets[place + 4 : place + 188] = bytes(sign ^ 0x5A for sign in packets[place + 4 : place + 188])
    (tmp_path / "locked.ts").write_bytes(packets)
    dash = ("-movflags", "frag_keyframe+empty_moov+default_base_moof")
    encode(tmp_path / "b.mp4", Case("parts", "mp4", (*video, *dash), frames=60))
    data = (tmp_path / "b.mp4").read_bytes()
    cut = data.index(b"moof") - 4
    (tmp_path / "init.mp4").write_bytes(data[:cut])
    (tmp_path / "segment.m4s").write_bytes(data[cut:])
    for name, message in (
        ("locked.ts", "is encrypted"),
        ("init.mp4", "is the beginning of a stream"),
        ("segment.m4s", "is a segment of a stream"),
    ):
        with pytest.raises(VideoError, match=message):
            open_video(tmp_path / name)


def test_clocks_are_repaired() -> None:
    base = Fraction(1, 90_000)
    even = [i * 3600 for i in range(20)]
    assert repair(even, base, 3600, False)[0].tolist() == even and not repair(even, base, 3600, True)[1]
    back, notes = repair([*even, *even], base, 3600, False)
    assert back.tolist() == [i * 3600 for i in range(40)] and "jumps 1 times" in notes[0]
    wrapped, notes = repair([(2**33 - 7200 + i * 3600) % 2**33 for i in range(5)], base, 3600, True)
    assert np.diff(wrapped).tolist() == [3600] * 4 and not notes
    holes, _ = repair([None, 3600, None, None, 14400, None], base, 3600, False)
    assert holes.tolist() == [i * 3600 for i in range(6)]
    swapped, notes = repair([0, 3600, 10800, 7200, 14400], base, 3600, False)
    assert (np.diff(swapped) > 0).all() and swapped[[0, 1, 4]].tolist() == [0, 3600, 14400] and notes
    same, _ = repair([0, 0, 0, 3600], base, 3600, False)
    assert (np.diff(same) > 0).all() and same[-1] == 3600
    gap = [0, 3600, 90_000 * 60]
    assert repair(gap, base, 3600, False)[0].tolist() == gap
    assert repair(gap, base, 3600, True)[0].tolist() == [0, 3600, 7200]
    assert repair([None, None], base, 3600, True)[0].tolist() == [0, 3600]


def test_pictures_mixed_at_a_hole_are_sorted_and_other_clocks_are_not() -> None:
    mixed = [0, 3600, 7200, 500_000, 10_800, 503_600, 507_200]
    assert display_order(mixed, 3600) == [0, 1, 2, 4, 3, 5, 6]
    for other in (
        [0, 7200, 3600, 10_800, 18_000, 14_400],  # packed B frames
        [0, 3600, 7200] * 2,
        [i * 3600 % 36_000 for i in range(40)],
        [0, 0, 3600, 3600, None, 10_800],
    ):
        assert display_order(other, 3600) == list(range(len(other)))


@needs_ffmpeg
def test_holes_in_a_transport_stream_keep_the_clock(tmp_path: Path) -> None:
    options = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "25", "-bf", "2")
    encode(tmp_path / "a.ts", Case("whole", "ts", options, frames=500))
    data = (tmp_path / "a.ts").read_bytes()
    cuts = [int(len(data) / 188 * share) * 188 for share in (0.2, 0.25, 0.5, 0.8)]
    path = tmp_path / "holes.ts"
    path.write_bytes(data[: cuts[0]] + data[cuts[1] : cuts[2]] + data[cuts[3] + 77 :])
    video = open_video(path)
    assert video.timeline.duration_s == pytest.approx(20.0, abs=0.3)
    frames = list(video.read(range(len(video.timeline))))
    late = [number_of(frame.pixels) - round(frame.time_s * 25) for frame in frames]
    assert len(frames) > 280 and late.count(0) > len(frames) - 20  # the others are damaged
    again = [number_of(frame.pixels) for frame in video.read(range(0, len(video.timeline), 3))]
    assert again == [number_of(frame.pixels) for frame in frames[::3]]


def test_entries_are_told_by_structure() -> None:
    h264 = Inspector("h264", b"", False)
    picture_unit = b"\0\0\1\x41\x9a\0\0\0"
    assert h264.is_entry(b"\0\0\0\1\x65\x88\x84")
    assert not h264.is_entry(picture_unit)
    for count, bits in ((0, 0b1000_0000), (3, 0b0010_0000)):
        recovery = b"\0\0\1\x06\x06\x01" + bytes([bits | 0b100]) + b"\x80"
        assert h264.is_entry(recovery + picture_unit) == (count == 0)
    lengths = Inspector("h264", bytes([1, 100, 0, 30, 0xFF, 0xE1, 0, 0]), False)
    assert lengths.is_entry(b"\0\0\0\3\x65\x88\x84") and not lengths.is_entry(b"\0\0\0\3\x41\x88\x84")
    hevc = Inspector("hevc", b"", False)
    for kind, entry in ((1, False), (9, False), (16, True), (19, True), (21, True)):
        assert hevc.is_entry(b"\0\0\1" + bytes([kind << 1, 1, 0x80])) == entry
    vp9 = Inspector("vp9", b"", False)
    assert vp9.is_entry(b"\x82\x49") and not vp9.is_entry(b"\x86\x00")
    assert vp9.is_hidden(b"\x84\x00") and not vp9.is_hidden(b"\x86\x00") and not vp9.is_hidden(b"\x88")
    assert not vp9.is_hidden(b"\x84\x00\xc0")  # a superframe shows its last picture
    av1 = Inspector("av1", b"", False)
    assert av1.is_entry(b"\x12\0\x32\x02\x10\0") and not av1.is_entry(b"\x12\0\x32\x02\x00\0")
    assert not Inspector("h264", b"", False).is_entry(b"") and not av1.is_entry(b"\x32")


def test_the_encoders_version_goes_before_every_entry() -> None:
    text = bytes(16) + b"x264 - core 142 - H.264/MPEG-4 AVC codec"
    note = b"\0\0\0\1\x06\x05" + bytes([len(text)]) + text + b"\x80"
    first = note + b"\0\0\1\x65\x88\x84"
    assert Inspector("h264", b"", False).encoder_note(first) == note
    assert Inspector("h264", b"", False).encoder_note(b"\0\0\1\x65\x88\x84") == b""
    sized = len(note[4:]).to_bytes(4, "big") + note[4:]
    extradata = bytes([1, 100, 0, 30, 0xFF, 0xE1, 0, 0])
    assert Inspector("h264", extradata, False).encoder_note(sized + b"\0\0\0\3\x65\x88\x84") == sized


def test_the_numbers_in_pictures_can_be_read() -> None:
    assert [number_of(picture(n)) for n in (0, 1, 511, 1023)] == [0, 1, 511, 1023]


@pytest.mark.skipif(not PUBLIC.is_dir(), reason="the public test videos are not here")
@pytest.mark.parametrize("number", range(4))
def test_public_videos_equal_reading_in_order(number: int) -> None:
    expected = json.loads((PUBLIC / "random_access.json").read_text())["files"][number]
    path = PUBLIC / Path(expected["path"]).name
    video = open_video(path)
    pts = video.timeline.pts
    assert (len(pts), pts[0], pts[-1]) == (expected["frames"], expected["first_pts"], expected["last_pts"])
    for wanted in expected["reads"] or [[len(pts) // 2]]:
        sums = {f.index: hashlib.md5(f.pixels.tobytes()).hexdigest() for f in video.read(wanted)}
        assert sorted(sums) == wanted
        assert not expected["reads"] or all(sums[i] == expected["md5_rgb24"][str(i)] for i in wanted)
