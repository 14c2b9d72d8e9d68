"""The plainest replies, read at once: most of a benchmark's. The whole pipeline says the same of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from vidkit.evaluation.answers.choice import Choice
from vidkit.evaluation.answers.words import JOINERS, NEGATORS

_LONGEST = 200
_LETTER = re.compile(
    r"(?P<says>(?i:(?:the |my )?(?:(?:final|correct|best|right) )?answer(?: is)?:? ?(?:option )?))?"
    r"\*{0,2}\(?\*{0,2}(?P<letter>[A-Z])\*{0,2}\)?\*{0,2}[.:]?\*{0,2}"
)
_LETTERED = re.compile(r"\(?(?P<letter>[A-Z])[.):]{1,2} ?(?P<text>[^\s].*)")

_SORRY = re.compile(
    r"(?:I'm|I am) sorry, (?:but )?I (?:cannot|can't|am unable to|am not able to) "
    r"(?:tell|say|determine|answer)(?: (?:this|that|it|the question|this question))?\."
)
# structures, and questions that a model made up and answered
_STRUCTURED = ("```", "<", "Question", "\nQ", "\n##")
_SIGNS = "`<Q#"  # each of them holds one; a search for a character takes no time
_PLAIN_WORDS = re.compile(r"[a-z]{2,20}(?: [a-z]{2,20}){0,12}")
_MEANS_MORE = NEGATORS | JOINERS | {"wrong", "incorrect", "false", "but", "maybe", "is", "are", "was", "nope"}


def quick(reply: str, options: str, option_texts: Sequence[str]) -> Choice | None:
    """What a lone letter, "answer: letter", a letter with its text or an option's text says; else None."""
    if not reply or len(reply) > _LONGEST:
        return None
    if _SORRY.fullmatch(reply) is not None:
        return None if _may_name(reply.casefold(), options, option_texts) else Choice(None, "refused")
    found = _LETTER.fullmatch(reply)
    if found is not None:
        letter = found.group("letter")
        return (
            Choice(letter, "declaration" if found.group("says") else "whole") if letter in options else None
        )
    lettered = _LETTERED.fullmatch(reply)
    if lettered is not None:
        place = options.find(lettered.group("letter"))
        if 0 <= place < len(option_texts) and _same(lettered.group("text"), option_texts[place]):
            return Choice(options[place], "start")
        words = lettered.group("text")
        if place >= 0 and _PLAIN_WORDS.fullmatch(words) and not _MEANS_MORE & set(words.split()):
            return Choice(options[place], "start")
        return None
    said = reply.rstrip(".").casefold()
    hits = [i for i, text in enumerate(option_texts) if text.rstrip(".").casefold() == said]
    return (
        Choice(options[hits[0]], "option_text")
        if len(hits) == 1 and len(said) > 2 and hits[0] < len(options)
        else None
    )


def declared_last(reply: str, options: str) -> Choice | None:
    """What a last line such as "Final answer: C" says, whatever was reasoned above it; else None."""
    head, _, line = reply.rpartition("\n")
    if (
        not head
        or len(line) > _LONGEST
        or head.lstrip()[:1] in ("{", "[")
        or (any(sign in head for sign in _SIGNS) and any(mark in head for mark in _STRUCTURED))
    ):
        return None
    found = _LETTER.fullmatch(line.strip())
    if found is None or not found.group("says") or found.group("letter") not in options:
        return None
    return None if head.count(line) > 1 else Choice(found.group("letter"), "declaration")


def _may_name(reply: str, options: str, option_texts: Sequence[str]) -> bool:
    """Whether a refusal might be an option's text, or its "I" an option."""
    named = re.findall(r"\w+", "\n".join(option_texts).casefold())
    return "I" in options or not set(re.findall(r"\w+", reply)).isdisjoint(named)


def _same(a: str, b: str) -> bool:
    return a.rstrip(".").casefold() == b.rstrip(".").casefold()
