"""Answers given row by row: a table that judges each option, and boxes of which one is ticked."""

from __future__ import annotations

import re

from vidkit.evaluation.answers.asked import Asked

_LONGEST = 20_000
_ROW = re.compile(r"^[^\S\n]{0,8}\|([^\n]{1,400})\|[^\S\n]{0,8}$", re.MULTILINE)
_LETTER = re.compile(r"[\s*_`(\[]{0,6}([A-Z])(?:[\s*_`)\].:]{1,6}.{0,200})?")
_YES = re.compile(
    r"\W{0,6}(?:(?:yes|correct|true|right|match(?:es)?|supported|best|fits|answer|selected|chosen|ja|oui|sí|sim|да)\b"
    r"|✓|✔|✅|☑|√|[xX]\W{0,4}$|正确|对|是)",
    re.IGNORECASE,
)
_NO = re.compile(
    r"\W{0,6}(?:(?:no|not|none|never|incorrect|false|wrong|unlikely|unsupported|contradicted|eliminated|excluded|ruled|nein|non"
    r"|não|нет)\b|n/a|✗|✘|❌|×|✖|错|不|否|[-–—]?\W{0,4}$)",
    re.IGNORECASE,
)
# behind a letter a tick or a cross is a verdict on it; before it, only at the head of a line
_BOX = re.compile(
    r"(?:(?:^|(?<=\s))(?:(?P<ticked>\[[xX✓✔*]\]|\([xX✓✔*]\)|[☑☒🔘◉●])|(?P<open>\[[ _]?\]|\( \)|[☐□⬜◯○]))"
    r"|^[^\S\n]{0,8}(?:[-*+•]\s{1,3})?(?:(?P<tick>[✅✔✓])|(?P<cross>[❌✗✘×])))"
    r"\uFE0F?[\s*_`(]{1,4}(?P<letter>[A-Z])(?![\w'’])",
    re.MULTILINE,
)


def without_rows(text: str, asked: Asked) -> tuple[str, str | None] | None:
    """The rest of a reply that judges its options row by row, and the only option called right there.

    Returns:
        None where no table and no row of boxes judges two options or more.
    """
    boxes = [box for box in _BOX.finditer(text[-_LONGEST:]) if box["letter"] in asked.letters]
    if len({box["letter"] for box in boxes}) > 1 and any(box["open"] or box["cross"] for box in boxes):
        ticked = {box["letter"] for box in boxes if box["ticked"] or box["tick"]}
        return "", ticked.pop() if len(ticked) == 1 else None
    if text.count("|") < 6 or len(text) > _LONGEST:
        return None
    rows = list(_ROW.finditer(text))
    judged = [found for row in rows if (found := _judged(row.group(1), asked)) is not None]
    if len({letter for letter, _ in judged}) < 2:
        return _by_column(text, rows, asked)
    right = {letter for letter, is_right in judged if is_right}
    rest = text[: rows[0].start()] + text[rows[-1].end() :]
    return rest, right.pop() if len(right) == 1 else None


def _by_column(text: str, rows: list[re.Match[str]], asked: Asked) -> tuple[str, str | None] | None:
    """The same of a table whose columns are the options, with one row of verdicts."""
    heads = [cell.strip(" *_`().") for cell in rows[0].group(1).split("|")] if len(rows) == 3 else []
    cells = rows[-1].group(1).split("|") if heads else []
    judged = [
        (head, cell) for head, cell in zip(heads, cells, strict=False) if head and head in asked.letters
    ]
    if len(judged) < 2:
        return None
    right = [letter for letter, cell in judged if _YES.match(cell)]
    rest = text[: rows[0].start()] + text[rows[-1].end() :]
    return rest, right[0] if len(right) == 1 else None


def _judged(row: str, asked: Asked) -> tuple[str, bool] | None:
    """The letter of a row's first cell, and whether its one verdict is a good one."""
    cells = [cell.strip() for cell in row.split("|")]
    letter = _LETTER.fullmatch(cells[0])
    if letter is None or letter.group(1) not in asked.letters:
        return None
    verdicts = {bool(_YES.match(cell)) for cell in cells[1:] if _YES.match(cell) or _NO.match(cell)}
    return (letter.group(1), verdicts.pop()) if len(verdicts) == 1 else None
