"""Why a model gave no usable answer about frames, in plain words, with what to do."""

from __future__ import annotations

import re
from typing import Any

# servers word the limit of pictures in many ways; the number is in one of the groups
_TOO_MANY = (
    r"at most (\d+) (?:image|picture|video frame)",
    r"max\w* (?:of )?(\d+) (?:images?|pictures?)",
    r"max\w*[^.\d]{0,20}(?:images?|pictures?)[^.\d]{0,12}(\d+)",
    r"(?:images?|pictures?)[^.\d]*(?:exceeds?|more than|over|limit|max)[^\d]*(\d+)",
    r"(?:exceeds?|more than|over|limited? to|up to) (?:the )?(?:limit of )?(\d+) (?:images?|pictures?)",
    r"limit[_ ]mm[_ ]per[_ ]prompt[^\d]*(\d+)",
    r"too many (?:images?|pictures?)[^\d]*(?:\d+ ?> ?)?(\d+)?",
)
_TOO_LONG = re.compile(
    r"context length|context window|maximum.{0,20}tokens|max_model_len|prompt is too long|too many tokens"
    r"|longer than the maximum model length",
    re.IGNORECASE,
)
_TOO_BIG = re.compile(
    r"answered 413|payload too large|request entity too large|body.{0,20}too large", re.IGNORECASE
)


def advice(message: str, frames: int) -> str:
    """What to do about an error of a server that was shown `frames` pictures; empty: nothing special.

    Args:
        message: of the error, with the server's words.
        frames: how many pictures were sent.
    """
    for pattern in _TOO_MANY:
        if match := re.search(pattern, message, re.IGNORECASE):
            limit = int(match[1]) if match[1] else None
            if limit is None or limit >= frames:
                return f"the server takes fewer than the {frames} pictures that were sent: give a smaller k="
            if limit == 0:
                return "the server takes no pictures at all: name a vision-language model"
            return f"the server takes at most {limit} pictures and {frames} were sent: give k={limit}"
    if _TOO_LONG.search(message):
        return f"{frames} pictures do not fit the model's context: give a smaller k=, ask.width= or tokens="
    if _TOO_BIG.search(message):
        return f"the request with {frames} pictures is too large: give a smaller k= or ask.width="
    return ""


def reply_note(reply: Any, max_tokens: int) -> str:
    """What is wrong with a reply; empty: it is whole and says something.

    Args:
        reply: `text`, `finish_reason` and, where a server splits it off, `reasoning`.
        max_tokens: longest answer that was asked for.
    """
    empty, cut = not reply.text.strip(), reply.finish_reason == "length"
    thoughts = str(getattr(reply, "reasoning", "") or "")
    if reply.finish_reason == "content_filter":
        return "the server's content filter stopped the answer"
    if empty and reply.finish_reason == "tool_calls":
        return "the model called a tool instead of answering"
    if empty and thoughts:
        why = f"and was cut after {max_tokens} tokens: raise ask.max_tokens=" if cut else "and gave no answer"
        return f"the answer is empty: the model only reasoned {why}"
    if empty and cut:
        return f"the answer is empty: cut after {max_tokens} tokens: raise ask.max_tokens="
    if empty:
        return f"the answer is empty (finish_reason {reply.finish_reason or 'not given'})"
    return f"the answer is cut after {max_tokens} tokens: raise ask.max_tokens=" if cut else ""
