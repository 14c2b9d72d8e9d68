r"""The one answer parser: from a model's reply to an option letter, with the rule that decided.

Rules, in order; the first that yields exactly one letter wins:

1. everything up to the last `</think>` is dropped; a `<think>` that never closes is a cut-off reply;
2. `declaration`: the last explicit one ("Final answer: C", "the correct option is (d)", `\boxed{B}`);
3. `option_word`: the last bare "option C" or "choice C", unless it is ruled out in the same breath;
4. `whole`: the reply is one letter with punctuation;
5. `start`: the reply starts with a letter and `.`, `)` or `:`;
6. `last_line`: the same two forms on the last line;
7. `option_text`: the reply, its last line or what it says the answer is, is exactly one option's text;
8. `isolated`, only where a task asks for it: one distinct capital letter stands alone.

Otherwise the letter is None and the rule says why: `empty`, `truncated`, `ambiguous`, `out_of_range`,
`refused` or `unparsed`. All of these count as wrong answers; none leaves a denominator.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

PARSED_RULES = (
    "declaration", "option_word", "whole", "start", "last_line", "option_text", "isolated", "yes_no",
)  # fmt: skip
FAILED_RULES = ("empty", "truncated", "ambiguous", "out_of_range", "refused", "unparsed")

# quantifiers are possessive (`*+`): a reply of a thousand blanks must not cost a minute
_WRAP = r"[\s*_`\"'“”‘’(\[{<>$]*+(?:\\(?:boxed|text|mathrm|mathbf|textbf)\{[\s*$]*+){0,3}+"
_STATES = r"[\s*_`\"']*+(?:(?:is|are|(?:would|should|must)\s++be)\b|=)?+[\s*_`\"']*+[:：–—-]?+"
_NOUN = r"(?:(?:the\s++)?(?:option|choice|letter)\b)?"
_KEYWORDS = ("answer", "option", "choice", "letter", "boxed{")
_QUALIFIED = re.compile(r"\b(?:correct|right|best|final)\s+$", re.IGNORECASE)
_CORRECTION = re.compile(
    r"\b(?:no|wait|actually|rather|correction)\b[,.:;!\s]*(?:it\s+is|it's|make\s+that)?\s*(?:the\s+)?$",
    re.IGNORECASE,
)
_CONFIRMED = re.compile(
    r"[\s*)\]}.,:\"'-]*\s(?:is|must\s+be|should\s+be)\s+(?:the\s+)?(?:\w+\s+)?(?:correct|right|best|answer)\b",
    re.IGNORECASE,
)
_STATED = re.compile(r"answer\b[\s*_`\"']*(?:is\b|[:：])+", re.IGNORECASE)
_RULED_OUT = re.compile(
    r"[\s*_`\"')\]}.,:-]*+(?:(?:is|are|was|seems?|looks?|would\s+be|can\s+be|could\s+be|must\s+be)\s+"
    r"(?:\w+\s+)?(?:not\b|wrong|incorrect|false|unlikely|impossible|ruled\s+out|excluded|eliminated)"
    r"|(?:isn't|aren't|doesn't|does\s+not|do\s+not|cannot|can't)\b)",
    re.IGNORECASE,
)
_REFUSAL = re.compile(
    r"\b(?:sorry|cannot|can['’]?t|can\s+not|unable\s+to|apologi[sz]e|not\s+able\s+to|refuse|decline"
    r"|won['’]?t\s+(?:be\s+able|answer|help))\b",
    re.IGNORECASE,
)  # fmt: skip
_THINK_OPEN = re.compile(r"<think(?:ing)?>", re.IGNORECASE)
_THINK_CLOSE = re.compile(r"</think(?:ing)?>", re.IGNORECASE)
_YES = re.compile(r"\byes\b", re.IGNORECASE)
_NO = re.compile(r"\bno\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Choice:
    """What was read from a reply.

    Attributes:
        letter: the option's capital letter (`YES` or `NO` from `parse_yes_no`), None when nothing was read.
        rule: name of the rule that decided, or of the reason why none did.
    """

    letter: str | None
    rule: str


@dataclass(frozen=True)
class _Patterns:
    declared: re.Pattern[str]  # anchored at a keyword
    whole: re.Pattern[str]
    start: re.Pattern[str]
    isolated: re.Pattern[str]
    second: re.Pattern[str]  # another letter in the same breath


@lru_cache(maxsize=64)
def _patterns(options: str) -> _Patterns:
    flags = re.IGNORECASE
    letter = rf"(?P<letter>[{options}])(?![A-Za-z0-9]|['’][A-Za-z])"
    return _Patterns(
        declared=re.compile(
            rf"(?:boxed\{{|(?:answer|option|choice|letter)\b{_STATES}[\s*_`]*+{_NOUN}){_WRAP}{letter}", flags
        ),
        whole=re.compile(rf"(?:option|choice)?[\W_]*(?P<letter>[{options}])[\W_]*", flags),
        start=re.compile(rf"[\s*_`\"'“(\[<]*(?P<letter>[{options}])[*_`]*[.):：\]](?![A-Za-z]\.)", flags),
        isolated=re.compile(rf"(?<![A-Za-z0-9'’.])(?P<letter>[{options}])(?![A-Za-z0-9'’])"),
        second=re.compile(
            r"[\s*_`)\]}.]*+(?:"
            rf"(?:/|&|\bor\b|\band\b)\s*+(?:either\s++)?{_NOUN}{_WRAP}(?P<letter>[{options}])(?![A-Za-z0-9'’])"
            # after a comma only a list goes on: "B, C is wrong" names one letter
            rf"|,\s*+{_NOUN}{_WRAP}(?P<listed>[{options}])(?=[\s*_`)\]}}\"'”’$]*+(?:$|\n|or\b|and\b|[.,;](?:\s|$))))",
            flags,
        ),
    )


def parse_choice(
    text: object, options: str = "ABCDEFGH", option_texts: Sequence[str] = (), *, isolated: bool = False
) -> Choice:
    """Read the option letter out of a model's reply.

    Source: the robust rules of this project (docs/methods/answers.md); the authors' own rules are in
    `vidkit.evaluation.answers_official`.

    Args:
        text: the reply; None, NaN and blanks are `empty`.
        options: the allowed letters, in order.
        option_texts: texts of the options without their letters, in the same order; enables `option_text`.
        isolated: also accept a single distinct capital letter that stands alone somewhere.

    Returns:
        The letter and the rule; never raises on a reply, whatever is in it.

    Raises:
        ValueError: `options` is not a string of distinct capital letters.
    """
    if not options.isalpha() or not options.isupper() or len(set(options)) != len(options):
        raise ValueError(f"options must be distinct capital letters, not {options!r}")
    reply = _said(text)
    if isinstance(reply, Choice):
        return reply
    patterns = _patterns(options)
    lines = [line.strip() for line in reply.splitlines() if line.strip()]
    ambiguous = False
    declared, named = _declared(reply, options, option_texts)
    for rule, candidates in (
        ("declaration", declared),
        ("option_word", named),
        ("whole", _whole(reply, patterns)),
        ("start", _started(lines, 0, patterns)),
        ("last_line", _whole(lines[-1], patterns) or _started(lines, -1, patterns)),
        ("option_text", _option_text((reply, lines[-1], _stated(reply)), options, option_texts)),
        ("isolated", _isolated(reply, patterns) if isolated else set()),
    ):
        if len(candidates) == 1:
            return Choice(candidates.pop(), rule)
        ambiguous = ambiguous or len(candidates) > 1
    return Choice(None, _failure(reply, options, ambiguous))


def parse_yes_no(text: object) -> Choice:
    """Read YES or NO: the last declared one, else whole words; both present is `ambiguous`."""
    reply = _said(text)
    if isinstance(reply, Choice):
        return reply
    declared = re.findall(rf"\banswer\b{_STATES}{_WRAP}(yes|no)\b", reply, re.IGNORECASE)
    if declared:
        return Choice(declared[-1].upper(), "declaration")
    yes, no = bool(_YES.search(reply)), bool(_NO.search(reply))
    if yes != no:
        return Choice("YES" if yes else "NO", "yes_no")
    if yes and no:
        return Choice(None, "ambiguous")
    return Choice(None, "refused" if _REFUSAL.search(reply) else "unparsed")


def reply_text(value: object) -> str:
    """A reply as stripped text; None and NaN are empty."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return str(value).strip()


