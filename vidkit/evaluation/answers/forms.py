"""Replies that are an answer by their form: one letter, a lettered line, a verdict on each option, a text."""

from __future__ import annotations

import re
from functools import lru_cache

from vidkit.evaluation.answers.asked import Asked, plain
from vidkit.evaluation.answers.evidence import answers_parts, is_passing
from vidkit.evaluation.answers.mentions import MENTION, NAMED, mentions
from vidkit.evaluation.answers.recital import is_cut, recital
from vidkit.evaluation.answers.values import Reply, Value, follows, letter_end, read_value
from vidkit.evaluation.answers.words import (
    CONCEDED,
    DENIAL,
    IF_BEHIND,
    NEGATIVE_AFTER,
    NEGATORS,
    REFUSAL,
)

_SENTENCE = re.compile(r"(?<=[.!?。！？])\s+|\n+")
_OTHER_LETTER = re.compile(r"\s{0,4}[(\[*]{0,3}([A-Z])[)\]*.]{0,3}(?=\s{0,3}(?:$|[(,;>=–—→-]))")
# "A: D" names the answer and gives it; "print('B')" is an answer in code
_CALLED = re.compile(r"\s*A\s?:\s{0,3}([A-Z])[.\s]*|\s*\w{1,30}\(\s?[\"']([A-Z])[\"']\s?\)[;\s]*")
_LANGUAGES = re.compile(r"[A-Z](?:\+\+|#)")  # C++, C#
_SHORT = re.compile(
    r"(?:[^\W\d_]{2,24}[\s,:]{1,3}){1,2}(?:(?:a|o|la|el|il|le|de|den|az?)\s)?[(\"*]{0,3}([A-Z])[)\"*]{0,3}[.!\s]{0,3}"
)
_FINAL = re.compile(
    r"(\w{2}[\"')]?[.!?…]{1,3}[^\S\n]{1,3}|\w{2}\s{0,2}\n\s{0,8})[(*\"']{0,3}([A-Z])[)*\"']{0,3}\s?[.!]?\s{0,4}$"
)
# "'C' is the grade he gets"
_A_MARK = re.compile(
    r"[\"'”’)]?\s(?:is|was)\s(?:the|a|an|his|her|their)\s(?:grade|mark|note|key|row|room|gate|team|size)\b"
)
_PLACED = frozenset(("at", "in", "on", "from", "near", "to", "by", "of", "with", "through", "into"))
_HEDGE_AFTER = re.compile(r"[\s)\].:,–—-]{1,5}(?:maybe|perhaps|possibly)\b")
_ARROW = re.compile(r"[)\]*.]{0,3}\s?(?:→|⇒|=>|->|➜|>)\s?[(\[*]{0,3}[A-Z](?![\w'’])")
_BRACKETED = re.compile(r"\(([A-Z])\)")
_CLOSING = re.compile(
    r"[(\[\"“']{1,3}([A-Z])[)\]\"”']{1,3}[.!\s]*$|(?<=[^\W\d_]{2})\s?[,:;–—-]\s{1,3}[(\"*]{0,2}([A-Z])[)\"*]{0,2}[.!]?$"
)


