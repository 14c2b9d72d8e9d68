"""Subtitles, BM25, user scores and scaling of relevance."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from vidkit.errors import ConfigError, DataError
from vidkit.frames.relevance.bm25 import bm25_scores, spread_in_time
from vidkit.frames.relevance.normalise import normalise
from vidkit.frames.relevance.scores import read_scores
from vidkit.frames.relevance.sentences import sentences
from vidkit.frames.relevance.words import stem, terms_of, words_of
from vidkit.video.subtitles import SubtitleSegment


def test_sentences_join_until_they_end() -> None:
    cues = (
        SubtitleSegment(0, 1, "When the"),
        SubtitleSegment(1.1, 2, "penguins dive."),
        SubtitleSegment(2.1, 3, "They eat"),
        SubtitleSegment(9, 10, "fish"),
    )
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
    (tmp_path / "b.csv").write_text("9" * 200_000)  # more than a cell may hold
    limit = csv.field_size_limit(131_072)  # of the whole process: other readers raise it
    try:
        with pytest.raises(DataError, match="holds no scores: field larger"):
            read_scores(tmp_path / "b.csv", times)
    finally:
        csv.field_size_limit(limit)


def test_scalings() -> None:
    r = np.array([1.0, 3.0, 3.0, 2.0])
    assert normalise(r, "none") is r
    assert normalise(r, "minmax").tolist() == [0, 1, 1, 0.5]
    assert normalise(r, "rank") == pytest.approx([0, 2.5 / 3, 2.5 / 3, 1 / 3])
    assert normalise(r, "sigmoid-z").argmin() == 0
    with pytest.raises(ConfigError, match="no scaling 'x'"):
        normalise(r, "x")