def _said(text: object) -> str | Choice:
    """What a reply says after its thinking, or why it says nothing."""
    reply = _after_thinking(reply_text(text))
    if reply is None:
        return Choice(None, "truncated")
    return reply or Choice(None, "empty")


def _after_thinking(reply: str) -> str | None:
    closes = list(_THINK_CLOSE.finditer(reply))
    if closes:
        reply = reply[closes[-1].end() :].strip()
    opened = _THINK_OPEN.search(reply)
    if opened is None:
        return reply
    before = reply[: opened.start()].strip()
    return before or None  # thinking that never ended: only what stood before it was said


def _declared(reply: str, options: str, option_texts: Sequence[str]) -> tuple[set[str], set[str]]:
    """Letters of the last declaration and of the last bare option word, each empty where there is none."""
    patterns, named = _patterns(options), set[str]()
    reach = 200 + max((len(text) for text in option_texts), default=0)  # what is looked at behind a letter
    for position in _keyword_positions(reply):
        match = patterns.declared.match(reply, position)
        if match is None:
            continue
        letter, end = match.group("letter"), match.end("letter")
        rest = reply[end : end + reach]
        if _is_article(letter, rest) or _RULED_OUT.match(rest):
            continue
        spoken = _spoken_option(letter + rest, options, option_texts) if letter == "A" else None
        found = {spoken or letter.upper()}
        other = patterns.second.match(rest)
        also = other and (other.group("letter") or other.group("listed"))
        if other and also and not _is_article(also, rest[other.end() :]):
            found.add(also.upper())
        if _is_declaration(reply, position, rest):
            return found, named
        if reply[position] not in "lL":  # a bare "letter B" may stand on a sign in the picture
            named = named or found
    return set(), named


