"""What was asked: the letters that may be given and the texts behind them."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from vidkit.evaluation.answers.characters import is_unspaced, plain_characters

_NUMBERS = {
    "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
    "eight": "8", "nine": "9", "ten": "10", "eleven": "11", "twelve": "12", "thirteen": "13",
    "fourteen": "14",
    "fifteen": "15", "sixteen": "16", "seventeen": "17", "eighteen": "18", "nineteen": "19", "twenty": "20",
}  # fmt: skip
NUMBER_INITIALS = frozenset(word[0] for word in _NUMBERS)
# British spellings as American ones
_SPELT = re.compile(
    r"\b(col|neighb|harb|fav|flav|behavi|hum|lab|arm|vap|od|parl|hon|rum|tum)our|\bgrey|\b(cent|theat|met|lit|fib)re\b"
    r"|\btyre|\baeroplane|\bmoustache|\bpyjamas|\bjewellery|\b(trav|canc|jew)ell(?=ed|ing|er)"
)
_SPELT_AS = {
    "grey": "gray", "tyre": "tire", "aeroplane": "airplane", "moustache": "mustache", "pyjamas": "pajamas",
    "jewellery": "jewelry",
}  # fmt: skip
_LEADING_ZERO = re.compile(r"(?<![\d:])(?:00:)?0(?=\d:\d\d)|(?<![\d:])00:(?=\d\d:\d\d)")  # "00:19" is 0:19
_OTHER = re.compile(r"[^\w%.,:/+-]+")
# "1.5 m" and "2:30" are numbers, not marked with 1 and 2
_LABEL = re.compile(r"[\s(\[]*(\w{1,2})\s?(?:[.:](?!(?<=\d[.:])\d)|[)、．])\s*(?=\S)")


def plain(text: str) -> str:
    """Text as it is compared: case, punctuation at the ends and kinds of blanks do not count."""
    words = " ".join(_OTHER.sub(" ", text.casefold()).split()).strip(".,:-/+ ")
    words = words.replace(" %", "%").replace("no one", "nobody").replace("no-one", "nobody")
    if ":" in words:
        words = _LEADING_ZERO.sub("", words)
    return _SPELT.sub(_american, words)


def _american(match: re.Match[str]) -> str:
    if match.group(1):
        return match.group(1) + "or"
    if match.group(2):
        return match.group(2) + "er"
    return match.group(3) + "el" if match.group(3) else _SPELT_AS[match.group()]


def with_digits(text: str) -> str:
    """Small number words as digits, of a text that is plain already."""
    return " ".join(_NUMBERS.get(word, word) for word in text.split())


@dataclass(frozen=True)
class Asked:
    """A question's options.

    Attributes:
        letters: the allowed capital letters, in order.
        texts: the plain text of each option; empty where it has none or shares it with another.
        firsts: first characters of the texts.
        longest: characters of the longest text.
        labels: letter by the mark that the data themselves put before the option (a number, a local letter).
        has_digits: an option's text starts with a digit, so that number words may name it.
    """

    letters: str
    texts: tuple[str, ...]
    firsts: frozenset[str]
    longest: int
    labels: dict[str, str]
    has_digits: bool

    def text_at(self, said: str) -> tuple[str, str] | None:
        """Letter and rest where plain text starts with exactly one option's text (the longest)."""
        if said[:1] not in self.firsts:
            return None
        best: tuple[str, str] | None = None
        length = 0
        for letter, text in zip(self.letters, self.texts, strict=False):
            whole = said.startswith(text) and _ends_there(said, text)
            if text and len(text) > length and whole:
                best, length = (letter, said[len(text) :].lstrip(" .,:;-")), len(text)
        return best


def _ends_there(said: str, text: str) -> bool:
    following = said[len(text) : len(text) + 1]
    return not following.isalnum() or (bool(text) and is_unspaced(text[-1]))


@lru_cache(maxsize=64)
def check_letters(letters: str) -> None:
    """Refuse option letters that are none.

    Raises:
        ValueError: `letters` is not a string of distinct capital letters.
    """
    capitals = letters.isascii() and letters.isalpha() and letters.isupper()
    if not capitals or len(set(letters)) != len(letters):
        raise ValueError(f"options must be distinct capital letters, not {letters!r}")


@lru_cache(maxsize=4096)
def asked_of(letters: str, texts: tuple[str, ...]) -> Asked:
    """The question's options, prepared for reading replies.

    Raises:
        ValueError: `letters` is not a string of distinct capital letters.
    """
    check_letters(letters)
    labels, bare = _labels(letters, texts)
    shown = [plain(plain_characters(text)) for text in bare[: len(letters)]]
    own = tuple(text if shown.count(text) == 1 else "" for text in shown)
    firsts = frozenset(text[0] for text in own if text)
    digits = any(char.isdigit() for char in firsts)
    return Asked(letters, own, firsts, max(map(len, bare), default=0), labels, digits)


def _labels(letters: str, texts: Sequence[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Marks of a list that is numbered in its own way, and the texts without them."""
    marks = [match for text in texts if (match := _LABEL.match(text))]
    names = [match.group(1) for match in marks]
    if len(texts) < 2 or len(marks) != len(texts) or len(set(names)) != len(names):
        return {}, tuple(texts)
    bare = tuple(text[match.end() :] for text, match in zip(texts, marks, strict=True))
    if all(name in string.ascii_letters for name in names):
        return {}, bare if "".join(names).upper() == letters[: len(names)] else tuple(texts)
    if not (all(name.isdigit() for name in names) or all(not name.isascii() for name in names)):
        return {}, tuple(texts)
    return dict(zip(names, letters, strict=False)), bare
