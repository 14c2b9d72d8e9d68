"""The claims of a reply in their order: which option is named, and how it is meant.

A small grammar of clauses. Every place where an option is named, by its letter or its own words, is a claim;
the words of its clause before and behind it say whether it is held, denied, taken back, open or asked
(`polarity`). What stands after all of them is in `standing`.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from vidkit.evaluation.answers.asked import Asked
from vidkit.evaluation.answers.characters import is_unspaced
from vidkit.evaluation.answers.evidence import is_quantity
from vidkit.evaluation.answers.mentions import MENTION, NAMED
from vidkit.evaluation.answers.polarity import (
    ASKED_FOR,
    DENIED_BEFORE,
    DENIED_BEHIND,
    EXCLUDING,
    LIKEWISE,
    LIKEWISE_BEHIND,
    OPEN_BEFORE,
    OPEN_BEHIND,
    TAKEN_BACK_BEFORE,
    TAKEN_BACK_BEHIND,
    TURN,
    UNREAL_BEFORE,
    UNREAL_BEHIND,
    WRONG_HERE,
)
from vidkit.evaluation.answers.values import Reply, letter_end
from vidkit.evaluation.answers.words import EXCEPTION, JOINERS, NEGATIVE_AFTER, NOR

LONGEST = 700
"""Characters of a reply that is read as clauses; a longer one has a conclusion of its own."""
_MOST = 24
_REACH = 70  # how far before an option a word of second thoughts is looked for

Meaning = Literal["held", "denied", "taken back", "open", "asked"]
_NUMBER_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
                 "eleven", "twelve")  # fmt: skip
_ARTICLE = re.compile(r"^(?:a|an|the|der|die|das|le|la|les|un|une|el|los|las|o|os|as|il|lo|de|het)\s+")
_PLACE = re.compile(r"^(?:in|on|at)\s(?:the|a|an)\s(?=\w{3})")
_BEFORE_DIGITS = re.compile(r"(?:at|in|on|by|um|à|a|om)\s+(?=\d)")
_CLAUSE_END = re.compile(r"[.!?;:\n。！？；：؟؛۔।]|,|،|，|、|\s[-–—]\s|—|\.\.\.|…|->|→")
_COLON = re.compile(r"[:：]")
_SENTENCE_END = re.compile(r"[.!?;\n。！？；؟؛۔।]")
_JOINS = "|".join(sorted(JOINERS | NOR | {"sowie"}))
_ONLY_JOINS = re.compile(
    rf"[\s,，、/&()\[\]\"'“”]*(?P<word>{_JOINS}|和|或|及|と|や|도|와|과)?\s*(?P<also>also|either|option)?\s*"
    r"(?:a|an|the|der|die|das|le|la|un|une|el|il|lo)?[\s,(\[\"']*"
)
_NOT_WRONG = re.compile(
    r"[\s)\"']{0,3}(?:(?:is|was)\s+not|isn['’]t|wasn['’]t)\s+(?:wrong|incorrect|false|ruled|excl|elim)"
)
# "the only one that isn't ruled out": what is denied twice is not denied
_DENIED_TWICE = re.compile(
    r"(?:not|n['’]t|never)\s(?:been\s|be\s)?(?:ruled\sout|excluded|eliminated|contradicted|wrong|incorrect|false)\b"
)
_NOTHING_ELSE = re.compile(r"[\s)\"']{0,3},?\s{0,2}(?:nothing|none|no\s|nobody)")
_EXCEPT = re.compile(
    r"\b(?:except(?:\sfor)?|apart\sfrom|other\sthan|besides|aside\sfrom)\s(?:the\s|option\s)?[(\"']?$"
)
# "the answer is C. Prague is not on the coast": the question is in the negative
_ANSWER_IS = re.compile(r"\banswer(?:\sis|\swould\sbe|\smust\sbe)?\s?:?\s{0,2}(?:option\s)?[(\"']{0,2}$")
_APART = re.compile(r"[,،，;；؛、\n]")
_CALLED_SO = re.compile(r"\b(?:answer|option|choice)\s[(\"']?$")
_REPLACED = re.compile(r"(?:instead\sof|rather\sthan|statt|anstelle\svon|lieu\sde|вместо|zamiast)\s[(\"']?$")
_ANSWERED = re.compile(r"[\s)\]\"'»”]{0,3}[?？]\s{1,2}(?:yes|correct|right)\b")
_SAID_SO = re.compile(
    r"\s(?:dedim|demiştim|sandım|sanmıştım|zannettim)\b|\sfür\s(?:richtig|wahrscheinlich|korrekt)\b"
)
_ASKED = re.compile(r"[\s)\]\"'»”]{0,3}[?？]")


@dataclass(frozen=True, slots=True)
class Claim:
    """One option named at one place.

    Attributes:
        at: where it starts.
        end: where it ends.
        letter: the option.
        meaning: `held` where nothing turns it; `asked` before a question mark.
        turned: a word of turning stands between the claim before it and this one.
        by_words: its own words name it, not its letter.
    """

    at: int
    end: int
    letter: str
    meaning: Meaning
    turned: bool
    by_words: bool


@lru_cache(maxsize=512)
def _text_patterns(letters: str, texts: tuple[str, ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """A pattern for the own words of each option; articles may be left out, small numbers may be words."""
    found = []
    for letter, text in zip(letters, texts, strict=False):
        bare = (_BEFORE_DIGITS if text[-1:].isdigit() else _ARTICLE).sub("", text, count=1)
        place = _PLACE.sub("", text, count=1)
        if place != text and not any(place in other for other in texts if other != text):
            bare = place  # "it cannot be the attic"
        words = [re.escape(word) for word in bare.split()]
        if not words or (len(bare) == 1 and bare.isascii() and not bare.isdigit()):
            continue
        # a text is in folded case, a reply in lower case
        body = r"\W{1,3}".join(words).replace("σ", "[σς]").replace("ss", "(?:ss|ß)")
        if bare.isdecimal() and len(bare) < 3 and int(bare) < len(_NUMBER_WORDS):
            # "one more", "one of them" count nothing
            body = rf"(?:{body}|{_NUMBER_WORDS[int(bare)]}(?!\s(?:more|of|another|can|could|might|else)\b))"
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
        and _is_letter(reply, match.start(), asked)
        and not is_quantity(reply, match.end(), asked, match.group())
        and not NAMED.search(reply.lower[max(0, match.start() - 20) : match.start()])
    ]
    texts = [
        (match.start(), match.end(), letter)
        for letter, pattern in _text_patterns(asked.letters, asked.texts)
        for match in pattern.finditer(reply.lower)
    ]
    inner = {one for one in texts if any(_lies_within(one, other) for other in texts)}
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


def _lies_within(one: tuple[int, int, str], other: tuple[int, int, str]) -> bool:
    return one[:2] != other[:2] and other[0] <= one[0] and one[1] <= other[1]


def _is_letter(reply: Reply, at: int, asked: Asked) -> bool:
    """Whether a capital stands for an option: no word goes on with it, or one that turns or denies it.

    "Ei A vaan E", "D yanlış".
    """
    if letter_end(reply, at, asked, weak=not _CALLED_SO.search(reply.lower, max(0, at - 12), at)) is not None:
        return True
    turned = reply.text[at + 1 : at + 2] == " " and TURN.match(reply.lower, at + 2) is not None
    return (
        turned
        or DENIED_BEHIND.match(reply.lower[at + 1 : at + 40]) is not None
        or _SAID_SO.match(reply.lower, at + 1) is not None
        or _REPLACED.search(reply.lower, max(0, at - 16), at) is not None
        or _negative(reply, at + 1, at + 40)
    )


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
    return _denied_together(reply, list(_meant(reply, places))) if len(places) <= _MOST else []


def _denied_together(reply: Reply, made: list[Claim]) -> list[Claim]:
    """A list whose last member is denied behind it is denied as a whole: "A, B and C are wrong".

    Commas alone join nothing here: "the answer is B, C is wrong".
    """
    listed = False
    for number in range(len(made) - 1, 0, -1):
        one, other = made[number - 1], made[number]
        joined = _join(reply, (one.at, one.end, one.letter), (other.at, other.end, other.letter))
        listed = joined == "word" or (listed and joined == "comma")
        if listed and one.meaning == "held" and other.meaning == "denied":
            made[number - 1] = dataclasses.replace(one, meaning="denied")
    return made


def _meant(reply: Reply, places: list[tuple[int, int, str]]) -> Iterator[Claim]:
    before: Claim | None = None
    reply = Reply(reply.text, _DENIED_TWICE.sub(lambda match: " " * len(match.group()), reply.lower))
    joins = [_join(reply, one, other) for one, other in itertools.pairwise(places)]
    for number, (at, end, letter) in enumerate(places):
        start = before.end if before is not None else 0
        stop = places[number + 1][0] if number + 1 < len(places) else len(reply.text)
        meaning = _meaning(reply, start, at, end, stop)
        turned = TURN.search(reply.lower, start, at) is not None
        if before is not None and meaning == "held":
            likewise = LIKEWISE.search(reply.lower, start, at) or LIKEWISE_BEHIND.match(reply.lower, end)
            listed = joins[number - 1] and not reply.text[end:].strip(" .!)")
            excluded = listed and EXCLUDING.search(reply.lower, max(0, at - 80), at)
            if likewise or (not turned and (_carried(joins, number - 1) or excluded)):
                meaning = before.meaning
        by_words = reply.text[at:end].lstrip()[:1] != letter or reply.text[at + 1 : at + 2].isalnum()
        before = Claim(at, end, letter, meaning, turned, by_words)
        yield before


def _join(reply: Reply, one: tuple[int, int, str], other: tuple[int, int, str]) -> str:
    """How two places stand together: `word` ("and"), `comma`, or nothing of both."""
    between = reply.lower[one[1] : other[0]]
    joined = None if "\n" in between else _ONLY_JOINS.fullmatch(between)
    if joined is None:
        return ""
    return "word" if joined.group("word") or joined.group("also") or "、" in between else "comma"


def _carried(joins: list[str], place: int) -> bool:
    """Whether a denial goes on: in "not red, green or blue" it does, in "not red, green" it does not.

    Behind "and" or "or" a list is closed: in "eliminating A, B and D, C remains" C is not a part of it.
    """
    if joins[place] != "comma":
        return bool(joins[place])
    first = next((n + 1 for n in range(place - 1, -1, -1) if not joins[n]), 0)
    last = next((n for n in range(place, len(joins)) if not joins[n]), len(joins))
    closed = "word" in joins[first:place] and "word" not in joins[place:last]
    return last - first > 1 and not closed


def _meaning(reply: Reply, start: int, at: int, end: int, stop: int) -> Meaning:
    lower = reply.lower
    sentence = _last_end(_SENTENCE_END, lower, start, at)
    clause = _last_end(_CLAUSE_END, lower, sentence, at)
    turn = max((match.end() for match in TURN.finditer(lower, sentence, at)), default=sentence)
    behind = lower[end:stop]
    if (left := excepted(lower, sentence, at, end)) is not None:
        return "held" if left else "denied"
    said = end > at + 1 and _ANSWER_IS.search(lower, max(sentence, at - 40), at) is not None
    if (not said and (DENIED_BEHIND.match(behind) or _negative(reply, end, stop))) or (
        DENIED_BEFORE.search(lower, max(clause, turn), at) and not ASKED_FOR.search(lower, sentence, at)
    ):
        return "denied"
    if UNREAL_BEFORE.search(lower, sentence, at) and UNREAL_BEHIND.match(lower, end):
        return "denied"
    if (
        TAKEN_BACK_BEHIND.match(behind)
        or TAKEN_BACK_BEFORE.search(lower, _second_thoughts(lower, start, turn, at), at)
        or WRONG_HERE.match(behind)
    ):
        return "taken back"
    if _ASKED.match(behind) and not _ANSWERED.match(behind):
        return "asked"
    if OPEN_BEHIND.match(behind) or OPEN_BEFORE.search(lower, turn, at):
        return "open"
    return "held"


def _negative(reply: Reply, end: int, stop: int) -> bool:
    """Whether a verdict against the option follows, in any language, before the next option."""
    apart = _APART.search(reply.lower, end, stop)
    verdict = NEGATIVE_AFTER.match(reply.lower, end, apart.start() if apart is not None else stop)
    return verdict is not None and not _NOT_WRONG.match(reply.lower, end)


def _second_thoughts(lower: str, start: int, turn: int, at: int) -> int:
    """From where a word of second thoughts reaches the option at a place.

    Not over a colon with words behind it ("sorry about my earlier mistake: she drops B"), and not behind
    another option to one that stands apart ("not B as I claimed, D").
    """
    colon = _last_end(_COLON, lower, turn, at)
    if len(lower[colon:at].strip()) > 8:
        turn = colon
    apart = start > 0 and lower[turn:at].rstrip(" (\"'").endswith((",", "，", "、"))
    return at if apart else max(turn, at - _REACH)


def excepted(lower: str, start: int, at: int, end: int) -> bool | None:
    """Whether an option is excepted from what is denied ("no one but X"), or from what holds ("all but X").

    None where it is not excepted from anything.
    """
    if _EXCEPT.search(lower, max(start, at - 24), at) and _NOTHING_ELSE.match(lower, end):
        return True
    found = list(EXCEPTION.finditer(lower, start, at))
    if not found or lower[found[-1].end() : at].strip(" (\"'") not in ("", "the", "a", "an", "option"):
        return None
    return bool(found[-1].group("few"))


def _last_end(pattern: re.Pattern[str], lower: str, start: int, at: int) -> int:
    return max((match.end() for match in pattern.finditer(lower, start, at)), default=start)
