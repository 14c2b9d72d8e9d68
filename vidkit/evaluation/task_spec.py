"""What a YAML file says about a multiple-choice benchmark: columns, letters, media, prompt, tables."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from vidkit.errors import ConfigError
from vidkit.evaluation.rows import text_id
from vidkit.evaluation.types import Row
from vidkit.utils.naming import did_you_mean

ANSWERS = ("letter", "index", "text")
KINDS = ("choice", "yes_no")
OFFICIAL_RULES = ("", "first_capital", "pope")
_FIELD = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class TaskSpec:
    """Settings of one task.

    Templates such as `{video_id}.mp4` name columns; `{row}` is the row's number from 1.

    Attributes:
        name: as on the command line.
        title: heading of its tables.
        source: paper or page that defines it.
        kind: `choice` among options, or `yes_no`.
        id: template of the item's id.
        group: template of the cluster that is resampled, usually the video.
        question: column of the question.
        options: column with all options (list, or text with one a line), or one column per option.
        answer: column of the gold answer.
        answer_is: the gold answer is a `letter`, an `index` from 0, or the option's `text`.
        no_option: option texts that mean "there is no such option".
        video: template of the video's path below the media folder; empty for still pictures.
        images: columns with pictures (paths, bytes or base64), or templates of paths.
        subtitles: template of the subtitle file's path.
        subtitles_start: column with the second of the subtitle file at which the video begins.
        tables: columns to break scores down by, with their headings.
        macro: column whose values' accuracies are averaged to the headline; empty: plain accuracy.
        instruction: last line of the prompt.
        reasoning_instruction: the same where reasoning is asked for.
        official: the authors' rule of reading replies, empty where none is known.
        functions: Python file or module whose `items`, `visuals`, `prompt` or `score` replace the general
            ones.
    """

    name: str
    title: str = ""
    source: str = ""
    kind: str = "choice"
    id: str = "{question_id}"
    group: str = "{video_id}"
    question: str = "question"
    options: str | tuple[str, ...] = "options"
    answer: str = "answer"
    answer_is: str = "letter"
    no_option: tuple[str, ...] = ("N/A",)
    video: str = ""
    images: tuple[str, ...] = ()
    subtitles: str = ""
    subtitles_start: str = ""
    tables: Mapping[str, str] = field(default_factory=dict)
    macro: str = ""
    instruction: str = "Choose the best option. Reply with its letter only."
    reasoning_instruction: str = (
        "Choose the best option. Explain your reasoning step by step, then finish with one last line "
        "of the form `Final Answer: <letter>`."
    )
    official: str = ""
    functions: str = ""


def spec_from(values: Mapping[str, Any], where: str) -> TaskSpec:
    """Check a task's settings.

    Args:
        values: as read from YAML.
        where: file, for messages.

    Raises:
        ConfigError: unknown or missing setting, or a value of the wrong form.
    """
    known = {entry.name: entry for entry in dataclasses.fields(TaskSpec)}
    for key in values:
        if key not in known:
            hint = did_you_mean(str(key), known)
            raise ConfigError(f"{where}: unknown setting '{key}'", f"{hint}settings: {', '.join(known)}")
    if not values.get("name"):
        raise ConfigError(f"{where}: no 'name'", "give the task a name")
    _check_forms(values, {name: str(entry.type) for name, entry in known.items()}, where)
    made = TaskSpec(**{key: _frozen(value) for key, value in values.items() if value is not None})
    if not re.fullmatch(r"\w[\w.-]*", made.name):
        raise ConfigError(
            f"{where}: name {made.name!r} cannot be part of a file's name", "use letters, digits, '-' and '_'"
        )
    for key, allowed in (("kind", KINDS), ("answer_is", ANSWERS), ("official", OFFICIAL_RULES)):
        if getattr(made, key) not in allowed:
            choices = ", ".join(word for word in allowed if word)
            raise ConfigError(f"{where}: unknown {key} '{getattr(made, key)}'", f"choices: {choices}")
    if made.macro and made.macro not in made.tables:
        raise ConfigError(f"{where}: macro '{made.macro}' is not under tables", "add it to tables")
    return made


def _check_forms(values: Mapping[str, Any], types: Mapping[str, str], where: str) -> None:
    """Refuse a number where a text stands, and the like."""
    for key, value in values.items():
        if value is None:
            continue
        kind = types[key]
        texts = isinstance(value, list) and all(isinstance(each, str) for each in value)
        if kind.startswith("Mapping"):
            fits = isinstance(value, Mapping) and all(
                isinstance(each, str) for pair in value.items() for each in pair
            )
            what = "headings by column"
        elif kind == "str":
            fits, what = isinstance(value, str), "a string"
        else:
            fits = texts or (isinstance(value, str) and "str |" in kind)
            what = "a string or a list of strings" if "str |" in kind else "a list of strings"
        if not fits:
            shown = str(value)[:40] if isinstance(value, (int, float, bool, str)) else type(value).__name__
            raise ConfigError(
                f"{where}: {key} is {shown}, not {what}", f"write {key} as {what}; quote numbers"
            )


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def fill(template: str, row: Row, number: int) -> str:
    """A template with the row's columns put in; an empty text when a column is missing or empty."""
    words, names = _parts(template)
    values = [str(number) if name == "row" else text_id(row.get(name)) for name in names]
    if not all(values):
        return ""
    return words[0] + "".join(value + word for value, word in zip(values, words[1:], strict=True))


@lru_cache(maxsize=256)
def _parts(template: str) -> tuple[list[str], list[str]]:
    """The words around the fields of a template, and the fields' names."""
    parts = _FIELD.split(template)
    return parts[::2], parts[1::2]


def columns_of(spec: TaskSpec) -> tuple[str, ...]:
    """Columns a row must have to be scored."""
    options = (spec.options,) if isinstance(spec.options, str) else spec.options[:2]
    found = [*_FIELD.findall(spec.id), *_FIELD.findall(spec.group), spec.answer]
    found += [spec.question, *options] if spec.kind == "choice" else [spec.question]
    return tuple(dict.fromkeys(name for name in found if name and name != "row"))
