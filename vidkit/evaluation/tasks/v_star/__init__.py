"""V* bench (arXiv 2312.14135): the options stand in the question's text, `(A) ...` a line, or in a list.

In the list of the authors' own files the right option is the first. A model that likes to say A would be
right there, so the list is put into another order, which follows from the question's id alone.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePath

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
        if row.get("text") is None and row.get("options") is not None:
            yield _listed(row, number)
            continue
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


def _listed(row: Row, number: int) -> Item:
    """A question of the authors' own files: `question` and `options`, of which the first is right.

    Raises:
        DataError: fewer than two options, or two that are alike.
    """
    picture = _picture_name(row, str(number))
    parts = (text_id(row.get("category")), text_id(row.get("question_id")) or PurePath(picture).stem)
    name = "-".join(part for part in parts if part)
    options = options_by_place(row["options"])
    if len(options) < 2 or not all(options) or len(set(options)) < len(options):
        raise DataError(
            f"row {number} ({name}): 'options' must be two or more texts, all different",
            "check the data file; the right option comes first",
        )
    order = shuffled(len(options), name)
    gold = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[order.index(0)]
    asked = str(row.get("question") or "").strip()
    told = {**row, "row": number, "order": order}
    return Item(name, picture, asked, tuple(options[place] for place in order), gold, meta=told)


def shuffled(count: int, name: str) -> list[int]:
    """Places 0 to `count` - 1 in an order that follows from a question's id."""
    order = list(range(count))
    random.Random(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()).shuffle(order)
    return order


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
