"""Arrows in a reply: moves where they stand alone (`↓↓←`), separators beside words (`down → right`)."""

from __future__ import annotations

import re

ARROWS = {"↑": "up", "↓": "down", "←": "left", "→": "right", "➡": "right"}
"""Moves that arrows mean where they are no separators."""
ARROWS |= {"⬆": "up", "⬇": "down", "⬅": "left", "↖": "forward_left"}

SHORT = {"u": "up", "d": "down", "l": "left", "r": "right"}
"""Moves by letter or point of the compass."""
SHORT |= {"north": "up", "south": "down", "west": "left", "east": "right"}
_NEAR = 40  # letters beside an arrow that are looked at
_ONE = rf"[{''.join(ARROWS)}]\ufe0f?"
_RUN = re.compile(rf"{_ONE}(?:[ \t]*{_ONE})*")
_WORD = r"(?:up|down|left|right|forward|backward|north|south|east|west)(?:wards?)?"
_MARKS = r"[ \t*_`\"')(\[\]]*"  # what may stand round a word: quotes, bold type, brackets
_COUNT = r"(?:(?:x|×|by)?[ \t]*\d{1,2}[ \t]*(?:x|×|times?|steps?|cells?|squares?)?)?"
_BEFORE = re.compile(rf"(?<![a-z]){_WORD}{_MARKS}{_COUNT}{_MARKS}\Z", re.IGNORECASE)
_AFTER = re.compile(
    rf"{_MARKS}(?:(?:then|go|move|step|turn|head|walk)[ \t]+){{0,2}}{_COUNT}{_MARKS}{_WORD}(?![a-z])",
    re.IGNORECASE,
)
_BETWEEN = rf"[ \t]*(?:{_ONE}|-{{1,3}}>|=>)[ \t]*"
_NAME = r"(?:[UDLR]|north|south|east|west)"
_CHAIN = re.compile(rf"(?<![\w']){_NAME}(?:{_BETWEEN}{_NAME}(?![\w']))+", re.IGNORECASE)


def without_separators(text: str) -> str:
    """The text with a comma or blank for every arrow that only stands between moves which are words.

    Arrows are separators where a word of a direction stands before or after them on the same line. A chain of
    letters or points of the compass (`R → R → D`) becomes words.
    """
    text = _CHAIN.sub(_spelt, text)

    def kept(run: re.Match[str]) -> str:
        before, after = text[max(0, run.start() - _NEAR) : run.start()], text[run.end() : run.end() + _NEAR]
        if _AFTER.match(after):
            return ", "  # in `down → 2 right` the number is not that of `down`
        return " " if _BEFORE.search(before) else run.group(0)

    return _RUN.sub(kept, text)


def _spelt(chain: re.Match[str]) -> str:
    return ", ".join(SHORT[name.lower()] for name in re.findall(_NAME, chain.group(0), re.IGNORECASE))
