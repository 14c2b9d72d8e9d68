"""V* bench (arXiv 2312.14135): the options stand in the question's text, `(A) ...` a line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from vidkit.errors import DataError
from vidkit.evaluation.rows import text_id
from vidkit.evaluation.types import Item, Row

_OPTION = re.compile(r"^\(([A-D])\)\s*(.+?)\s*$", re.MULTILINE)


def items(rows: Iterable[Row]) -> Iterator[Item]:
    """One item a row; the last line of `text`, an instruction, is dropped."""
    for number, row in enumerate(rows, 1):
        name = f"{text_id(row.get('category'))}-{text_id(row.get('question_id'))}"
        text = str(row.get("text") or "")
        marks = _OPTION.findall(text)
        if len(marks) < 2 or [letter for letter, _ in marks] != list("ABCD"[: len(marks)]):
            raise DataError(
                f"row {number} ({name}): no options (A), (B), ... in 'text'", "check the data file"
            )
        gold = text_id(row.get("label")).strip("()").upper()
        if gold and gold not in [letter for letter, _ in marks]:
            raise DataError(
                f"row {number} ({name}): label '{gold}' is none of the options", "check the data file"
            )
        question = text[: text.index("(A)")].strip()
        options = tuple(option for _, option in marks)
        yield Item(
            name, _picture_name(row, name), question, options, gold or None, meta={**row, "row": number}
        )


def _picture_name(row: Row, name: str) -> str:
    image = row.get("image")
    if isinstance(image, dict):
        image = image.get("path")
    return image if isinstance(image, str) and len(image) < 200 else name
