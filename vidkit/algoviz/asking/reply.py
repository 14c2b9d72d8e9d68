"""The program in a model's reply."""

from __future__ import annotations

import re

_FENCE = re.compile(r"^[ \t]*(```+|~~~+)[ \t]*([\w+-]*)[^\n]*\n(.*?)(?:^[ \t]*\1[ \t]*$|\Z)", re.M | re.S)
_PYTHON = ("python", "py", "python3")
_THOUGHTS = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.S | re.I)


def program_in(text: str) -> str:
    """The last Python block of a reply; without one the longest other block, or the reply if it is code.

    Returns:
        The program, or an empty text.
    """
    text = _THOUGHTS.sub("", text.replace("\r\n", "\n"))
    blocks = [(match[2].lower(), match[3]) for match in _FENCE.finditer(text)]
    ours = [code for name, code in blocks if name in _PYTHON and code.strip()]
    if ours:
        return ours[-1]
    others = [code for name, code in blocks if not name and code.strip()]
    if others:
        return max(others, key=len)
    if not blocks and re.search(r"^(def|import|from|class)\b", text, re.M):
        return text.strip() + "\n"
    return ""
