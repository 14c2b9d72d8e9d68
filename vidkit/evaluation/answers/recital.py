"""Replies that repeat the options, whole or cut off."""

from __future__ import annotations

import re

from vidkit.evaluation.answers.asked import Asked, plain
from vidkit.evaluation.answers.values import Reply, follows

_LABEL = re.compile(r"(?<![^\W_])[A-Z](?=[\])]?\s?[.):\]–—-])")


def recital(text: str, asked: Asked) -> dict[int, str]:
    """Places of the options that a reply merely repeats, letter and text; empty for less than two."""
    made = Reply(text, text.lower())
    found = {
        match.start(): match.group()
        for match in list(_LABEL.finditer(text))[:100]
        if match.group() in asked.letters
        and (
            follows(made, match.end(), asked, match.group())
            or is_cut(made, match.end(), asked, match.group())
        )
    }
    return found if len(set(found.values())) > 1 else {}


def is_cut(reply: Reply, end: int, asked: Asked, letter: str) -> bool:
    """Whether the reply breaks off within the text of the letter's option."""
    place = asked.letters.find(letter)
    text = asked.texts[place] if 0 <= place < len(asked.texts) else ""
    rest = plain(reply.text[end:]) if len(reply.text) - end <= len(text) + 8 else ""
    return bool(rest) and rest != text and text.startswith(rest)
