"""The authors' own answer rules, quirks included, for `--mode official`.

Behaviour reproduced from outside: the tests compare with results of running their scripts (commit 0fab46a).
"""

from __future__ import annotations

import re
from functools import lru_cache

from vidkit.evaluation.answers import Choice, reply_text

_TAIL = 1200  # characters at the end of a reply that the second look covers
_TURN_OPENERS = tuple(
    re.compile(opener, re.IGNORECASE)
    for opener in (r"<\|im_start\|>\s*assistant\s*\n", r"(?:^|\n)assistant\s*\n", r"(?:^|\n)assistant\s*:\s*")
)
_TURN_END = re.compile(r"\n(?:user|system|assistant)\s*:?\s*(?:\n|$)|<\|im_(?:end|start)\|>", re.IGNORECASE)


@lru_cache(maxsize=16)
def _social_rules(options: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    one = rf"([{options}])"
    return (
        ("start", re.compile(rf"\A\s*{one}\s*(?:[.):：,，。]|$)")),
        ("declaration", re.compile(rf"(?:ANSWER|CORRECT\s+CHOICE)\s*+(?:IS|:)?+\s*+{one}\b")),
        ("option_word", re.compile(rf"(?:CHOICE|OPTION)\s*+{one}\b")),
        ("isolated", re.compile(rf"\b{one}\b")),
    )


def parse_social_omni(text: object, options: str = "ABCD") -> Choice:
    """SocialOmni's rules: start letter, else the last declared, else the last isolated; case is ignored.

    Looked for after the last `</think>`, else in the last assistant turn, else from the last line starting
    with "answer"; then once more in the last 1,200 characters. So "a man in red" is read as A.
    """
    reply = reply_text(text)
    for region in (_last_word(reply), reply[-_TAIL:]):
        shouted = region.upper()
        for name, rule in _social_rules(options):
            found = rule.findall(shouted)
            if found:
                return Choice(found[-1], name)
    return Choice(None, "unparsed")


def parse_social_omni_yes_no(text: object) -> Choice:
    """Question "when": option letter, else any "yes" is A, else any "no" is B ("none" and "know" too)."""
    choice = parse_social_omni(text, "AB")
    if choice.letter:
        return choice
    lower = reply_text(text).lower()
    for letter, word in (("A", "yes"), ("B", "no")):
        if word in lower:
            return Choice(letter, "yes_no")
    return Choice(None, "unparsed")


def _last_word(reply: str) -> str:
    lower = reply.lower()
    if "</think>" in lower:
        return reply[lower.rfind("</think>") + len("</think>") :].strip()
    turn = _last_turn(reply)
    if turn:
        return turn
    if "\nanswer" in lower:
        return reply[lower.rfind("\nanswer") :].strip()
    return reply[-_TAIL:].strip()


def _last_turn(reply: str) -> str:
    latest: re.Match[str] | None = None
    for opener in _TURN_OPENERS:
        for match in opener.finditer(reply):
            if latest is None or match.start() > latest.start():
                latest = match
    if latest is None:
        return ""
    return _TURN_END.split(reply[latest.end() :].strip(), maxsplit=1)[0].strip()
