"""The plainest replies, read at once: most of a benchmark's. The whole pipeline says the same of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from vidkit.evaluation.answers.choice import Choice

_LONGEST = 200
_LETTER = re.compile(
    r"(?P<says>(?i:(?:the |my )?(?:(?:final|correct|best|right) )?answer(?: is)?:? ?(?:option )?))?"
    r"\*{0,2}\(?\*{0,2}(?P<letter>[A-Z])\*{0,2}\)?\*{0,2}[.:]?\*{0,2}"
)
_LETTERED = re.compile(r"\(?(?P<letter>[A-Z])[.):]{1,2} ?(?P<text>[^\s].*)")


def quick(reply: str, options: str, option_texts: Sequence[str]) -> Choice | None:
    """What a lone letter, "answer: letter", a letter with its text or an option's text says; else None."""
    if not reply or len(reply) > _LONGEST:
        return None
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
        return None
    said = reply.rstrip(".").casefold()
    hits = [i for i, text in enumerate(option_texts) if text.rstrip(".").casefold() == said]
    return (
        Choice(options[hits[0]], "option_text")
        if len(hits) == 1 and len(said) > 2 and hits[0] < len(options)
        else None
    )


def _same(a: str, b: str) -> bool:
    return a.rstrip(".").casefold() == b.rstrip(".").casefold()
