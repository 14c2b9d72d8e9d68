"""Parsers of what others write take time in proportion to it: a million characters in a second.

`make fuzz` sets VIDKIT_LONG_INPUTS and tries the million; here what is worse than linear shows at 30,000.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from stopwatch import quick

from vidkit.agents.dialects.hermes_text import read_call
from vidkit.agents.dialects.tags import last_block, unfenced, without_thoughts
from vidkit.errors import DataError
from vidkit.evaluation.answers import parse_choice, parse_yes_no
from vidkit.evaluation.option_list import options_by_place
from vidkit.video.subtitles import read_subtitles

UNITS = {
    "blanks": " ",
    "lines": "\n",
    "angles": "<",
    "braces": "{",
    "brackets": "[",
    "parens": "(",
    "digits": "9",
    "quotes": '"',
    "stars": "*",
    "entities": "&#99;",
    "half-entities": "&#9",
    "arrows": "00:00:01,000 --> ",
    "tags": "<i>",
    "ends": "</i>",
    "thoughts": "<think>",
    "commas": "0,",
    "words": "the answer is not A or ",
    "cue": "1\n00:00:01,000 --> 00:00:02,000\nx\n\n",
    "overrides": "{\\k1}",
    "dashes": "- ",
    "fences": "```",
    "letters": "A. ",
    "backslashes": "\\",
    "colons": "00:",
    "objects": '{"a": ',
    "clock": "[00:01.00]",
    "microdvd": "{1}{2}x\n",
}
SIZES = (10_000, 100_000, 1_000_000) if os.environ.get("VIDKIT_LONG_INPUTS") else (10_000, 30_000)
HEADS = {
    "srt": "",
    "vtt": "WEBVTT\n\n",
    "ass": "[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,D,,0,0,0,,",
    "ttml": "<tt><p ",
    "sbv": "0:00:01.000,0:00:02.000\n",
    "lrc": "[00:01.00]",
    "sub": "{1}{1}25\n{0}{25}",
    "json": "[",
    "json3": '{"events": [{"tStartMs": 1, "segs": [{"utf8": "',
}


def check(call: Callable[[str], object], unit: str, head: str = "") -> None:
    """At every size below a microsecond per character; sizes grow, so that what is not linear ends early."""
    for size in SIZES:
        text = head + unit * (size // len(unit))
        quick(lambda text=text: call(text), max(0.3, 1e-6 * size))


@pytest.mark.parametrize("kind", HEADS)
@pytest.mark.parametrize("unit", UNITS)
def test_subtitles(kind: str, unit: str, tmp_path: Path) -> None:
    path = tmp_path / f"s.{kind}"

    def read(text: str) -> object:
        path.write_text(text, encoding="utf-8")
        try:
            return read_subtitles(path)
        except DataError:
            return None

    check(read, UNITS[unit], HEADS[kind])


REPLIES: dict[str, Callable[[str], object]] = {
    "choice": lambda text: parse_choice(text, "ABCD"),
    "alone": lambda text: parse_choice(text, "ABCD", isolated=True),
    "yes or no": parse_yes_no,
    "options": options_by_place,
    "call": read_call,
    "block": lambda text: last_block(text, "answer", True),
    "fence": unfenced,
    "thoughts": without_thoughts,
}


@pytest.mark.parametrize("reader", REPLIES)
@pytest.mark.parametrize("unit", UNITS)
def test_replies(reader: str, unit: str) -> None:
    check(REPLIES[reader], UNITS[unit])
