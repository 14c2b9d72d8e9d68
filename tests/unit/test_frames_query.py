"""What a query asks for: times, negations, elisions, and labels of any length."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from stopwatch import quick

from vidkit.frames.encoders.lexicon import LexiconEncoder, left_out
from vidkit.frames.relevance.bm25 import bm25_scores
from vidkit.frames.relevance.query import read_query
from vidkit.frames.relevance.words import words_of
from vidkit.video.sheet import fit_label

TIMES = np.arange(120.0)  # two minutes, a candidate per second


@pytest.mark.parametrize(
    ("query", "start_s", "end_s"),
    [
        ("last 5 seconds", 115, 120), ("in the final 10 s of the video", 110, 120),
        ("the last minute", 60, 120),
        ("during the last ten seconds", 110, 120), ("first 5 seconds", 0, 5), ("the opening minute", 0, 60),
        ("between 10 and 20 seconds", 10, 20), ("10-20 seconds", 10, 20), ("from 0:10 to 0:30", 10, 30),
        ("0:10-0:30", 10, 30), ("from 30 seconds to 1 minute", 30, 60), ("after 1:00", 60, 120),
        ("before 30 seconds", 0, 30), ("until 0:30", 0, 30), ("after the first minute", 60, 120),
        ("after the first 10 seconds", 10, 120), ("second half", 60, 120), ("first half of the video", 0, 60),
        ("last third", 80, 120), ("first 10%", 0, 12), ("last 25 percent", 90, 120),
        ("at 1:20", 80, 80), ("at 90 seconds", 90, 90), ("at 1 minute 30 seconds", 90, 90),
        ("minute 1", 60, 60),
        ("at the 1 minute mark", 60, 60), ("what happens at second 5?", 5, 5), ("0:00:45", 45, 45),
        ("5 seconds before the end", 115, 115), ("five seconds from the end", 115, 115),
    ],
)  # fmt: skip
def test_times_are_understood(query: str, start_s: float, end_s: float) -> None:
    (span,) = read_query(query).spans
    assert span.bounds(0.0, 120.0) == pytest.approx((start_s, end_s))
    curve = span.curve(TIMES)
    assert curve is not None and curve.max() == 1.0
    inside = (start_s <= TIMES) & (end_s > TIMES)
    assert (curve[inside] == 1).all() if inside.any() else TIMES[curve.argmax()] == start_s
    assert (curve[~inside] < 1).all() or start_s == end_s


@pytest.mark.parametrize(
    "query",
    ["5 seconds later", "a 10 second clip", "for 5 seconds", "90 seconds", "a five-minute video",
     "every 5 seconds",
     "at 10:30 am", "at 9:15 p.m.", "the score is 2:10", "16:9 ratio", "5 seconds after the goal",
     "a one minute silence", "within 3 seconds of the start", "the last red car", "the second red car",
     "three red balls", "1:2:3:4", "the first man", "lasts 20 minutes", "1999"],
)  # fmt: skip
def test_what_is_no_time_is_left_alone(query: str) -> None:
    assert read_query(query).spans == ()


def test_a_time_outside_the_video_is_told_and_not_scored() -> None:
    encoder = LexiconEncoder()
    rows = np.zeros((120, 16), np.float32)
    scored = encoder.score(rows, None, TIMES, "at 59:00")
    assert scored.relevance is None and scored.facts["times_outside"] == ["at 59:00"]


@pytest.mark.parametrize(
    ("query", "wanted", "negated"),
    [
        ("not red", (), ("red",)),
        ("a car that is not red on a green road", ("car", "green", "road"), ("red",)),
        ("no red or blue cars", (), ("red", "blue", "cars")),
        ("without red and blue", (), ("red", "blue")),
        ("not red and blue", ("blue",), ("red",)),
        ("not only red but also blue", ("only", "red", "also", "blue"), ()),
        ("nothing but red", ("red",), ()),
        ("it isn’t moving", (), ("moving",)),
        ("not a red car, a blue one", ("blue", "one"), ("red", "car")),
        ("neither red nor blue", (), ("red", "blue")),
        ("not without red", ("red",), ()),
        ("non-red", (), ("red",)),
        ("a knot in a red rope", ("knot", "red", "rope"), ()),
    ],
)
def test_negation(query: str, wanted: tuple[str, ...], negated: tuple[str, ...]) -> None:
    read = read_query(query)
    assert (tuple(words_of(read.text, drop_stop_words=True)), read.negated) == (wanted, negated)


def test_a_negated_word_is_scored_upside_down() -> None:
    encoder = LexiconEncoder()
    red, blue = (np.full((90, 160, 3), colour, np.uint8) for colour in ((220, 20, 20), (20, 40, 220)))
    rows = encoder.encode([red, blue, red], "").rows
    for query, best in (("red", 0), ("not red", 1), ("no blue", 0), ("without red", 1), ("blue, not red", 1)):
        scored = encoder.score(rows, None, np.arange(3.0), query)
        assert scored.relevance is not None and int(scored.relevance.argmax()) == best
    assert encoder.score(rows, None, np.arange(3.0), "not red").facts["known_words"] == ["not red"]
    last = encoder.score(np.zeros((120, 16), np.float32), None, TIMES, "not in the last 5 seconds").relevance
    assert last is not None and last[-1] < 0.1 < 0.9 < last[0]


def test_times_and_function_words_are_not_unknown_words() -> None:
    assert left_out("something red in the last 5 seconds without a zebra") == ["something", "zebra"]


def test_elisions_and_accents_written_in_two_signs_are_found() -> None:
    assert words_of("L’été, d'hier; qu'elle dell'acqua don't it's") == [
        "été",
        "hier",
        "elle",
        "acqua",
        "don't",
        "it's",
    ]
    assert bm25_scores(["En hiver", "Pendant l'été"], "été").argmax() == 1
    assert bm25_scores(["x", "e\u0301te\u0301"], "été")[1] > 0


@pytest.mark.parametrize(
    "text", ["a" * 3000, "wide words " * 300, "W" * 100_000, "two\nlines\r\nand\ttabs", "", "ok"]
)
def test_labels_fit_in_a_line_and_in_time(text: str) -> None:
    draw, font = ImageDraw.Draw(Image.new("RGB", (10, 10))), ImageFont.load_default(15)
    label = quick(lambda: fit_label(draw, text, 300, font), 0.5)
    assert draw.textlength(label, font) <= 300 and "\n" not in label
    whole = " ".join(text.split())
    assert label == whole or (label.endswith("…") and whole.startswith(label[:-1]) and len(label) > 5)


@pytest.mark.parametrize(
    "text", ["0:" * 20_000, "last " * 20_000, "1 second " * 10_000, "not " * 20_000, "1" * 99_999]
)
def test_long_queries_are_read_in_time(text: str) -> None:
    quick(lambda: read_query(text), 2.0)


def test_signs_that_stand_for_times_inside_are_no_words_of_a_query() -> None:
    assert read_query("a red \ue000 ball \ue063 after 1:30").wanted == ("a", "red", "ball")
