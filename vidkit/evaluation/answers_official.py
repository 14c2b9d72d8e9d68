"""Answer rules of authors that more than one task file names, quirks included, for `--mode official`.

Rules of one benchmark lie in its folder under `tasks`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from vidkit.evaluation.answers import Choice, reply_text

# deleted wherever they stand, in this order, case-sensitive
_DELETED_PHRASES = (
    "Final Answer:", "The best answer is", "The correct answer is", "The answer is", "The answer",
    "The best option is", "The correct option is", "Best answer:", "Best option:", "Answer:", "Option:",
)  # fmt: skip
_AT_THE_CUT = sum(map(len, _DELETED_PHRASES))
"""Characters before a cut that may come out otherwise: each phrase could have gone on behind it."""
_START = 3 * _AT_THE_CUT


def parse_first_capital(text: object, options: str) -> Choice:
    """First capital letter of an option that is left after eleven fixed phrases are deleted.

    The rule that many video benchmarks share since Video-MME v1; nothing else is looked at.
    """
    reply = reply_text(text)
    capital = _capital(options)
    start = _without_phrases(reply[:_START])
    match = capital.search(start)
    # what is deleted behind the start can change no more than its end
    if len(reply) > _START and (match is None or match.start() >= len(start) - _AT_THE_CUT):
        match = capital.search(_without_phrases(reply))
    return Choice(match.group(), "first_capital") if match else Choice(None, "unparsed")


def _without_phrases(reply: str) -> str:
    if "nswer" not in reply and "ption" not in reply:
        return reply  # every phrase holds one of the two
    for phrase in _DELETED_PHRASES:
        reply = reply.replace(phrase, "")
    return reply


@lru_cache(maxsize=64)
def _capital(options: str) -> re.Pattern[str]:
    return re.compile(rf"[{options}]")


def parse_pope(text: object) -> Choice:
    """POPE's rule: "no" or "not" as a word of the first sentence is NO, all else is YES, even nothing."""
    words = reply_text(text).split(".")[0].replace(",", "").split(" ")
    return Choice("NO" if {"No", "not", "no"} & set(words) else "YES", "yes_no")
