"""The few types that flow through an evaluation. Frozen; imports nothing heavy.

rows -> `Item` -> (`Visuals`, `Prompt`) -> engine -> `Prediction` on disk -> answers -> `ScoreTable`.
A task is four small functions over these (`TaskFunctions`), and more where needed (`benchmark.Benchmark`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

Row = Mapping[str, Any]
"""One record of a data or predictions file, by column name."""


class Mode(StrEnum):
    """How answers are read and scores are formed."""

    ROBUST = "robust"  # the corrected rules
    OFFICIAL = "official"  # equal to the authors' scripts, with their quirks


class SubtitleMode(StrEnum):
    """How subtitles enter the prompt."""

    NONE = "none"
    SUBS = "subs"  # the whole text, once
    INTERLEAVE = "subs_interleave"  # time-stamped segments between the frames


class PartKind(StrEnum):
    """What stands at one place of a prompt; the runner fills every kind but TEXT from the `Visuals`."""

    TEXT = "text"
    FRAMES = "frames"  # the chosen frames of the video, in order
    FRAMES_WITH_SUBTITLES = "frames_with_subtitles"  # frames with subtitle segments after each
    SUBTITLES = "subtitles"  # the whole subtitle text joined by blanks
    IMAGES = "images"  # the item's still pictures
    AUDIO = "audio"  # the sound track of the clip


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a prompt, in reading order."""

    kind: PartKind
    text: str = ""  # only for TEXT


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is asked.

    Attributes:
        parts: user turn, in order.
        system: system turn, empty for none.
        max_tokens: budget of new tokens the benchmark asks for.
    """

    parts: tuple[Part, ...]
    system: str = ""
    max_tokens: int = 64


@dataclass(frozen=True, slots=True)
class PromptMode:
    """The named variants of a task's prompt; part of the run's identity.

    Attributes:
        reasoning: ask for reasoning and a last line `Final Answer: X` instead of one letter.
        subtitles: how subtitles enter.
        modality: `avt` video + audio + text, `vt` no audio, `at` no video, `t` text only (blind baseline).
        asr: show the transcript, where the data have one.
        wording: which of a task's sets of prompts, for example `repo` or `paper`.
    """

    reasoning: bool = False
    subtitles: SubtitleMode = SubtitleMode.NONE
    modality: str = "vt"
    asr: bool = False
    wording: str = "repo"


@dataclass(frozen=True, slots=True)
class Visuals:
    """What has to be loaded for one item; paths are relative to the task's media folder.

    Attributes:
        video: video file, None for tasks on still pictures.
        start_s: first second of the clip.
        end_s: last second of the clip, None to the end.
        images: still pictures, as paths or as encoded bytes.
        subtitles: subtitle file of the video, None for none.
        subtitles_start_s: second of that file at which the video begins.
        audio: the model may hear the clip.
    """

    video: str | None = None
    start_s: float = 0.0
    end_s: float | None = None
    images: tuple[str | bytes, ...] = ()
    subtitles: str | None = None
    subtitles_start_s: float = 0.0
    audio: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One question.

    Attributes:
        id: unique in the task; the key of its prediction.
        group: the cluster it belongs to, usually the video; the unit of every bootstrap.
        question: text without the options.
        options: option texts without their letters, "" where a place has none; empty for free answers.
        answer: gold letter (or reference text for free answers), None when unknown.
        kind: which of a task's questions this is, for example `who`, `when`, `how`; empty where there is one.
        after: id of the item whose reply decides whether this one is asked; None: always asked.
        meta: the other columns of the row, for tables and prompts.
    """

    id: str
    group: str
    question: str
    options: tuple[str, ...] = ()
    answer: str | None = None
    kind: str = ""
    after: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def letters(self) -> str:
        """Letters of the options that there are, `ABCD` for four, `ACD` where the second is absent."""
        return "".join(letter for letter, _ in self.shown)

    @property
    def shown(self) -> tuple[tuple[str, str], ...]:
        """Letter and text of each option that there is; a letter belongs to its place."""
        pairs = zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", self.options, strict=False)
        return tuple((letter, text) for letter, text in pairs if text)

    @property
    def texts(self) -> tuple[str, ...]:
        """Texts of the options that there are, in the order of `letters`."""
        return tuple(text for _, text in self.shown)


@dataclass(frozen=True, slots=True)
class Prediction:
    """One reply as it lies in a predictions file (one JSON object per line).

    Attributes:
        id: the item's id.
        response: the raw text; None when the call failed.
        error: why there is no reply, None when there is one.
        finish_reason: what the engine said; `length` means cut off by the token budget.
        latency_s: seconds from request to last byte.
        usage: token counts as the engine gave them.
        meta: anything else worth keeping (frames used, judge, prefix length in seconds).
    """

    id: str
    response: str | None
    error: str | None = None
    finish_reason: str | None = None
    latency_s: float | None = None
    usage: Mapping[str, int] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """One table of results: what the terminal, the JSON and the page all print.

    Attributes:
        name: key in the JSON, lower case with underscores.
        title: heading.
        columns: headings of the columns.
        rows: cells; numbers stay numbers, None is printed as a dash.
        note: one line under the table, empty for none.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    note: str = ""


class TaskFunctions(Protocol):
    """The four functions that make a benchmark. A module or any object with these attributes will do."""

    def items(self, rows: Iterable[Row]) -> Iterator[Item]:
        """Questions in the rows' order, one at a time (never all in memory)."""

    def visuals(self, item: Item) -> Visuals:
        """What must be loaded to ask it."""

    def prompt(self, item: Item, mode: PromptMode) -> Prompt:
        """What the model is asked."""

    def score(self, rows: Sequence[Row], mode: Mode | str = Mode.ROBUST) -> dict[str, Any]:
        """Scores of rows that carry gold columns and `prediction`."""
