"""The general functions of a multiple-choice task: items, visuals and prompt as its YAML file says."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from vidkit.errors import ConfigError, DataError
from vidkit.evaluation.benchmark import Benchmark, ItemIds
from vidkit.evaluation.comparing import Comparable
from vidkit.evaluation.option_list import ALPHABET, options_by_place, options_of_columns
from vidkit.evaluation.rows import text_id
from vidkit.evaluation.task_spec import TaskSpec, columns_of, fill
from vidkit.evaluation.types import (
    Item,
    Mode,
    Part,
    PartKind,
    Prompt,
    PromptMode,
    Row,
    SubtitleMode,
    Visuals,
)

LETTERS = ALPHABET
YES_NO = ("YES", "NO")
_SHORTEST_BASE64 = 200  # characters; paths are shorter
_MAX_TOKENS = {False: 64, True: 4096}


class MultipleChoice(Benchmark):
    """Any benchmark whose items are one question with options (or yes and no) and one gold answer.

    Args:
        spec: the task's settings.
    """

    def __init__(self, spec: TaskSpec) -> None:
        self.spec = spec
        self.REQUIRED = columns_of(spec)

    def adopt(self, functions: object) -> Benchmark:
        """Put a module's functions in place; who reads rows in an own way needs none of the columns."""
        super().adopt(functions)
        if "items" in self.adopted and "REQUIRED" not in self.adopted:
            self.REQUIRED = ()
        return self

    def items(self, rows: Iterable[Row]) -> Iterator[Item]:
        """One item a row."""
        for number, row in enumerate(rows, 1):
            yield general_item(self.spec, row, number)

    def visuals(self, item: Item) -> Visuals:
        """The video or the pictures that the templates name."""
        return general_visuals(self.spec, item)

    def prompt(self, item: Item, mode: PromptMode) -> Prompt:
        """Pictures or frames, subtitles where asked for, question, options, instruction."""
        return general_prompt(self.spec, item, mode)

    def record_id(self, row: Row, number: int = 0) -> str:
        """The id as the template says; of an own item where the task has its own items."""
        return super().record_id(row, number) if "items" in self.adopted else fill(self.spec.id, row, number)

    def item_ids(self, rows: Sequence[Row]) -> ItemIds:
        """Ids by the template; those of the items where the task has its own items."""
        own_items = "items" in self.adopted and "record_id" not in self.adopted
        return self._ids_of_items(rows) if own_items else super().item_ids(rows)

    def score(self, rows: Sequence[Row], mode: Mode | str = Mode.ROBUST, **options: Any) -> dict[str, Any]:
        """Accuracies (and for yes and no precision, recall, F1) with intervals; see `choice_scores`."""
        from vidkit.evaluation.choice_scores import score

        return score(self, self.spec, rows, mode, **options)

    def comparable(self, rows: Sequence[Row], mode: Mode) -> Comparable:
        """What a paired comparison needs; a task with its own `score` cannot be compared."""
        if "score" in self.adopted:
            raise ConfigError(
                f"task '{self.spec.name}' has its own score and cannot be compared", "compare the JSON"
            )
        from vidkit.evaluation.choice_scores import comparable

        return comparable(self, self.spec, rows, mode)


def general_item(spec: TaskSpec, row: Row, number: int) -> Item:
    """The item of one row.

    Raises:
        DataError: no id, or a gold answer that is none of the options.
    """
    name = fill(spec.id, row, number)
    if not name:
        raise DataError(f"row {number}: no id ({spec.id})", "every question needs its id")
    options = YES_NO if spec.kind == "yes_no" else option_texts(spec, row)
    if sum(bool(text) for text in options) < 2:
        raise DataError(f"row {number} ({name}): fewer than two options", f"options come from {spec.options}")
    return Item(
        id=name,
        group=fill(spec.group, row, number) or name,
        question=str(row.get(spec.question) or ""),
        options=options,
        answer=gold_letter(spec, row, options, f"row {number} ({name})"),
        meta={**row, "row": number},
    )


def option_texts(spec: TaskSpec, row: Row) -> tuple[str, ...]:
    """Option texts without letters, from one column or from one column per option; "" where there is none."""
    if isinstance(spec.options, str):
        return options_by_place(row.get(spec.options), spec.no_option)
    return options_of_columns([row.get(column) for column in spec.options], spec.no_option)