def _keyword_positions(reply: str) -> list[int]:
    """Places where a declaration may start, last first; plain searches, since replies can be long."""
    lower = reply.lower()
    if len(lower) != len(reply):  # a few letters change their length
        lower = "".join(c.lower() if len(c.lower()) == 1 else c for c in reply)
    positions = []
    for word in _KEYWORDS:
        position = lower.find(word)
        while position >= 0:
            if position == 0 or not lower[position - 1].isalnum():
                positions.append(position)
            position = lower.find(word, position + 1)
    return sorted(positions, reverse=True)


def _is_declaration(reply: str, position: int, rest: str) -> bool:
    if reply[position] in "aAbB":  # answer, boxed
        return True
    before = reply[max(0, position - 40) : position]
    return bool(_QUALIFIED.search(before) or _CORRECTION.search(before) or _CONFIRMED.match(rest))


def _is_article(letter: str, rest: str) -> bool:
    # "the answer is a man": a lower-case letter before a word is not an option
    return letter in "ai" and re.match(r"\s+[A-Za-z]", rest) is not None


def _spoken_option(tail: str, options: str, option_texts: Sequence[str]) -> str | None:
    # "the answer is A man in red" names an option by its text, and its first word is not a letter
    spoken = _plain(tail)
    hits = [
        options[i] for i, text in enumerate(option_texts[: len(options)])
        if len(_plain(text)) > 1 and (spoken == _plain(text) or spoken.startswith(_plain(text) + " "))
    ]  # fmt: skip
    return hits[0] if len(hits) == 1 else None


def _whole(line: str, patterns: _Patterns) -> set[str]:
    match = patterns.whole.fullmatch(line)
    return {match.group("letter").upper()} if match else set()


def _started(lines: Sequence[str], index: int, patterns: _Patterns) -> set[str]:
    match = patterns.start.match(lines[index])
    if match is None:
        return set()
    # a reply that recites the options has a letter on many lines and chooses none
    return {m.group("letter").upper() for line in lines if (m := patterns.start.match(line))}


def _option_text(replies: Sequence[str], options: str, option_texts: Sequence[str]) -> set[str]:
    longest = max((len(text) for text in option_texts), default=0)
    spoken = {_plain(said) for said in replies if len(said) <= 2 * longest + 80} - {""}
    return {options[i] for i, text in enumerate(option_texts[: len(options)]) if _plain(text) in spoken}


def _stated(reply: str) -> str:
    """What follows the last "answer is" or "answer:"."""
    at = reply.lower().rfind("answer")
    match = _STATED.match(reply, at) if at >= 0 else None
    return reply[match.end() :] if match else ""


def _isolated(reply: str, patterns: _Patterns) -> set[str]:
    letters = set()
    for match in patterns.isolated.finditer(reply):
        if match.group("letter") in "AI" and re.match(r"\s+[a-z]", reply[match.end() :]):
            continue  # the article, or the pronoun
        letters.add(match.group("letter"))
    return letters


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^\w%.,:/+-]+", " ", text.casefold()).split()).strip(".,: ")


def _failure(reply: str, options: str, ambiguous: bool) -> str:
    if ambiguous or re.fullmatch(rf"[{options}](?:[\s,/&]+(?:and\s+|or\s+)?[{options}])+[\s.]*", reply):
        return "ambiguous"
    beyond = "".join(c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in options)
    if beyond and (_declared(reply, beyond, ())[0] or _whole(reply, _patterns(beyond))):
        return "out_of_range"
    return "refused" if _REFUSAL.search(reply) else "unparsed"
