"""The claims of a reply in their order: which option is named, and whether it is held, denied, taken back or open.

A small grammar of clauses. Every place where an option is named, by its letter or its own words, is a claim; the
words of its clause before and behind it say how it is meant (`polarity`). What was denied or taken back stands no
longer, and what follows a turn ("but", "sondern", "wait") stands in its place.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from vidkit.evaluation.answers.asked import Asked
from vidkit.evaluation.answers.characters import is_unspaced
from vidkit.evaluation.answers.mentions import MENTION, NAMED
from vidkit.evaluation.answers.polarity import (
    ALL_TAKEN_BACK,
    DENIED_BEFORE,
    DENIED_BEHIND,
    OPEN_BEFORE,
    OPEN_BEHIND,
    TAKEN_BACK_BEFORE,
    TAKEN_BACK_BEHIND,
    TURN,
)
from vidkit.evaluation.answers.values import Reply, letter_end

LONGEST = 700
"""Characters of a reply that is read as clauses; a longer one has a conclusion of its own."""
_MOST = 24

Meaning = Literal["held", "denied", "taken back", "open"]
_NUMBER_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
                 "eleven", "twelve")  # fmt: skip
_ARTICLE = re.compile(r"(?:a|an|the|der|die|das|le|la|les|un|une|el|los|las|o|os|as|il|lo|de|het)\s+")
_CLAUSE_END = re.compile(r"[.!?;:\n。！？；：]|,|，|、|\s[-–—]\s|—|\.\.\.|…|->|→")
_SENTENCE_END = re.compile(r"[.!?;\n。！？；]")
_ONLY_JOINS = re.compile(r"[\s,，、/&()\[\]\"'“”]*(?:and|or|nor|und|oder|noch|et|ou|ni|y|o|e|né|nem|и|или|ни|和|或|및)?\s*(?:also|either|option)?\s*(?:a|an|the|der|die|das|le|la|un|une|el|il|lo)?[\s,(\[\"']*")


@dataclass(frozen=True, slots=True)
class Claim:
    """One option named at one place.

    Attributes:
        at: where it starts.
        end: where it ends.
        letter: the option.
        meaning: `held` where nothing turns it.
        turned: a word of turning stands between the claim before it and this one.
    """

    at: int
    end: int
    letter: str
    meaning: Meaning
    turned: bool


@lru_cache(maxsize=512)
def _text_patterns(letters: str, texts: tuple[str, ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """A pattern for the own words of each option; articles may be left out, small numbers may be words."""
    found = []
    for letter, text in zip(letters, texts, strict=False):
        bare = _ARTICLE.sub("", text, count=1) if _ARTICLE.match(text) else text
        words = [re.escape(word) for word in bare.split()]
        if not words or len(bare) == 1 and bare.isascii() and not bare.isdigit():
            continue
        body = r"\W{1,3}".join(words)
        if bare.isdigit() and int(bare) < len(_NUMBER_WORDS):
            body = rf"(?:{body}|{_NUMBER_WORDS[int(bare)]})"
        edge = "" if is_unspaced(bare[0]) else r"(?<!\w)"
        close = "" if is_unspaced(bare[-1]) else r"(?!\w)"
        found.append((letter, re.compile(edge + body + close)))
    return tuple(found)


def _named(reply: Reply, asked: Asked) -> list[tuple[int, int, str]]:
    """Places of options in their order; an option within a longer one's words is not named."""
    places = [
        (match.start(), match.end(), match.group())
        for match in MENTION.finditer(reply.text)
        if match.group() in asked.letters
        and letter_end(reply, match.start(), asked, weak=True) is not None
        and not NAMED.search(reply.lower[max(0, match.start() - 20) : match.start()])
    ]
    texts = [
        (match.start(), match.end(), letter)
        for letter, pattern in _text_patterns(asked.letters, asked.texts)
        for match in pattern.finditer(reply.lower)
    ]
    inner = {
        one for one in texts for other in texts
        if one != other and other[0] <= one[0] and one[1] <= other[1] and other[1] - other[0] > one[1] - one[0]
    }  # fmt: skip
    taken = sorted({*places, *(text for text in texts if text not in inner)})
    merged: list[tuple[int, int, str]] = []
    for at, end, letter in taken:
        if merged and at < merged[-1][1]:
            continue
        joined = bool(merged) and merged[-1][2] == letter
        if joined and _same_place(reply, merged[-1], at):
            merged[-1] = (merged[-1][0], end, letter)
        else:
            merged.append((at, end, letter))
    return merged


