"""V* bench (arXiv 2312.14135): the options stand in the question's text, `(A) ...` a line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from vidkit.errors import DataError
from vidkit.evaluation.option_list import options_by_place
from vidkit.evaluation.rows import text_id
from vidkit.evaluation.types import Item, Row

_FIRST = re.compile(r"^\(A\)", re.MULTILINE)
_MARKED = re.compile(r"\([A-D]\)")


def items(rows: Iterable[Row]) -> Iterator[Item]:
    """One item a row; the last line of `text`, an instruction, is dropped."""
    for number, row in enumerate(rows, 1):
        name = f"{text_id(row.get('category'))}-{text_id(row.get('question_id'))}"
        text = str(row.get("text") or "")
        first = _FIRST.search(text)
        options = _options(text[first.start() :]) if first else ()
        if len([option for option in options if option]) < 2:
            raise DataError(
                f"row {number} ({name}): no options (A), (B), ... in 'text'", "check the data file"
            )
        gold = text_id(row.get("label")).strip("()").upper()
        if gold and not any(
            option and letter == gold for letter, option in zip("ABCD", options, strict=False)
        ):
            raise DataError(
                f"row {number} ({name}): label '{gold}' is none of the options", "check the data file"
            )
        question = text[: first.start() if first else 0].strip()
        yield Item(
            name, _picture_name(row, name), question, options, gold or None, meta={**row, "row": number}
        )


def _options(listed: str) -> tuple[str, ...]:
    lines = listed.rstrip().splitlines()
    if len(lines) > 1 and not _MARKED.match(lines[-1]):
        lines.pop()  # the instruction
    return options_by_place("\n".join(lines))


def _picture_name(row: Row, name: str) -> str:
    image = row.get("image")
    if isinstance(image, dict):
        image = image.get("path")
    return image if isinstance(image, str) and len(image) < 200 else name
