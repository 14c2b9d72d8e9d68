"""Options of a question as a benchmark's file holds them: a letter belongs to its place, always.

An option that is empty stays an empty text at its place, so that no later one moves up; an option of two
lines is one option.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, overload

from vidkit.errors import DataError
from vidkit.evaluation.rows import text_id

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_PLAIN_MARKS = [f"{letter}." for letter in ALPHABET]
_MARK = re.compile(r"^\s*\(?([A-Z])\s*[.):、．]\s*")


def options_by_place(raw: object, no_option: Sequence[str] = ()) -> tuple[str, ...]:
    """Option texts without letters, "" where there is no option.

    Args:
        raw: a list of texts, an object of texts by letter, or text with an option a line (lettered ones may
            go on over several lines) or a list in JSON or Python spelling.
        no_option: texts that mean "there is no such option".

    Raises:
        DataError: a number or a truth value.
    """
    if isinstance(raw, str):
        listed = _spelled_list(raw)
        texts = _of_list(listed) if listed is not None else _of_text(raw)
    elif isinstance(raw, Mapping):
        texts = _of_mapping(raw)
    elif raw is None or isinstance(raw, Iterable):
        texts = _of_list(list(raw) if raw is not None else [])
    else:
        raise DataError(
            f"options are {str(raw)[:40]}, not a list or a string", "give a string for each option"
        )
    return _without_absent(texts, no_option)


class _LaterTexts(Sequence[str]):
    """Option texts that are read from their lines when one of them is asked for."""

    __slots__ = ("_raw", "_texts")

    def __init__(self, raw: str) -> None:
        self._raw = raw
        self._texts: tuple[str, ...] | None = None

    def _read(self) -> tuple[str, ...]:
        if self._texts is None:
            self._texts = options_by_place(self._raw)
        return self._texts

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[str, ...]: ...
    def __getitem__(self, place: int | slice) -> str | tuple[str, ...]:
        return self._read()[place]

    def __len__(self) -> int:
        return len(self._read())

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())


def texts_when_asked(raw: object) -> Sequence[str]:
    """`options_by_place`, put off where it is lines: most replies are read without the texts.

    Raises:
        DataError: a number or a truth value.
    """
    if type(raw) is str and raw[:1] not in ("[", "{", "("):
        return _LaterTexts(raw)
    return options_by_place(raw)


def options_of_columns(cells: Sequence[object], no_option: Sequence[str] = ()) -> tuple[str, ...]:
    """Option texts of one column an option; a column's own letter before its text is not a part of it."""
    texts = [cell_text(cell) for cell in cells]
    marks = [_MARK.match(text) for text in texts]
    own = [
        not text or (mark is not None and mark.group(1) == letter)
        for text, mark, letter in zip(texts, marks, ALPHABET, strict=False)
    ]
    if all(own):
        texts = [text[mark.end() :] if mark else text for text, mark in zip(texts, marks, strict=True)]
    return _without_absent(texts, no_option)


def _without_absent(texts: Sequence[str], no_option: Sequence[str] = ()) -> tuple[str, ...]:
    """Texts with "" for those that mean "no such option"; absent ones at the end are left out."""
    kept = ["" if text in no_option else text for text in texts] if no_option else list(texts)
    while kept and not kept[-1]:
        kept.pop()
    return tuple(kept)


def cell_text(value: object) -> str:
    """An option's cell as text: None and NaN are none, 3.0 is "3", true is "True"."""
    return str(value) if isinstance(value, bool) else text_id(value)


def _spelled_list(raw: str) -> list[Any] | None:
    text = raw.strip()
    if not (text.startswith("[") and text.endswith("]")):
        return None
    for read in (json.loads, ast.literal_eval):
        try:
            found = read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        return found if isinstance(found, list) else None
    return None


def _of_list(values: Sequence[object]) -> list[str]:
    texts = [cell_text(value) for value in values]
    marks = {place: match for place, text in enumerate(texts) if (match := _MARK.match(text))}
    letters = [match.group(1) for match in marks.values()]
    present = [text for text in texts if text]
    if len(marks) != len(present) or not _is_lettering(letters):
        return texts
    placed = [""] * (ALPHABET.index(letters[-1]) + 1)
    for place, match in marks.items():
        placed[ALPHABET.index(match.group(1))] = texts[place][match.end() :].strip()
    return placed


def _of_mapping(raw: Mapping[Any, object]) -> list[str]:
    if not all(isinstance(key, str) and key.strip() in ALPHABET and len(key.strip()) == 1 for key in raw):
        return [cell_text(value) for value in raw.values()]
    texts = {key.strip(): cell_text(value) for key, value in raw.items()}
    return [texts.get(letter, "") for letter in ALPHABET[: ALPHABET.index(max(texts, default="A")) + 1]]


def _of_text(raw: str) -> list[str]:
    lines = raw.strip().splitlines()
    texts = _lettered_lines(lines)
    if texts is not None:
        return texts
    plain = [line.strip() for line in lines]
    spaced = len(plain) > 2 and all(bool(text) == (place % 2 == 0) for place, text in enumerate(plain))
    return [text for text in plain if text] if spaced else plain  # one blank line between all is a style


def _lettered_lines(lines: Sequence[str]) -> list[str] | None:
    """Texts of "A. ..." lines; a line without the mark of a later letter goes on with the option above it."""
    # the commonest form by far: an option a line, none missing
    if len(lines) > 1 and [line[:2] for line in lines] == _PLAIN_MARKS[: len(lines)]:
        return [line[2:].strip() for line in lines]
    placed: dict[int, list[str]] = {}
    last = -1
    for line in lines:
        match = _MARK.match(line)
        place = ALPHABET.index(match.group(1)) if match else -1
        # a step over more than two letters is a word such as "U. S." rather than the next option
        if match is not None and last < place <= last + 3:
            placed[place] = [line[match.end() :].strip()]
            last = place
        elif last < 0:
            return None
        else:
            placed[last].append(line.strip())
    if len(placed) < 2:
        return None
    return [" ".join(part for part in placed.get(place, []) if part) for place in range(last + 1)]


def _is_lettering(letters: Sequence[str]) -> bool:
    return len(letters) > 1 and letters[0] in "AB" and list(letters) == sorted(set(letters))
