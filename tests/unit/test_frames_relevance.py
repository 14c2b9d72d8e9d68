"""Subtitles, BM25, user scores and scaling of relevance."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from vidkit.errors import ConfigError, DataError
from vidkit.frames.relevance.bm25 import bm25_scores, spread_in_time
from vidkit.frames.relevance.normalise import normalise
from vidkit.frames.relevance.scores import read_scores
from vidkit.frames.relevance.subtitles import Cue, find_sidecar, read_subtitles, sentences
from vidkit.frames.relevance.words import stem, terms_of, words_of

SRT = (
    "1\n00:00:01,000 --> 00:00:03,500\nThe <i>penguins</i> dive.\n\n"
    "2\n00:00:04,000 --> 00:00:05,000\nA red car &amp; a bus\n"
)
VTT = (
    "WEBVTT\n\nNOTE a note\n\nintro\n00:01.000 --> 00:03.500 align:start\nThe penguins dive.\n\n"
    "00:04.000 --> 00:05.000\nA red car & a bus\n"
)
ASS = (
    "[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    "Dialogue: 0,0:00:01.00,0:00:03.50,Default,,0,0,0,,{\\i1}The penguins{\\i0} dive.\n"
    "Dialogue: 0,0:00:04.00,0:00:05.00,Default,,0,0,0,,A red car\\N& a bus\n"
)


@pytest.mark.parametrize(("suffix", "text"), [("srt", SRT), ("vtt", VTT), ("ass", ASS)])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_formats_and_encodings(tmp_path: Path, suffix: str, text: str, encoding: str) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(text.replace("\n", "\r\n").encode(encoding))
    assert read_subtitles(path).cues == (
        Cue(1.0, 3.5, "The penguins dive."),
        Cue(4.0, 5.0, "A red car & a bus"),
    )


def test_damaged_blocks_are_left_out_and_named(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_text(
        SRT + "\n3\n00:00:0x --> 00:00:09,000\nlost\n\n4\n00:00:09,000 --> 00:00:08,000\nbackwards\n"
    )
    found = read_subtitles(path)
    assert len(found.cues) == 2
    assert found.problems[0] == f"{path}:10: not a time line: '00:00:0x --> 00:00:09,000'"
    assert "ends before it starts" in found.problems[1]


@pytest.mark.parametrize("data", [b"", b"\x00\x01\x02" * 40, b"just words\nno times\n"])
def test_corrupt_files_say_so(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.srt"
    path.write_bytes(data)
    with pytest.raises(DataError, match="no subtitle in"):
        read_subtitles(path)
    with pytest.raises(DataError, match="cannot read the subtitles"):
        read_subtitles(tmp_path / "none.srt")


def test_sidecar_by_name_and_language(tmp_path: Path) -> None:
    video = tmp_path / "talk.mp4"
    assert find_sidecar(video) is None
    (tmp_path / "talk.en.srt").write_text(SRT)
    assert find_sidecar(video) == tmp_path / "talk.en.srt"
    (tmp_path / "talk.vtt").write_text(VTT)
    assert find_sidecar(video) == tmp_path / "talk.vtt"


def test_sentences_join_until_they_end() -> None:
    cues = (Cue(0, 1, "When the"), Cue(1.1, 2, "penguins dive."), Cue(2.1, 3, "They eat"), Cue(9, 10, "fish"))
    assert [cue.text for cue in sentences(cues)] == ["When the penguins dive.", "They eat", "fish"]


def test_stems_and_words() -> None:
    pairs = {
        "penguins": "penguin",
        "boxes": "box",
        "stories": "story",
        "running": "run",
        "dived": "div",
        "glass": "glass",
    }
    assert {word: stem(word) for word in pairs} == pairs
    assert terms_of("When do the penguins dive?") == ["penguin", "dive"]
    assert words_of("红色汽车 car") == ["红", "色", "汽", "车", "car"]


def test_bm25_by_hand() -> None:
    texts = ["penguin dive", "car", "penguin penguin fish fish"]
    idf = np.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    mean = 7 / 3
    wanted = [
        idf * 1 * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 2 / mean)),
        0.0,
        idf * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 4 / mean)),
    ]
    assert bm25_scores(texts, "penguins") == pytest.approx(wanted)
    assert bm25_scores([], "x").size == 0 and bm25_scores(["a"], "").tolist() == [0.0]


def test_relevance_is_full_inside_a_cue_and_fades_over_five_seconds() -> None:
    times = np.array([0.0, 7.5, 10.0, 11.0, 14.5, 17.0])
    got = spread_in_time(np.array([2.0]), np.array([10.0]), np.array([12.0]), times)
    assert got == pytest.approx([0, 0.5, 1, 1, 0.5, 0])


def test_scores_of_the_user(tmp_path: Path) -> None:
    times = np.arange(4.0)
    np.save(tmp_path / "a.npy", np.array([1.0, 2, 3, 4]))
    (tmp_path / "a.json").write_text(json.dumps({"times": [0, 3], "scores": [0, 6]}))
    (tmp_path / "a.csv").write_text("time,score\n0,1\n3,4\n")
    assert read_scores(tmp_path / "a.npy", times).tolist() == [1, 2, 3, 4]
    assert read_scores(tmp_path / "a.json", times).tolist() == [0, 2, 4, 6]
    assert read_scores(tmp_path / "a.csv", times).tolist() == [1, 2, 3, 4]
    np.save(tmp_path / "b.npy", np.zeros(3))
    with pytest.raises(DataError, match=r"scores of shape \[3\] for 4 candidates"):
        read_scores(tmp_path / "b.npy", times)
    (tmp_path / "b.csv").write_text("0,1\n1,x\n")
    with pytest.raises(DataError, match=r"b\.csv:2"):
        read_scores(tmp_path / "b.csv", times)


def test_scalings() -> None:
    r = np.array([1.0, 3.0, 3.0, 2.0])
    assert normalise(r, "none") is r
    assert normalise(r, "minmax").tolist() == [0, 1, 1, 0.5]
    assert normalise(r, "rank") == pytest.approx([0, 2.5 / 3, 2.5 / 3, 1 / 3])
    assert normalise(r, "sigmoid-z").argmin() == 0
    with pytest.raises(ConfigError, match="no scaling 'x'"):
        normalise(r, "x")


def test_text_streams_inside_the_video(tmp_path: Path) -> None:
    from fractions import Fraction
    from typing import Any

    import av

    from vidkit.frames.relevance.subtitles import read_embedded

    (tmp_path / "a.srt").write_text(SRT)
    with av.open(str(tmp_path / "a.mkv"), "w") as output, av.open(str(tmp_path / "a.srt")) as source:
        stream: Any = output.add_stream("libx264", rate=5)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        text: Any = output.add_stream_from_template(source.streams.subtitles[0])
        for i in range(40):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 5 * i, np.uint8), format="rgb24")
            frame.pts, frame.time_base = i, Fraction(1, 5)
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
        for packet in source.demux():
            if packet.size:
                packet.stream = text
                output.mux(packet)
    found = read_embedded(tmp_path / "a.mkv")
    assert found is not None and found.source.startswith("text stream 1")
    assert found.cues == (Cue(1.0, 3.5, "The penguins dive."), Cue(4.0, 5.0, "A red car & a bus"))


def test_packets_of_other_text_codecs() -> None:
    from vidkit.frames.relevance.subtitles import _packet_text

    assert _packet_text(b"\x00\x05hello\x00\x00\x00\x0cstyl", "mov_text") == "hello"
    assert _packet_text(b"0,0,Default,,0,0,0,,{\\b1}hi\\Nthere", "ass") == "hi there"