def gold_letter(spec: TaskSpec, row: Row, options: Sequence[str], where: str) -> str | None:
    """The gold answer as a letter (`A` and `B` for yes and no); None when the row has none."""
    text = text_id(row.get(spec.answer))
    if not text:
        return None
    if spec.kind == "yes_no":
        place = {"yes": 0, "no": 1}.get(text.lower(), -1)
    elif spec.answer_is == "index":
        place = int(text) if text.isdecimal() and len(text) < 19 else -1
    elif spec.answer_is == "text":
        place = list(options).index(text) if text in options else -1
    else:
        letter = text.strip("(). ").upper()
        place = LETTERS.find(letter) if len(letter) == 1 else -1
    if not (0 <= place < len(options) and options[place]):
        _refuse_absent(spec, row, text, place, where)
    if 0 <= place < len(options) and not options[place]:
        raise DataError(f"{where}: answer '{text}' is an option without a text", "check the data file")
    if not 0 <= place < len(options):
        raise DataError(
            f"{where}: answer '{text}' is none of the {len(options)} options", "check the data file"
        )
    return LETTERS[place]


def _refuse_absent(spec: TaskSpec, row: Row, text: str, place: int, where: str) -> None:
    """Say so where the answer is one of the texts that mean "there is no such option"."""
    if spec.kind == "yes_no":
        return
    written = option_texts(replace(spec, no_option=()), row)
    said = text if spec.answer_is == "text" else written[place] if 0 <= place < len(written) else ""
    if said in spec.no_option:
        raise DataError(
            f"{where}: answer '{text}' is '{said}', which means that there is no such option",
            "if it is one here, write 'no_option: []' into a task file of your own",
        )


def general_visuals(spec: TaskSpec, item: Item) -> Visuals:
    """Media of an item, relative to the media folder."""
    number = int(item.meta.get("row") or 0)
    return Visuals(
        video=fill(spec.video, item.meta, number) or None,
        images=tuple(_picture(item, column, number) for column in spec.images),
        subtitles=fill(spec.subtitles, item.meta, number) or None,
        subtitles_start_s=_second(item, spec.subtitles_start),
        audio=bool(spec.video),
    )


def _second(item: Item, column: str) -> float:
    value = item.meta.get(column) if column else None
    if value is None or value == "":
        return 0.0
    try:
        second = float(value)
    except (TypeError, ValueError, OverflowError):
        second = math.nan
    if not math.isfinite(second):
        raise DataError(f"item '{item.id}': {column} is {value!r}, not seconds", "check the data file")
    return second


def _picture(item: Item, column: str, number: int) -> str | bytes:
    value = item.meta.get(column) if column in item.meta else fill(column, item.meta, number)
    if isinstance(value, Mapping):  # how parquet files of a hub keep pictures
        value = value.get("bytes") or value.get("path")
    if isinstance(value, bytes):
        return value
    text = text_id(value)
    if len(text) >= _SHORTEST_BASE64 and "." not in text[-8:]:
        try:
            return base64.b64decode(text, validate=True)
        except binascii.Error as error:
            raise DataError(f"{item.id}: '{column}' is not base64", "check the data file") from error
    if not text:
        raise DataError(f"{item.id}: no picture in '{column}'", "check the data file")
    return text


def general_prompt(spec: TaskSpec, item: Item, mode: PromptMode) -> Prompt:
    """Parts in reading order."""
    parts: list[Part] = []
    if spec.images and "v" in mode.modality:
        parts.append(Part(PartKind.IMAGES))
    if spec.video:
        parts += _frames(mode)
    lines = [item.question]
    if spec.kind == "choice":
        lines += [f"{letter}. {text}" for letter, text in item.shown]
    lines.append(spec.reasoning_instruction if mode.reasoning else spec.instruction)
    parts.append(Part(PartKind.TEXT, "\n".join(lines)))
    return Prompt(tuple(parts), max_tokens=_MAX_TOKENS[mode.reasoning])


def _frames(mode: PromptMode) -> list[Part]:
    parts = []
    if "v" in mode.modality:
        woven = mode.subtitles is SubtitleMode.INTERLEAVE
        parts.append(Part(PartKind.FRAMES_WITH_SUBTITLES if woven else PartKind.FRAMES))
    if "a" in mode.modality:
        parts.append(Part(PartKind.AUDIO))
    if mode.subtitles is SubtitleMode.SUBS:
        parts += [Part(PartKind.TEXT, "Subtitles of the video:"), Part(PartKind.SUBTITLES)]
    return parts
