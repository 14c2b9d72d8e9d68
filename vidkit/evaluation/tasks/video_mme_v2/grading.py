"""Video-MME-v2 grading: from rows to graded groups, in the corrected way or in the authors'."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from vidkit.errors import DataError
from vidkit.evaluation.answers import Choice, parse_choice
from vidkit.evaluation.option_list import options_by_place, texts_when_asked
from vidkit.evaluation.replies import judged_choice, letter_of, read_reply
from vidkit.evaluation.rows import text_id
from vidkit.evaluation.tasks.video_mme_v2.consistency_coherence import (
    LOGIC,
    OPTIONS,
    QUESTIONS,
    RELEVANCE,
    credit,
    parse_structure,
    score_of_type,
)
from vidkit.evaluation.tasks.video_mme_v2.official import parse_video_mme_v2
from vidkit.evaluation.types import Mode, Row

REQUIRED = ("video_id", "question_id", "group_type", "group_structure", "answer", "level")

_NEEDED = frozenset(REQUIRED)
_LETTERS = frozenset(OPTIONS)


class Question(NamedTuple):
    """One graded question; `score` is 0 or 1, and -1 for unparsed in official mode."""

    id: str
    row: Row
    gold: str
    choice: Choice
    score: int


class Checked(NamedTuple):
    """A row whose gold columns are there, with what both modes need of it."""

    row: Row
    id: str
    gold: str


@dataclass(frozen=True, slots=True)
class Group:
    """One video's questions in order, with the group's labels (those of its last question)."""

    video: str
    type: str
    structure: str
    questions: tuple[Question, ...] = field(repr=False)
    score: float

    @property
    def last(self) -> Row:
        return self.questions[-1].row

    @property
    def steps(self) -> int:
        """Correct answers (relevance) or credited steps (logic), 0..4."""
        correct = [q.score for q in self.questions]
        if self.type == RELEVANCE:
            return max(sum(correct), 0)
        return credit(correct, parse_structure(self.structure, allow_new=True))


def video_id(value: object) -> str:
    """A video id as the data spells it: 7 and "7" are "007"."""
    if type(value) is str and len(value) > 2 and value.isdigit():
        return value
    text = text_id(value)
    return text.zfill(3) if text.isdigit() else text


def question_id(value: object) -> str:
    """A question id as the data spells it: "7-1" is "007-1"."""
    if type(value) is str:
        video, dash, number = value.partition("-")
        if len(video) > 2 and video.isdigit() and number.isdigit():
            return value  # as most are
    video, dash, number = text_id(value).rpartition("-")
    return f"{video_id(video)}-{number}" if dash else text_id(value)


def row_question_id(row: Row) -> str:
    return question_id(row.get("question_id"))


def option_texts(options: object) -> tuple[str, ...]:
    """Option texts by place, without letters; the data has one text with lines "A. ..." to "H. ..."."""
    return options_by_place(options)


def grade(rows: Sequence[Row], mode: Mode, allow_new_structures: bool = False) -> list[Group]:
    """Group and grade rows that carry the gold columns and, where there is one, `prediction`.

    Robust: by `video_id`, sorted by the number in `question_id`. Official: rows 4i..4i+3 as they come.

    Raises:
        DataError: a missing column, wrong group size, unknown type or structure, gold letter out of range.
    """
    return grade_checked(checked(rows), mode, allow_new_structures)


def checked(rows: Sequence[Row]) -> list[Checked]:
    """Rows with their ids and gold letters, for `grade_checked` in one mode after the other."""
    return [check_row(row, number) for number, row in enumerate(rows, 1)]


def grade_checked(rows: Sequence[Checked], mode: Mode, allow_new_structures: bool = False) -> list[Group]:
    """`grade` of rows that are checked already."""
    batches = _by_video(rows) if mode is Mode.ROBUST else _by_position(rows)
    return [_graded(video, batch, mode, allow_new_structures) for video, batch in batches]


def check_row(row: Row, number: int) -> Checked:
    """A row with its id and gold letter; refuses one without its gold columns."""
    if not row.keys() >= _NEEDED:
        missing = next(column for column in REQUIRED if column not in row)
        raise DataError(f"row {number}: no column '{missing}'", f"needed columns: {', '.join(REQUIRED)}")
    gold = gold_letter(row)
    if gold not in _LETTERS:
        raise DataError(
            f"row {number} ({row_question_id(row)}): answer '{row['answer']}' is not one of A-H",
            "check the data file",
        )
    return Checked(row, row_question_id(row), gold)


def gold_letter(row: Row) -> str:
    return str(row["answer"]).strip().upper()


def level_of(row: Row) -> int | None:
    """Level 1, 2 or 3; None where the data has none."""
    value = row.get("level")
    if type(value) is int and 1 <= value <= 3:
        return value
    text = text_id(value).removesuffix(".0")  # a data frame with gaps writes 1.0
    if text in ("", "None"):
        return None
    if text not in ("1", "2", "3"):
        raise DataError(
            f"{row_question_id(row)}: level '{row['level']}' is not 1, 2 or 3", "check the data file"
        )
    return int(text)


def _by_video(rows: Sequence[Checked]) -> list[tuple[str, list[Checked]]]:
    videos: dict[str, dict[str, Checked]] = {}
    for each in rows:
        group = videos.setdefault(video_id(each.row["video_id"]), {})
        if each.id in group:
            raise DataError(f"duplicate id '{each.id}'", "each question occurs once")
        group[each.id] = each
    for video, group in videos.items():
        if len(group) != QUESTIONS:
            raise DataError(
                f"video '{video}' has {len(group)} questions, not {QUESTIONS}: {', '.join(sorted(group))}",
                "a group cannot be scored partially; give all questions of the video",
            )
    return [
        (video, [group[name] for name in sorted(group, key=_place_in_group)])
        for video, group in sorted(videos.items())
    ]


def _place_in_group(name: str) -> tuple[int, str]:
    number = name.rpartition("-")[2]
    return (int(number) if number.isdecimal() and len(number) < 19 else 0, name)


def _by_position(rows: Sequence[Checked]) -> list[tuple[str, list[Checked]]]:
    if len(rows) % QUESTIONS:
        raise DataError(
            f"{len(rows)} rows are not groups of {QUESTIONS}", "the authors' script groups rows by position"
        )
    return [
        (f"{number:03d}", list(rows[first : first + QUESTIONS]))
        for number, first in enumerate(range(0, len(rows), QUESTIONS), 1)
    ]


def _graded(video: str, batch: Sequence[Checked], mode: Mode, allow_new: bool) -> Group:
    labels = batch[-1].row
    group_type, structure = str(labels["group_type"]), str(labels["group_structure"])
    if mode is Mode.ROBUST:
        mixed = next((r.row for r in batch if str(r.row["group_type"]) != group_type), None)
        if mixed is not None:
            raise DataError(
                f"video '{video}' has both group types {group_type} and {mixed['group_type']}", ""
            )
    questions = tuple([_question(each, mode) for each in batch])
    correct = [q.score for q in questions]
    try:
        score = score_of_type(correct, group_type, structure, allow_new)
    except DataError as error:
        raise DataError(f"video '{video}': {error.message}", error.hint) from error
    return Group(video, group_type, structure if group_type == LOGIC else "", questions, score)


def _question(each: Checked, mode: Mode) -> Question:
    row, name, gold = each
    if mode is Mode.OFFICIAL:
        choice = read_reply(row, parse_video_mme_v2)
        return Question(name, row, gold, choice, int(choice.letter == gold) if choice.letter else -1)
    # a letter alone is read without the texts of the options
    found = letter_of(row.get("prediction"), OPTIONS)
    choice = found or judged_choice(row, read_reply(row, functools.partial(_robust, row)))
    return Question(name, row, gold, choice, int(choice.letter == gold))


def _robust(row: Row, text: object) -> Choice:
    return parse_choice(text, OPTIONS, texts_when_asked(row.get("options")))


def as_text(value: Any) -> str:
    """A label of the taxonomy, "(none)" where the data has none."""
    return (value.strip() if type(value) is str else text_id(value)) or "(none)"
