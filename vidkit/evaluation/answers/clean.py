"""Take the dress off a reply: emphasis, HTML, LaTeX commands, struck words."""

from __future__ import annotations

import re

WINDOW = (4_000, 20_000)
"""Characters from the start and from the end of a reply that are looked at; nobody answers in between."""

_MARKUP = re.compile(r"[*_`$~\\<#>|&]")
_STRUCK = re.compile(r"~~[^~\n]{1,200}~~|<(s|del|strike)>[^<\n]{1,200}</\1>", re.IGNORECASE)
_EMPHASIS = re.compile(r"\*{1,3}|(?<!\w)_{1,3}|_{1,3}(?!\w)|`{1,3}(?:json|text|xml|markdown|python)?|\${1,2}")
_DELIMITERS = re.compile(r"\\[()\[\]]")
_WRITTEN_OUT = re.compile(r"\\n(?!u\b|abla|eq?\b|ot|i\b|mid|earrow|ewline|onumber)")  # a line's end, not \nu

_LATEX = re.compile(
    r"\\(?:text\w{0,4}|math\w{0,4}|mbox|bf|rm|bm|large|Large|displaystyle|quad"
    r"|(?:left|right)(?=[\s()\[\]{}|.<>/\\])|,|;|!| )\s?"
)
_LATEX_ARROW = re.compile(r"\\(?:[Ll]?ong)?[Rr]ightarrow\b|\\(?:to|implies|therefore)\b")
_HTML = re.compile(r"</?(?!answer)(?:[a-z][a-z0-9:_-]{0,30}|[A-Z]{2,20})(?:\s[^<>\n]{0,200})?\s?/?>")
_LINE_START = re.compile(r"(?m)^[^\S\n]{0,8}(?:[#>]{1,6}|[-•·▪◦●‣+])[^\S\n]{1,4}")
# a numbered list of letters: "1. A"
_NUMBERED = re.compile(r"(?m)^[^\S\n]{0,8}\d{1,2}[.)][^\S\n]{1,4}(?=[(*]{0,3}[A-Z][)*.]{0,4}$)")
_ENTITIES = {"&nbsp;": " ", "&quot;": '"', "&#39;": "'", "&amp;": "&", "&lt;": "<", "&gt;": ">"}


def windowed(text: str) -> str:
    """The start and the end of a very long reply."""
    head, tail = WINDOW
    return text if len(text) <= head + tail else f"{text[:head]}\n\n{text[-tail:]}"


def cleaned(text: str) -> str:
    """The words alone; lines stay lines."""
    text = _NUMBERED.sub("", text)
    if not _MARKUP.search(text) and "•" not in text and "- " not in text:
        return text
    if "&" in text:
        for entity, char in _ENTITIES.items():
            text = text.replace(entity, char)
    text = _STRUCK.sub(" ", text)
    if "\\" in text:
        text = _LATEX_ARROW.sub("→", text)
        text = _WRITTEN_OUT.sub("\n", _LATEX.sub("", _DELIMITERS.sub(" ", text))).replace('\\"', '"')
    if "<" in text:
        text = _HTML.sub(" ", text)
    return _LINE_START.sub("", _EMPHASIS.sub("", text))
