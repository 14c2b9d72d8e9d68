"""Slips of models that can be corrected without asking again; each is told."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

# one that is not closed reaches to the end, so that nothing is looked at twice
_STRING = r'"(?:[^"\\]++|\\[\s\S])*+(?:"|\\?\Z)'
_NOT_FINITE = re.compile(rf"{_STRING}|-?\bInfinity\b|\bNaN\b")
_COMMENT = re.compile(rf"{_STRING}|//[^\n]*")
_COMMA = re.compile(rf"{_STRING}|,(?=\s*[\]}}])")
_RENAMED = {
    "showComment": {"comment": "text", "message": "text"},
    "updateTableCell": {"cells": "updates", "data": "updates"},
    "appendToList": {"item": "value", "element": "value"},
    "popFromList": {"item": "value", "element": "value"},
}


def mended_text(text: str) -> tuple[str, list[str]]:
    """JSON text without what JSON does not have, and what was done."""
    done = []
    for pattern, instead, what in (
        (_COMMENT, "", "a comment is left out"),
        (_COMMA, "", "a comma before a closing bracket is left out"),
        (_NOT_FINITE, "null", "a number that is not finite is null"),
    ):
        mended = pattern.sub(partial(_outside_texts, instead), text)
        if mended != text:
            done.append(what)
        text = mended
    return text, done


def _outside_texts(instead: str, match: re.Match[str]) -> str:
    return match[0] if match[0].startswith('"') else instead


def mended_operations(raw: Any) -> list[str]:
    """Rename parameters that are called otherwise, in place; gives what was done."""
    done: dict[str, None] = {}
    deltas = raw.get("deltas") if isinstance(raw, dict) else None
    for delta in deltas if isinstance(deltas, list) else ():
        for op in _operations(delta):
            params, names = op.get("params"), _RENAMED.get(str(op.get("op")), {})
            if not isinstance(params, dict):
                continue
            for wrong, right in names.items():
                if wrong in params and right not in params:
                    params[right] = params.pop(wrong)
                    done[f"'{wrong}' of {op['op']} is read as '{right}'"] = None
    return list(done)


def _operations(delta: Any) -> list[dict[str, Any]]:
    groups = delta.get("operations") if isinstance(delta, dict) else None
    found: list[dict[str, Any]] = []
    for group in groups if isinstance(groups, list) else ():
        found += [op for op in (group if isinstance(group, list) else [group]) if isinstance(op, dict)]
    return found
