"""Subtitles beside and inside a video: which of several languages a query gets."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.stream import Disposition

from vidkit.video.subtitles import SubtitleSegment, find_subtitles
from vidkit.video.subtitles.choosing import sidecars
from vidkit.video.subtitles.embedded import read_embedded
from vidkit.video.subtitles.languages import language_code, language_of

EN, FR, ZH = "The red car stops at the house.", "La voiture rouge est devant la maison.", "红色的汽车停在门口"


def srt(text: str) -> str:
    return f"1\n00:00:01,000 --> 00:00:02,000\n{text}\n"


def video(folder: Path, **beside: str) -> Path:
    path = folder / "talk.mp4"
    path.write_bytes(b"no video at all")
    for name, text in beside.items():
        (folder / f"talk{name.replace('_', '.')}.srt").write_text(srt(text))
    return path


def chosen(path: Path, query: str) -> str:
    found = find_subtitles(path, query).subtitles
    assert found is not None
    return " | ".join(cue.text for cue in found.cues)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("when does the car stop", EN),
        ("quand est-ce que la voiture arrive", FR),
        ("汽车停在哪里", ZH),
        ("red car", EN),  # no telling words, but they occur in one language alone
        ("voiture", FR),
    ],
)
def test_the_query_gets_its_language(tmp_path: Path, query: str, wanted: str) -> None:
    assert chosen(video(tmp_path, _en=EN, _fra=FR, _zh=ZH), query) == wanted


def test_else_the_default_ones_else_all(tmp_path: Path) -> None:
    path = video(tmp_path, _en=EN, _fr=FR, _zh=ZH)
    for query in ("", "zebra", "где машина"):
        assert chosen(path, query) == f"{EN} | {FR} | {ZH}"
    assert "all 3 together" in find_subtitles(path, "zebra").why
    (tmp_path / "talk.fr.srt").rename(tmp_path / "talk.fr.default.srt")
    assert chosen(path, "zebra") == FR and "default" in find_subtitles(path, "zebra").why


def test_a_file_without_a_language_in_its_name_is_the_default_and_its_text_tells_its_language(
    tmp_path: Path,
) -> None:
    path = tmp_path / "talk.mp4"
    path.touch()
    (tmp_path / "talk.srt").write_text(srt(FR))
    (tmp_path / "talk.en.srt").write_text(srt(EN))
    assert chosen(path, "zebra") == FR
    assert chosen(path, "where is the car") == EN
    assert chosen(path, "où est la voiture") == FR


def test_forced_ones_come_last(tmp_path: Path) -> None:
    path = video(tmp_path, _en_forced="SIGN: EXIT", _en=EN)
    assert chosen(path, "where is the exit") == EN
    assert chosen(video(tmp_path / "..", _en_forced="SIGN: EXIT"), "exit") == "SIGN: EXIT"


def test_which_files_are_beside_a_video(tmp_path: Path) -> None:
    names = ["talk.srt", "talk.VTT", "talk.en.srt", "talk.zh-Hans.ass", "talk_de.srt", "talk [fr].srt",
             "talk.json", "talk.2.srt", "talk_two.srt", "talker.srt", "talk.en.json", "other.srt",
             "talk.2.mp4", "talk.mp4"]  # fmt: skip
    for name in names:
        (tmp_path / name).touch()
    found = {file.name for file in sidecars(tmp_path / "talk.mp4")}
    assert found == set(names[:7])
    assert sidecars(tmp_path / "talk.mp4")[0].name == "talk.srt"
    assert {file.name for file in sidecars(tmp_path / "talk.2.mp4")} == {"talk.2.srt"}


def test_a_damaged_file_is_noted_and_another_is_taken(tmp_path: Path) -> None:
    path = video(tmp_path, _en=EN)
    (tmp_path / "talk.fr.srt").write_bytes(b"\x00\xff" * 40)
    (tmp_path / "talk.json").write_text('{"not": "subtitles"}')
    found = find_subtitles(path, "voiture")
    assert found.subtitles is not None and found.subtitles.cues[0].text == EN
    assert len(found.notes) == 1 and "talk.fr.srt" in found.notes[0]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [(EN, "en"), (FR, "fr"), (ZH, "zh"), ("赤い車が止まった", "ja"), ("빨간 자동차", "ko"),
     ("где машина", "ru"),
     ("де їхня машина", "uk"), ("wo ist das rote Auto", "de"), ("¿dónde está el coche?", "es"),
     ("red car", None), ("zebra", None), ("", None), ("123", None)],
)  # fmt: skip
def test_language_of_a_text(text: str, wanted: str | None) -> None:
    assert language_of(text) == wanted


def test_language_tags() -> None:
    tags = {"eng": "en", "zh-Hans": "zh", "pt_BR": "pt", "French": "fr", "und": None, "sdh": None}
    assert {tag: language_code(tag) for tag in tags} == tags


def film(path: Path, texts: dict[str, str], default: str = "") -> Path:
    """A video with one SRT stream a language."""
    with av.open(str(path), "w") as output:
        pictures: Any = output.add_stream("libx264", rate=5)
        pictures.width = pictures.height = 32
        pictures.pix_fmt = "yuv420p"
        packets = []
        for language, text in texts.items():
            side = path.with_name(f"{language}.srt")
            side.write_text(srt(text) + "\n2\n00:00:04,000 --> 00:00:05,000\n&amp; <i>mo</i>re\n")
            with av.open(str(side)) as source:
                stream: Any = output.add_stream_from_template(source.streams.subtitles[0])
                stream.metadata["language"] = language
                stream.disposition = Disposition.default.value if language == default else 0
                for packet in source.demux():
                    if packet.size:
                        packet.stream = stream
                        packets.append(packet)
            side.unlink()
        for i in range(30):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 5 * i, np.uint8), format="rgb24")
            frame.pts, frame.time_base = i, Fraction(1, 5)
            output.mux(pictures.encode(frame))
        output.mux(pictures.encode())
        for packet in packets:
            output.mux(packet)
    return path


def test_text_streams_inside_the_video(tmp_path: Path) -> None:
    tracks, notes = read_embedded(film(tmp_path / "a.mkv", {"eng": "The penguins dive."}))
    assert notes == [] and len(tracks) == 1
    found = tracks[0].subtitles
    assert found.source.startswith("text stream 1") and found.language == "en"
    assert found.cues == (
        SubtitleSegment(1.0, 2.0, "The penguins dive."),
        SubtitleSegment(4.0, 5.0, "& more"),
    )


def test_streams_of_several_languages(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mkv", {"eng": EN, "fre": FR, "chi": ZH}, default="fre")
    assert chosen(path, "when does the car stop").startswith(EN)
    assert chosen(path, "汽车停在哪里").startswith(ZH)
    assert chosen(path, "zebra").startswith(FR)
    plain = film(tmp_path / "b.mkv", {"eng": EN, "fre": FR})
    assert EN in chosen(plain, "zebra") and FR in chosen(plain, "zebra")


def test_no_subtitles_are_no_error(tmp_path: Path) -> None:
    (tmp_path / "talk.mp4").write_bytes(b"no video")
    assert find_subtitles(tmp_path / "talk.mp4").subtitles is None
    assert find_subtitles(tmp_path).subtitles is None
