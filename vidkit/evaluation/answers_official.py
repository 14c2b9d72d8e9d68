"""Answer rules of authors that more than one task file names, quirks included, for `--mode official`.

Rules of one benchmark lie in its folder under `tasks`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from vidkit.evaluation.answers import Choice, reply_text

# deleted wherever they stand, in this order, case-sensitive
_DELETED_PHRASES = (
    "Final Answer:", "The best answer is", "The correct answer is", "The answer is", "The answer",
    "The best option is", "The correct option is", "Best answer:", "Best option:", "Answer:", "Option:",
)  # fmt: skip
_PARTS = ("nswer:", "ption:", "The answer", "answer is", "option is")
"""Every phrase holds one of them."""
_BEFORE = sum(map(len, _DELETED_PHRASES))
"""Characters before a phrase that its deletion may make parts of others: each phrase could end behind it."""
_LONGEST = max(map(len, _DELETED_PHRASES))
_SHORT = 40  # characters of replies that come often


def parse_first_capital(text: object, options: str) -> Choice:
    """First capital letter of an option that is left after eleven fixed phrases are deleted.

    The rule that many video benchmarks share since Video-MME v1; nothing else is looked at.
    """
    if type(text) is str and len(text) <= _SHORT:
        return _of_short(text, options)
    return _of_reply(reply_text(text), options)


@lru_cache(maxsize=4096)
def _of_short(text: str, options: str) -> Choice:
    return _of_reply(text.strip(), options)


def _of_reply(reply: str, options: str) -> Choice:
    part = _first(reply, _PARTS)
    # a phrase begins at most its length before a part
    deleted = -1 if part < 0 else _first(reply, _DELETED_PHRASES, begin=max(0, part - _LONGEST))
    # what stands far enough before the first phrase stays as it is
    untouched = len(reply) if deleted < 0 else max(0, deleted - _BEFORE)
    at = _first(reply, options, untouched)
    if at < 0 and deleted >= 0:
        reply = _without_phrases(reply[untouched:])
        at = _first(reply, options)
    return Choice(reply[at], "first_capital") if at >= 0 else Choice(None, "unparsed")


def _first(text: str, words: Iterable[str], stop: int | None = None, begin: int = 0) -> int:
    """Where the first of some words stands, -1 for none; a search a word is quicker than a pattern."""
    first = -1
    for word in words:
        at = text.find(word, begin, stop if first < 0 else first + len(word) - 1)
        if at >= 0:
            first = at
    return first


def _without_phrases(reply: str) -> str:
    for phrase in _DELETED_PHRASES:
        reply = reply.replace(phrase, "")
    return reply


def parse_pope(text: object) -> Choice:
    """POPE's rule: "no" or "not" as a word of the first sentence is NO, all else is YES, even nothing."""
    words = reply_text(text).split(".")[0].replace(",", "").split(" ")
    return Choice("NO" if {"No", "not", "no"} & set(words) else "YES", "yes_no")
