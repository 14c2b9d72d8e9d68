"""The program in a model's reply."""

from __future__ import annotations

import re
from collections.abc import Iterator

_OPENING = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*([\w+-]*)")
_PYTHON = ("python", "py", "python3")
_THOUGHTS = re.compile(r"<(/?)think(?:ing)?>", re.I)


def program_in(text: str) -> str:
    """The last Python block of a reply; without one the longest other block, or the reply if it is code.

    Returns:
        The program, or an empty text.
    """
    text = _without_thoughts(text.replace("\r\n", "\n"))
    blocks = list(_blocks(text))
    ours = [code for name, code in blocks if name in _PYTHON and code.strip()]
    if ours:
        return ours[-1]
    others = [code for name, code in blocks if not name and code.strip()]
    if others:
        return max(others, key=len)
    if not blocks and re.search(r"^(def|import|from|class)\b", text, re.M):
        return text.strip() + "\n"
    return ""


def _without_thoughts(text: str) -> str:
    """What stands outside of thoughts; one that is not closed stays."""
    kept: list[str] = []
    place, start = 0, -1
    for tag in _THOUGHTS.finditer(text):
        if not tag[1]:
            start = tag.start() if start < 0 else start
        elif start >= 0:
            kept.append(text[place:start])
            place, start = tag.end(), -1
    return "".join([*kept, text[place:]])


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Languages and contents of fenced blocks, the last of which may be open; in linear time."""
    name, mark = "", ""
    inside: list[str] = []
    lines = text.split("\n")
    for number, line in enumerate(lines):
        is_last = number == len(lines) - 1
        if mark:
            if line.strip(" \t") == mark:
                yield name, "".join(inside)
                mark = ""
            else:
                inside.append(line if is_last else f"{line}\n")
        elif (opening := _OPENING.match(line)) is not None and not is_last:
            mark, name, inside = opening[1], opening[2].lower(), []
    if mark:
        yield name, "".join(inside)
