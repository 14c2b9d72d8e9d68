"""Subtitles that need their video, or are taken line by line; and files that only look like subtitles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vidkit.errors import DataError
from vidkit.frames.options import FrameOptions
from vidkit.frames.sources import EncoderPool, choose_sources
from vidkit.video.subtitles import Subtitles, find_subtitles, read_subtitles
from vidkit.video.writing import write_mp4


def read(folder: Path, text: str | bytes, suffix: str) -> Subtitles:
    path = folder / f"a.{suffix}"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_subtitles(path)


def test_frames_count_at_the_rate_of_the_video(tmp_path: Path) -> None:
    text = "{20}{40}One\n{60}{}Two\n{80}{90}Three\n"
    with pytest.raises(DataError, match=r"a\.sub:1: times are frame numbers") as error:
        read(tmp_path, text, "sub")
    assert "{1}{1}25" in error.value.hint
    write_mp4(tmp_path / "a.mp4", np.zeros((12, 32, 32, 3), np.uint8), 20)
    wanted = ((1.0, 2.0, "One"), (3.0, 4.0, "Two"), (4.0, 4.5, "Three"))
    given = read_subtitles(tmp_path / "a.sub", video=tmp_path / "a.mp4").cues
    beside = find_subtitles(tmp_path / "a.mp4").subtitles
    assert beside is not None and beside.cues == given
    assert tuple((cue.start_s, cue.end_s, cue.text) for cue in given) == wanted


def test_pictures_of_text_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="VobSub"):
        read(tmp_path, b"\0\0\1\xba" + bytes(90), "sub")


@pytest.mark.parametrize("text", ['{"events": 3, "tStartMs": 1}', '{"tStartMs": [}', '{"tStartMs": 1}'])
def test_broken_json3_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match=r"a\.json3:1: "):
        read(tmp_path, text, "json3")


def test_lines_of_a_song_are_searched_one_by_one(tmp_path: Path) -> None:
    lines = ["walking along the river", "the penguins are waiting", "under a sky of snow"]
    (tmp_path / "a.lrc").write_text("".join(f"[00:{4 * n:02d}.00]{line}\n" for n, line in enumerate(lines)))
    options = FrameOptions(relevance="subtitle", subtitles=str(tmp_path / "a.lrc"))
    facts = choose_sources(tmp_path / "a.mp4", "penguins", options, EncoderPool(options)).facts
    assert [cue["text"] for cue in facts["best_cues"]] == [lines[1]]


def test_a_comma_in_the_clock_of_ttml_is_a_point(tmp_path: Path) -> None:
    cue = '<p begin="00:00:01,500" end="00:00:02,250">Hi</p>'
    text = f'<tt xmlns="http://www.w3.org/ns/ttml"><body>{cue}</body></tt>'
    (found,) = read(tmp_path, text, "ttml").cues
    assert (found.start_s, found.end_s, found.text) == (1.5, 2.25, "Hi")
