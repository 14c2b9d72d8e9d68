"""Reading tagged replies: the last block of a tag, whatever thoughts, fences or cuts stand around it."""

from __future__ import annotations

import re


def without_thoughts(text: str) -> str:
    """The reply without its `<think>` blocks; an unclosed one hides everything after it."""
    kept, place = [], 0
    while (start := text.find("<think>", place)) >= 0:
        kept.append(text[place:start])
        end = text.find("</think>", start)
        if end < 0:
            return "".join(kept)
        place = end + len("</think>")
    rest = text[place:]
    stray = rest.rfind("</think>")  # a server may have taken the opening tag for its own
    return "".join(kept) + (rest[stray + len("</think>") :] if stray >= 0 else rest)


def last_block(text: str, tag: str, is_whole: bool) -> str | None:
    """Content of the last block of `tag`; None where there is none.

    Args:
        text: the reply.
        tag: without brackets.
        is_whole: the reply was not cut by the token budget, so that a block without its closing tag ended
            there (servers take stop strings out of the reply).
    """
    start = text.rfind(f"<{tag}>")
    if start < 0:
        return None
    content = text[start + len(tag) + 2 :]
    end = content.find(f"</{tag}>")
    if end >= 0:
        return content[:end].strip()
    return content.strip() if is_whole else None


def unfenced(text: str) -> str:
    """Text without the code fence around it, if there is one."""
    found = re.fullmatch(r"\s*```[\w+-]*[ \t]*\n(.*?)(?:\n?```\s*)?", text, re.DOTALL)
    return found[1] if found else text
