"""What became of each reply: read, unread or not there. Every item is in exactly one bin; the bins add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from vidkit.evaluation.answers import PARSED_RULES, Choice, parse_choice, reply_text
from vidkit.evaluation.answers.quick import quick
from vidkit.evaluation.answers.said import has_own_think_tags
from vidkit.evaluation.types import Row, ScoreTable

MISSING = Choice(None, "missing")  # no line in the predictions
FAILED = Choice(None, "failed")  # the call or the video failed
_REMEMBERED = 4096  # letters of a reply
_SHORT = 40
NO_TEXT = {
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
    "reasoning_only": "reasoning_only",
    "length": "truncated",
}
"""What a reply without text is called, by its finish reason: the model did something else than answer."""
_OFFICIAL_RULES = ("first_capital",)
_NOT_UNPARSED = frozenset({*PARSED_RULES, *_OFFICIAL_RULES, "refused", "missing", "failed"})


JUDGE_COLUMN = "answer_judge"
"""Column of a row in which a judge's letter stands."""
JUDGED = frozenset({"unparsed", "ambiguous", "refused", "out_of_range"})
"""Rules whose replies are shown to a judge; empty, cut and failed ones hold nothing to read."""


class JudgedLetter(str):
    """A letter that a judge read; plain text in a row's column, as a data file may hold, is none."""

    __slots__ = ()


def judged_choice(row: Row, choice: Choice) -> Choice:
    """The choice, or the judge's letter where the rules read none and a judge read the reply."""
    letter = row.get(JUDGE_COLUMN)
    if choice.letter is None and choice.rule in JUDGED and isinstance(letter, JudgedLetter):
        return Choice(str(letter), "judge")
    return choice


@dataclass(frozen=True, slots=True)
class Unread:
    """Items that count as wrong without a letter, by cause."""

    unparsed: int  # includes empty, ambiguous, truncated and out-of-range replies
    refused: int
    missing: int  # includes failed calls

    def __str__(self) -> str:
        return f"{self.unparsed} / {self.refused} / {self.missing}"


UNREAD_HEADING = "unparsed / refused / missing"


def choice_of(text: object, options: str, option_texts: Sequence[str] = (), isolated: bool = False) -> Choice:
    """`parse_choice`, with the same reply to the same options read once: most short replies come often."""
    if type(text) is str and len(text) <= _REMEMBERED and not has_own_think_tags():
        return _choice_of(text, options, tuple(option_texts), isolated)
    return parse_choice(text, options, option_texts, isolated=isolated)


def letter_of(text: object, options: str) -> Choice | None:
    """What a short reply says that is a letter, or declares one, whatever the options' texts; else None."""
    return _letter_of(text, options) if type(text) is str and len(text) <= _SHORT else None


@lru_cache(maxsize=4096)
def _letter_of(text: str, options: str) -> Choice | None:
    found = quick(text.strip(), options, ())
    return found if found is not None and found.rule in ("whole", "declaration") else None


@lru_cache(maxsize=8192)
def _choice_of(text: str, options: str, option_texts: tuple[str, ...], isolated: bool) -> Choice:
    return parse_choice(text, options, option_texts, isolated=isolated)


def read_reply(row: Row, parse: Callable[[object], Choice], key: str = "prediction") -> Choice:
    """Parse a row's reply, telling apart a missing line and a failed call from a bad answer."""
    if key not in row:
        return MISSING
    text = reply_text(row[key])
    if row.get("error") and not text:
        return FAILED
    if not text and (why := NO_TEXT.get(str(row.get("finish_reason")))):
        return Choice(None, why)
    return parse(row[key])


def unread(choices: Iterable[Choice]) -> Unread:
    """Count the items without a letter."""
    rules = Counter(choice.rule for choice in choices)
    return Unread(
        unparsed=sum(n for rule, n in rules.items() if rule not in _NOT_UNPARSED),
        refused=rules["refused"],
        missing=rules["missing"] + rules["failed"],
    )


def summarise(choices: Sequence[Choice], rows: Sequence[Row], ids: Sequence[str]) -> dict[str, Any]:
    """Counts by rule and by bin, and the names of the failed and missing items."""
    bins = unread(choices)
    failed = [name for name, choice in zip(ids, choices, strict=True) if choice.rule == "failed"]
    missing = [name for name, choice in zip(ids, choices, strict=True) if choice.rule == "missing"]
    return {
        "items": len(choices),
        "answered": sum(choice.letter is not None for choice in choices),
        "unparsed": bins.unparsed,
        "refused": bins.refused,
        "missing": bins.missing,
        "cut_by_token_limit": sum(row.get("finish_reason") == "length" for row in rows),
        "by_rule": dict(sorted(Counter(choice.rule for choice in choices).items())),
        "failed_ids": failed,
        "missing_ids": missing,
    }


def rule_table(
    summary: dict[str, Any], name: str = "answers", title: str = "How replies were read"
) -> ScoreTable:
    """How many replies each rule decided, parsed ones first."""
    total = max(summary["items"], 1)
    by_rule = summary["by_rule"]
    read = {*PARSED_RULES, *_OFFICIAL_RULES}
    order = sorted(by_rule, key=lambda rule: (rule not in read, -by_rule[rule], rule))
    rows = tuple((rule, by_rule[rule], round(100 * by_rule[rule] / total, 2)) for rule in order)
    cut = summary["cut_by_token_limit"]
    note = f"{cut} replies were cut by the token limit" if cut else ""
    return ScoreTable(name, title, ("rule", "replies", "%"), rows, note)


def warn_missing(summary: dict[str, Any], what: str = "items") -> list[str]:
    """One line a kind of absence, with the first ten names."""
    lines = []
    for key, verb in (("missing_ids", "have no prediction"), ("failed_ids", "failed")):
        names = summary[key]
        if names:
            shown = ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
            lines.append(f"{len(names)} of {summary['items']} {what} {verb} and count as wrong: {shown}")
    return lines
