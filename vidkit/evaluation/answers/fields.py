"""Answers in a structure: JSON objects and answer tags."""

from __future__ import annotations

import re
from typing import Any

from vidkit.utils import json_depth

_FENCE = re.compile(r"```(?:json)?\s{0,8}(?=[{\[])", re.IGNORECASE)
_TAG = re.compile(
    r"<(?P<name>(?:final|correct|my)?[_-]?(?:answer|choice|option|response|solution|result|prediction"
    r"|output|final))>",
    re.IGNORECASE,
)
_KEYS = (
    "finalanswer", "correctanswer", "correctoption", "answerletter", "answeroption", "answerchoice",
    "selectedoption",
    "selectedanswer", "selectedchoice", "correctchoice", "bestanswer", "answer", "ans", "choice",
    "option", "selection",
    "selected", "prediction", "predictedanswer", "letter", "pick", "label", "final", "result",
    "response", "output", "solution",
    "correct", "答案", "antwort", "réponse", "respuesta", "resposta", "risposta", "ответ", "答え", "정답",
)  # fmt: skip
_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_LONGEST = 20_000


def tagged(text: str) -> str | None:
    """What stands in the last answer tag; an empty one says nothing."""
    opened = None
    for match in _TAG.finditer(text):
        opened = match
    if opened is None:
        return None
    close = re.compile(rf"</\s?{re.escape(opened.group('name'))}\s?>", re.IGNORECASE).search(
        text, opened.end()
    )
    return text[opened.end() : close.start() if close else len(text)]


def json_answer(text: str) -> tuple[bool, str]:
    """Whether a reply is JSON with a field for the answer, and what that says (empty: nothing)."""
    content = _content(text)
    if isinstance(content, dict):
        return _of_letters(content) or _of_object(content)
    if isinstance(content, list) and content and all(isinstance(each, str) for each in content):
        return True, " and ".join(content)
    return False, ""


_ROW = re.compile(r"^\s{0,8}\|(.{1,400})\|\s{0,8}$", re.MULTILINE)


def table_answer(text: str) -> str | None:
    """The answer's column of a Markdown table with one row of data."""
    if text.count("|") < 6:
        return None
    rows = [[cell.strip() for cell in row.split("|")] for row in _ROW.findall(text[-_LONGEST:])]
    if len(rows) != 3 or any(cell.strip("-: ") for cell in rows[1]):
        return None
    names = [re.sub(r"[\W_]", "", cell).lower() for cell in rows[0]]
    found = [cell for name, cell in zip(names, rows[2], strict=False) if name in _KEYS]
    return found[0] if len(found) == 1 else None


def json_truth(text: str) -> bool | None:
    """The true or false that a reply gives as JSON, alone or in its field for the answer."""
    content = _content(text)
    if isinstance(content, dict):
        named = {re.sub(r"[\W_]", "", str(key)).lower(): value for key, value in content.items()}
        content = next((named[key] for key in _KEYS if key in named), None)
    return content if isinstance(content, bool) else None


def _content(text: str) -> Any:
    body = text.strip()
    if "```" in body and (opened := _FENCE.search(body)) is not None:
        closed = body.find("```", opened.end())
        body = body[opened.end() : closed if closed >= 0 else len(body)].strip()
    if len(body) > _LONGEST or body[:1] not in "{[" or body[-1:] not in "}]":
        return None
    try:
        return json_depth.loads(body)
    except (ValueError, RecursionError):
        return None


def _of_object(content: dict[str, Any]) -> tuple[bool, str]:
    named = {re.sub(r"[\W_]", "", str(key)).lower(): value for key, value in content.items()}
    for key in _KEYS:
        if key in named:
            return True, _spoken(named[key])
    inner = [value for value in content.values() if isinstance(value, dict)]
    return (_of_letters(inner[0]) or _of_object(inner[0])) if len(inner) == 1 else (False, "")


def _of_letters(content: dict[str, Any]) -> tuple[bool, str] | None:
    """What an object says whose keys are the options: the likeliest, what is true, or a line each."""
    if len(content) < 2 or not all(key.strip() in _LETTERS for key in content):
        return None
    values = list(content.values())
    if all(isinstance(value, bool) for value in values):
        return True, " and ".join(key for key, value in content.items() if value)
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        most = max(values)
        return True, " and ".join(key for key, value in content.items() if value == most)
    return True, "\n".join(f"{key}: {_spoken(value)}" for key, value in content.items())


def _spoken(value: Any) -> str:
    if isinstance(value, dict):
        return (_of_letters(value) or _of_object(value))[1]
    if isinstance(value, list):
        return " and ".join(_spoken(each) for each in value)
    return "" if value is None or isinstance(value, bool) else str(value)
