"""All that a benchmark may define, with defaults; running, scoring and reports know nothing else of it.

What differs is stated by a subclass (`MultipleChoice`, which a YAML file fills) or by a module of plain
functions with these names (`Benchmark.adopt`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from vidkit.errors import ConfigError
from vidkit.evaluation.rows import read_rows, text_id
from vidkit.evaluation.task_settings import NoSettings, StreamedSettings
from vidkit.evaluation.types import (
    Item,
    Mode,
    Part,
    PartKind,
    Prediction,
    Prompt,
    PromptMode,
    Row,
    ScoreTable,
    Visuals,
)

if TYPE_CHECKING:
    from vidkit.evaluation.comparing import Comparable
    from vidkit.evaluation.report.drawing import Plot

_REPLY = ("prediction", "error", "finish_reason")  # what of a reply stands on its row
_NOW = "This is a live conversation; what you see and hear ends at the present moment, second {second:g}."
_TIME = re.compile(
    r"\s*\b(?:at|in|by)\s+(?:the\s+)?"
    r"(?:\d+(?:\.\d+)?(?:st|nd|rd|th)?\s*(?:-\s*)?(?:seconds?|s)\b|\d+:\d+(?::\d+)?(?:\.\d+)?)",
    re.I,
)


@dataclass(frozen=True)
class ItemIds:
    """Ids of a benchmark's questions.

    Attributes:
        every: one a question, in the rows' order.
        asked: those that are asked whatever became of others.
    """

    every: Sequence[str]
    asked: Sequence[str]


class Benchmark:
    """A benchmark's questions, prompts, media and scores, and where it differs from others.

    Attributes:
        adopted: names that a module of functions has put in place of the general ones.
        config: dataclass of its own settings, see `task_settings`.
        REQUIRED: columns every data row must have.
        DATA_FILES: where the data lie in a downloaded folder of the benchmark.
        MODALITY: what is shown unless asked otherwise, see `PromptMode.modality`.
        STREAMED_KIND: kind of the items that can be asked about a growing clip; empty: none.
        JUDGED_KIND: kind of the items whose replies judges may score; empty: none.
        JUDGE_VERSION: version of the question to judges.
        HEADLINES: scores at the top of the page: dotted key in the result, label, name of the interval.
        BUDGETED: what a model sees depends on the budget of frames; not so where it is shown still pictures.
        CLIPS: `module:function` of the clips that it wants of a video model, see `clip_source`; empty: none.
        COMPARES: module that reads results to compare (`is_result`, `compared_results`); empty: only replies.
        OWN_RUNS: what it does besides questions and replies, see `own_run`.
        RUN_SETTINGS: `module:Class` of the dataclass that each of these runs, and the one of `CLIPS`, takes
            as `benchmark.NAME=VALUE`, by the option that asks for it (`--make`).
        OWN_DATA: file of its own that is used where no data is given; empty: data must be given.
        OWN_MODELS: embedded models that are used where none is named: `small` and `large`.
        group_of: group of a data row, where groups cannot be scored in part.
    """

    adopted: frozenset[str] = frozenset()
    config: type[Any] = NoSettings
    REQUIRED: tuple[str, ...] = ()
    DATA_FILES: tuple[str, ...] = ()
    MODALITY: str = "vt"
    STREAMED_KIND: str = ""
    JUDGED_KIND: str = ""
    JUDGE_VERSION: str = ""
    HEADLINES: tuple[tuple[str, str, str], ...] = (
        ("macro", "mean of categories", "macro"),
        ("accuracy", "accuracy", "accuracy"),
        ("f1", "F1", "f1"),
    )
    BUDGETED: bool = True
    CLIPS: str = ""
    COMPARES: str = ""
    OWN_RUNS: Mapping[str, str] = MappingProxyType({})
    RUN_SETTINGS: Mapping[str, str] = MappingProxyType({})
    OWN_DATA: str = ""
    OWN_MODELS: Mapping[str, str] = MappingProxyType({})
    group_of: Callable[[Row], str] | None = None
    DECLARED: ClassVar[tuple[str, ...]]

    def adopt(self, functions: object) -> Benchmark:
        """Put what a module (or any object) defines in place of the general functions; returns itself."""
        found = {name: getattr(functions, name) for name in self.DECLARED if hasattr(functions, name)}
        for name, value in found.items():
            setattr(self, name, value)
        self.adopted = self.adopted | found.keys()
        return self

    def has_own(self, name: str) -> bool:
        """Whether a function is not the general one."""
        return name in self.adopted or getattr(type(self), name) is not getattr(Benchmark, name)

    # settings of its own

    def prompt_mode(self, mode: PromptMode, settings: Any) -> PromptMode:
        """The variant of the prompt that its settings ask for."""
        return mode

    def streamed(self, settings: Any) -> StreamedSettings:
        """How questions about now are asked."""
        return settings if isinstance(settings, StreamedSettings) else StreamedSettings()

    def score_options(self, settings: Any) -> dict[str, Any]:
        """More for `score`."""
        return {}

    # questions

    def items(self, rows: Iterable[Row]) -> Iterator[Item]:
        """Questions in the rows' order, one at a time (never all in memory)."""
        raise NotImplementedError

    def visuals(self, item: Item) -> Visuals:
        """What must be loaded to ask an item."""
        raise NotImplementedError

    def prompt(self, item: Item, mode: PromptMode) -> Prompt:
        """What the model is asked."""
        raise NotImplementedError

    def should_ask(self, item: Item, earlier: Prediction | None) -> bool:
        """Whether an item with `after` is asked, given the earlier item's reply: only after a yes."""
        return earlier is not None and bool(self.says_yes(earlier.response or ""))

    def says_yes(self, reply: str) -> bool | None:
        """Option A or the word yes; None when it cannot be read."""
        from vidkit.evaluation.answers.decision import read_yes_no

        letter = read_yes_no(reply).letter
        return None if letter is None else letter == "A"

    def is_streamed(self, item: Item) -> bool:
        """Whether an item can be asked about a growing clip."""
        return bool(self.STREAMED_KIND) and item.kind == self.STREAMED_KIND

    def streaming_prompt(self, item: Item, mode: PromptMode, second: float) -> Prompt:
        """The item's own prompt about now: a second that the question names is taken out of it."""
        made = self.prompt(replace(item, question=_TIME.sub(" now", item.question)), mode)
        now = Part(PartKind.TEXT, _NOW.format(second=second))
        return replace(made, parts=(*made.parts[:-1], now, made.parts[-1]))

    # judges

    def is_judged(self, item: Item) -> bool:
        """Whether judges may score the reply to an item."""
        return bool(self.JUDGED_KIND) and item.kind == self.JUDGED_KIND

    def judge_id(self, item: Item, judge: str) -> str:
        """Id of a judge's reply about an item."""
        return f"judge/{item.id}/{judge}"

    def judge_prompt(self, item: Item, reply: str) -> Prompt:
        """What a judge is asked about a reply; needed where `JUDGED_KIND` is set."""
        raise NotImplementedError

    def parse_judge(self, text: object) -> int | None:
        """A judge's score, None where there is none on the scale; needed where `JUDGED_KIND` is set."""
        raise NotImplementedError

    # rows, ids and replies

    def data_files(self, folder: Path) -> list[Path]:
        """The data files in a downloaded folder of the benchmark; none where nothing is there."""
        return [folder / name for name in self.DATA_FILES if (folder / name).is_file()]

    def rows_in(self, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
        """Line and row of a data file's records."""
        return read_rows(path)

    def record_id(self, row: Row, number: int = 0) -> str:
        """Id under which a data row is unique, empty when it has none; `number` counts rows from 1."""
        return next(iter(self.items([{**row, "row": number}]))).id

    def item_ids(self, rows: Sequence[Row]) -> ItemIds:
        """Ids of the questions in the rows' order; a row with an id of its own is one question."""
        if self.has_own("record_id") and not self.has_own("attach"):
            ids = [self.record_id(row, number) for number, row in enumerate(rows, 1)]
            return ItemIds(ids, ids)
        return self._ids_of_items(rows)

    def _ids_of_items(self, rows: Sequence[Row]) -> ItemIds:
        found = [(item.id, item.after is None) for item in self.items(rows)]
        return ItemIds([name for name, _ in found], [name for name, asked in found if asked])

    def prediction_id(self, name: str) -> str:
        """An id of a predictions file in the data's spelling."""
        return text_id(name)

    def known_ids(self, rows: Sequence[Row], replies: Iterable[str]) -> set[str]:
        """Ids that a prediction for these rows may have."""
        return set(self.item_ids(rows).every)

    def foreign(self, row: Row) -> Iterator[Row] | None:
        """The predictions in a row that the benchmark's own program wrote; None where it is no such row."""
        return None

    def attach(self, rows: Sequence[Row], replies: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
        """Rows with their replies put on them."""
        return put_on(self.item_ids(rows).every, rows, replies)

    def replies_on(self, row: Row) -> list[Any]:
        """All replies that a scored row carries: rows with `prediction`, or bare texts."""
        return [row]

    def chosen_on(self, rows: Sequence[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
        """Id of each item with options, and the row on which its reply stands."""
        return ((item.id, row) for item, row in zip(self.items(rows), rows, strict=True))

    # scores and reports

    def score(self, rows: Sequence[Row], mode: Mode | str = Mode.ROBUST, **options: Any) -> dict[str, Any]:
        """Scores of rows that carry gold columns and `prediction`, with `tables` and `warnings`."""
        raise NotImplementedError

    def comparable(self, rows: Sequence[Row], mode: Mode) -> Comparable:
        """What a paired comparison of two runs needs.

        Raises:
            ConfigError: this benchmark has none.
        """
        raise ConfigError("runs of this task cannot be compared", "score them one by one")

    def plots(self, result: Mapping[str, Any], tables: Mapping[str, Any]) -> list[Plot]:
        """Plots of a result, given its tables by name."""
        from vidkit.evaluation.report.drawing import accuracies

        return accuracies(result, tables)

    def published(self) -> list[ScoreTable]:
        """Rows as reported by the authors."""
        return []


Benchmark.DECLARED = tuple(
    name
    for name in vars(Benchmark)
    if not name.startswith("_") and name not in ("adopt", "adopted", "has_own")
)


def put_on(
    ids: Sequence[str], rows: Sequence[Row], replies: Mapping[str, dict[str, Any]]
) -> list[dict[str, Any]]:
    """Rows of one question each with the replies of these ids on them."""
    none: dict[str, Any] = {}
    found = (replies.get(name) or none for name in ids)
    return [
        {**row, **{key: reply[key] for key in _REPLY if key in reply}}
        for row, reply in zip(rows, found, strict=True)
    ]


def benchmark_of(functions: object) -> Benchmark:
    """A benchmark as it is, or one of the functions that a module or any other object defines."""
    return functions if isinstance(functions, Benchmark) else Benchmark().adopt(functions)