def _same_place(reply: Reply, before: tuple[int, int, str], at: int) -> bool:
    """Whether an option's letter and its words stand together: "(A) Paris", "A. Paris", "Paris (A)"."""
    between = reply.text[before[1] : at]
    stops = ".:" if before[1] - before[0] == 1 else ""
    return not between.strip(" ()[],–—-\"'“”" + stops) and "\n" not in between


def claims(reply: Reply, asked: Asked) -> list[Claim]:
    """The claims of a short reply in their order; none of a long one."""
    if len(reply.text) > LONGEST:
        return []
    places = _named(reply, asked)
    return list(_meant(reply, places)) if len(places) <= _MOST else []


def _meant(reply: Reply, places: list[tuple[int, int, str]]) -> Iterator[Claim]:
    before: Claim | None = None
    joins = [_join(reply, one, other) for one, other in itertools.pairwise(places)]
    for number, (at, end, letter) in enumerate(places):
        start = before.end if before is not None else 0
        stop = places[number + 1][0] if number + 1 < len(places) else len(reply.text)
        meaning = _meaning(reply, start, at, end, stop)
        turned = TURN.search(reply.lower, start, at) is not None
        if before is not None and meaning == "held" and not turned and _carried(joins, number - 1):
            meaning = before.meaning
        before = Claim(at, end, letter, meaning, turned)
        yield before


def _join(reply: Reply, one: tuple[int, int, str], other: tuple[int, int, str]) -> str:
    """How two places stand together: `word` ("and"), `comma`, or nothing of both."""
    between = reply.lower[one[1] : other[0]]
    if not _ONLY_JOINS.fullmatch(between):
        return ""
    return "word" if any(char.isalpha() for char in between) else "comma"


def _carried(joins: list[str], place: int) -> bool:
    """Whether a denial goes on: in "not red, green or blue" it does, in "not red, green" it does not."""
    if joins[place] != "comma":
        return bool(joins[place])
    first = place
    while first and joins[first - 1]:
        first -= 1
    last = place
    while last + 1 < len(joins) and joins[last + 1]:
        last += 1
    return last > first


def _meaning(reply: Reply, start: int, at: int, end: int, stop: int) -> Meaning:
    lower = reply.lower
    sentence = _last_end(_SENTENCE_END, lower, start, at)
    clause = _last_end(_CLAUSE_END, lower, sentence, at)
    turn = max((match.end() for match in TURN.finditer(lower, clause, at)), default=clause)
    behind = lower[end:stop]
    if DENIED_BEHIND.match(behind) or DENIED_BEFORE.search(lower, turn, at):
        return "denied"
    if TAKEN_BACK_BEHIND.match(behind) or TAKEN_BACK_BEFORE.search(lower, max(sentence, turn), at):
        return "taken back"
    if OPEN_BEHIND.match(behind) or OPEN_BEFORE.search(lower, max(sentence, turn), at):
        return "open"
    return "held"


def _last_end(pattern: re.Pattern[str], lower: str, start: int, at: int) -> int:
    return max((match.end() for match in pattern.finditer(lower, start, at)), default=start)


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands at the end of a reply.

    Attributes:
        letter: the one option that replaced what was denied or taken back; None where nothing was, or where
            several stand.
        fallen: options whose last claim is a denial or a retraction.
    """

    letter: str | None
    fallen: frozenset[str]


def standing(reply: Reply, asked: Asked) -> Standing:
    """What stands after all claims of a reply."""
    made = claims(reply, asked)
    last = {claim.letter: claim for claim in made}
    fallen = frozenset(x for x, claim in last.items() if claim.meaning in ("denied", "taken back"))
    if made and ALL_TAKEN_BACK.search(reply.lower, made[-1].end):
        return Standing(None, frozenset(last))
    turns = [n for n, claim in enumerate(made) if claim.meaning in ("denied", "taken back")]
    if not turns:
        return Standing(None, fallen)
    later = made[turns[-1] + 1 :]
    held = {claim.letter for claim in later if claim.meaning == "held"}
    opened = any(claim.meaning == "open" for claim in later)
    firm = len(held) == 1 and not opened and held.isdisjoint(fallen)
    return Standing(held.pop() if firm else None, fallen)
