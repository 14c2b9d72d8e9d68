"""JSON and tables whose names stand once: of two equal keys or columns none wins in silence."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from vidkit.errors import DataError
from vidkit.utils.json_depth import refuse_deep

_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|[{}\[\]:]')
_DIGITS = re.compile(r"\d{4300}")
_BRACKETS = re.compile(r"(?:[\[{]\s?){100}")
_HINT = "each name may occur once: remove or rename one of the two"


class _DuplicateError(ValueError):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def load_json(text: str, where: str, *, line: int | None = None) -> Any:
    """`json.loads` that refuses an object with the same key twice, at any depth.

    Whatever else Python's reader raises is a `json.JSONDecodeError` here: nested too deep, and whole
    numbers of some thousand digits, which Python does not read.

    Args:
        text: the JSON.
        where: the file, for the message.
        line: line of the file that `text` is; None: `text` is the whole file.

    Raises:
        DataError: a duplicate key, with file, line and name.
        json.JSONDecodeError: not JSON.
    """
    try:
        made = _read(text)
        refuse_deep(made, text)
        return made
    except RecursionError:
        raise json.JSONDecodeError("nested too deep", text, _deepest(text)) from None
    except json.JSONDecodeError:
        raise
    except _DuplicateError as error:
        number = line if line is not None else _line_of_duplicate(text)
        raise DataError(f"{where} line {number}: duplicate key '{error.name}'", _HINT) from error
    except ValueError as error:
        digits = _DIGITS.search(text)
        place = 0 if digits is None else digits.start()
        raise json.JSONDecodeError("a whole number with too many digits", text, place) from error


def _read(text: str) -> Any:
    """The value, by the quickest way that notices a key that stands twice."""
    if text[:1] in "{[" and text[-1:] in "}]":
        names = text.count('":')
        # as many names as colons in all: none stands twice
        if names == text.count(":") and text.count("{") == 1:
            made, end = _PLAIN.raw_decode(text)
            if end == len(text) and len(made) == names and type(made) is dict:
                return made
        made, end = _DECODER.raw_decode(text)  # without the search for blanks around it
        if end == len(text):
            return made
    return _DECODER.decode(text)


def _deepest(text: str) -> int:
    """Where the first run of a hundred open brackets begins."""
    found = _BRACKETS.search(text)
    return 0 if found is None else found.start()


def refuse_duplicates(names: Sequence[str], where: str, what: str = "column") -> None:
    """Refuse a header that has a name twice; columns without a name do not count.

    Raises:
        DataError: the first duplicate, with its places.
    """
    seen: dict[str, int] = {}
    for place, name in enumerate(names, 1):
        if name and name in seen:
            raise DataError(f"{where}: duplicate {what} '{name}' ({what}s {seen[name]} and {place})", _HINT)
        seen[name] = place


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen = set()
        for name, _ in pairs:
            if name in seen:
                raise _DuplicateError(name)
            seen.add(name)
    return made


# made once: a decoder takes longer to make than a short line to read
_DECODER = json.JSONDecoder(object_pairs_hook=_once)
_PLAIN = json.JSONDecoder()


def _line_of_duplicate(text: str) -> int:
    """The line of the first key that its object has already; only read once a duplicate is known."""
    keys: list[set[str]] = []
    previous: re.Match[str] | None = None
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token == "{" or token == "[":
            keys.append(set())
        elif token in "}]":
            if keys:
                keys.pop()
        elif token == ":" and previous is not None and previous.group(1) is not None and keys:
            name = json.loads(previous.group())
            if name in keys[-1]:
                return text.count("\n", 0, previous.start()) + 1
            keys[-1].add(name)
        previous = match
    return 1