@lru_cache(maxsize=64)
def _patterns(letters: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    one = rf"(?P<letter>[{letters}{letters.lower()}])"
    return (
        re.compile(rf"(?:option|choice|opción|opção|вариант|选项)?[^\w]{{0,200}}+{one}[^\w]{{0,200}}+"),
        re.compile(rf"[\s\"'“(\[<{{【]{{0,12}}+{one}\s?[.):：\]】、．。,，;–—>=-]+(?![A-Za-z]\.)"),
    )


def whole(line: str, asked: Asked) -> set[str]:
    """The letter of a line that is nothing else."""
    if len(line) > 400:
        return set()
    called = _CALLED.fullmatch(line)
    if called is not None and called.group(called.lastindex or 0) in asked.letters:
        return {called.group(called.lastindex or 0)}
    match = None if _LANGUAGES.search(line) else _patterns(asked.letters)[0].fullmatch(line)
    return {match.group("letter").upper()} if match and "n/a" not in line.lower() else set()


def starts(reply: Reply, asked: Asked) -> set[str]:
    """The letters that open the lines; a reply that recites the options has several and chooses none."""
    lines = [line for line in reply.text.splitlines() if line.strip()]
    first = _start(lines[0], asked) if lines else None
    if first is None or answers_parts(reply, asked):
        return set()
    recited = recital(lines[0], asked)
    if len(recited) > 1:
        return set(recited.values())
    others = {letter for line in lines[1:200] if (letter := _start(line, asked)) is not None}
    if len(alone := _bare_lines(lines, asked)) > 1:
        return alone
    if others - {first} and _bare(lines[0], asked):
        return {first}  # a letter alone on the first line, explained below
    if (
        others
        and first not in others
        and _start(lines[1], asked) is None
        and first in _lettered(lines[0], asked)
    ):
        return {first}  # a letter with its text, then the case against the others
    return {first} | others


def _lettered(line: str, asked: Asked) -> set[str]:
    """The letter of a line that is an option with its own text."""
    letter, _, said = line.strip(" ()[]").partition(" ")
    place = asked.letters.find(letter[:1])
    return {letter[:1]} if 0 <= place < len(asked.texts) and plain(said) == asked.texts[place] else set()


def _bare_lines(lines: list[str], asked: Asked) -> set[str]:
    """Letters of a reply whose every line is a letter alone."""
    letters = [whole(line.strip(), asked) for line in lines[:200]]
    return {letter for each in letters for letter in each} if all(letters) else set()


def _bare(line: str, asked: Asked) -> bool:
    return bool(whole(line.strip(), asked))


def _start(line: str, asked: Asked) -> str | None:
    made = Reply(line, line.lower())
    match = _patterns(asked.letters)[1].match(line)
    if match is None:
        # "B because ...", "C Berlin": a capital letter that the words behind it speak about
        at = len(line) - len(line.lstrip(" \t\"'“([{<"))
        letter = line[at : at + 1]
        if not letter or letter not in asked.letters or letter_end(made, at, asked, weak=True) is None:
            return None
        if (
            _ARROW.match(line, at + 1)
            or _A_MARK.match(made.lower, at + 1)
            or CONCEDED.match(made.lower, at + 1)
            or IF_BEHIND.match(made.lower, at + 1)
        ):
            return None  # "B → A"
        value = read_value(made, at, asked, weak=True)
        asks = (
            value is not None and line[value.end :].lstrip(" )]\"'").startswith("?") and line[value.end + 3 :]
        )
        shares = line.count("%") > 1  # "A (50 %), C (50 %)"
        read = value is not None and len(value.letters) == 1 and not asks and not shares
        return value.letters if value is not None and read else None
    letter = match.group("letter").upper()
    at = match.start("letter")
    if _HEDGE_AFTER.match(made.lower, at + 1) and len(set(MENTION.findall(line))) > 1:
        return None  # "A - maybe. B - maybe."
    if letter_end(made, at, asked) is None and not follows(made, at + 1, asked, letter):
        return None
    rest = line[match.end() :].strip().lower()
    other = _OTHER_LETTER.match(line, match.end())
    if line.count("%") > 1 or (other and other.group(1) in asked.letters.replace(letter, "")):
        return None  # "A > B", "A (50 %), C (50 %)"
    if not follows(made, at + 1, asked, letter) and (
        NEGATIVE_AFTER.match(made.lower, at + 1) or _is_refusal_only(rest)
    ):
        return None
    value = read_value(made, at, asked)
    if value is not None and value.letters != letter:
        return None
    return letter


def labelled(reply: Reply, asked: Asked) -> set[str]:
    """The only option whose letter stands in brackets behind its own words: "a red kite (C), as ..."."""
    found = dict[str, Value]()
    for match in list(_BRACKETED.finditer(reply.text))[:100]:
        letter, at = match.group(1), match.start()
        place = asked.letters.find(letter)
        text = asked.texts[place] if 0 <= place < len(asked.texts) else ""
        if len(text) > 2 and plain(reply.text[max(0, at - len(text) - 8) : at]).endswith(text):
            if NEGATIVE_AFTER.match(reply.lower, match.end()):
                return set()
            found[letter] = Value(letter, "letter", match.end())
    if len(found) != 1:
        return set()
    letter, value = found.popitem()
    return set() if is_passing(reply, value.end - 3, value, asked) else {letter}


def other_of_two(reply: Reply, asked: Asked) -> set[str]:
    """Of two options the one that is left when the reply is the denial of the other: "Not true."."""
    if len(asked.letters) != 2 or len(reply.text) > 2 * asked.longest + 40:
        return set()
    denial = read_value(reply, 0, asked)
    if denial is None or denial.kind != "negated":
        return set()
    denied = read_value(reply, denial.end, asked)
    if denied is None or len(denied.letters) != 1 or reply.text[denied.end :].strip(" .!)"):
        return set()
    return set(asked.letters) - {denied.letters}


def _is_refusal_only(rest: str) -> bool:
    return bool(REFUSAL.match(rest)) and len(rest) < 80


def last_sentence(reply: Reply, asked: Asked) -> set[str]:
    """The letter that is the last sentence, or that opens or closes the last line."""
    line = next((each for each in reversed(reply.text.splitlines()) if each.strip()), "").strip()
    every = _bare_lines([each for each in reply.text.splitlines() if each.strip()], asked)
    if line.endswith(":") or len(every) > 1:
        return every
    sentences = [part.strip() for part in _SENTENCE.split(line) if part.strip()]
    found = whole(sentences[-1], asked) if sentences else set()
    if found and len(sentences) > 1 and line.endswith("?"):
        return set()  # "A? B? C?"
    if found:
        return found
    opened = None if line == reply.text.strip() and answers_parts(reply, asked) else _start(line, asked)
    if opened is not None and len(recital(line, asked)) > 1:
        return set(recital(line, asked).values())
    if opened is not None:
        lines = [each for each in reply.text.splitlines() if each.strip()]
        earlier = {_start(each, asked) for each in lines[-200:]} - {None}
        cut = len(lines) > 1 and is_cut(
            Reply(line, line.lower()), line.index(opened) + 1 if opened in line else 0, asked, opened
        )
        return {opened} if earlier == {opened} and not cut else set()
    closing = _CLOSING.search(line[-200:])
    letter = str(closing.group(1) or closing.group(2)) if closing else ""
    if (
        closing
        and letter in asked.letters
        and (closing.group(1) or not NAMED.search(line[-200:][: closing.start()]))
    ):
        return set(mentions(Reply(line, line.lower()), asked)[0])
    return set()


def final_letter(reply: Reply, asked: Asked) -> list[tuple[int, str]]:
    """Place and letter of a last sentence that is a letter alone, behind sentences: "... drives off. C."."""
    match = _FINAL.search(reply.text)
    if match is None or match.group(2) not in asked.letters or _FINAL.search(reply.text[: match.start(2)]):
        return []
    said = reply.text[: match.start(2)].strip()
    return [(match.start(2), match.group(2))] if len(said.split()) > 1 and not said.endswith("?") else []


def short(reply: Reply, asked: Asked) -> set[str]:
    """The capital letter that ends a reply of two or three words: "Probably C", in any language."""
    match = _SHORT.fullmatch(reply.text)
    if match is None or match.group(1) not in asked.letters or DENIAL.search(reply.lower):
        return set()
    words = set(reply.lower.split())
    if words & (NEGATORS | _PLACED) or words & {"nothing", "none", "no", "nobody"}:
        return set()
    return set(mentions(reply, asked)[0])
