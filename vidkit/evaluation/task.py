"""Tasks by name or by YAML file: what to read, how rows and predictions meet, who scores.

A YAML file describes a multiple-choice task completely (`task_spec.TaskSpec`). The two benchmarks with their
own scores are modules; their YAML only names them.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from vidkit.errors import ConfigError, DataError, doc_page
from vidkit.evaluation.rows import text_id
from vidkit.evaluation.task_spec import TaskSpec, columns_of, fill, spec_from
from vidkit.evaluation.tasks.multiple_choice import MultipleChoice
from vidkit.evaluation.types import Row, TaskFunctions
from vidkit.utils.naming import did_you_mean

BENCHMARKS = {
    "video-mme-v2": "vidkit.evaluation.tasks.video_mme_v2",
    "social-omni": "vidkit.evaluation.tasks.social_omni",
}


@dataclass(frozen=True)
class ItemIds:
    """Ids of a benchmark's questions.

    Attributes:
        every: one a question, in the rows' order.
        asked: those that are asked whatever became of others.
    """

    every: Sequence[str]
    asked: Sequence[str]


@dataclass(frozen=True)
class Task:
    """A benchmark ready for use.

    Attributes:
        name: as on the command line.
        title: heading.
        functions: the four functions.
        required: columns every data row must have.
        row_id: id under which a data row is unique.
        prediction_id: brings an id of a predictions file into the data's spelling.
        item_ids: ids of the questions in the rows' order, without making the questions where that can be.
        attach: rows with their replies put on them, by the ids of their questions.
        known_ids: ids that a prediction may have, by the same ids.
        group_of: group of a data row, where groups cannot be scored in part.
        data_files: where the data lie in a downloaded folder of the benchmark.
        source: paper or page.
    """

    name: str
    title: str
    functions: TaskFunctions
    required: tuple[str, ...]
    row_id: Callable[[Row, int], str]
    prediction_id: Callable[[str], str]
    item_ids: Callable[[Sequence[Row]], ItemIds]
    attach: Callable[[Sequence[str], Sequence[Row], Mapping[str, dict[str, Any]]], list[dict[str, Any]]]
    known_ids: Callable[[Sequence[str], Sequence[Row], Iterable[str]], set[str]]
    data_files: tuple[str, ...] = ()
    group_of: Callable[[Row], str] | None = None
    source: str = ""

    def files_of(self, data: str | Path) -> list[Path]:
        """The data files behind `--data`: a file, or those of the benchmark's folder.

        Raises:
            DataError: a folder without any of the task's files.
        """
        path = Path(data)
        if not path.is_dir():
            return [path]
        found = [path / name for name in self.data_files if (path / name).is_file()]
        if not found:
            expected = ", ".join(self.data_files) or "nothing: give a file"
            raise DataError(f"no data of {self.name} in the folder '{path}'", f"expected there: {expected}")
        return found


def task_files(folders: Iterable[Path]) -> dict[str, Path]:
    """YAML files of tasks by name, first folder first."""
    found: dict[str, Path] = {}
    for folder in folders:
        for file in sorted(folder.glob("*.yaml")):
            found.setdefault(file.stem, file)
    return found


def load_task(name: str, folders: Iterable[Path]) -> Task:
    """Find and check a task.

    Args:
        name: of a file in `folders`, or the path of a YAML file.
        folders: where tasks by name lie.

    Raises:
        ConfigError: no such task, or a file that is not one; the message names file and setting.
    """
    known = task_files(folders)
    file = Path(name) if name.endswith((".yaml", ".yml")) else known.get(name.replace("_", "-"))
    if file is None or not file.is_file():
        hint = did_you_mean(name, known)
        raise ConfigError(f"no task '{name}'", f"{hint}tasks: {', '.join(sorted(known))}, or a YAML file")
    return task_from(read_yaml(file), file)


def read_yaml(file: Path) -> dict[str, Any]:
    """The settings of a task file.

    Raises:
        ConfigError: not YAML, or not a mapping.
    """
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{file.name}:{mark.line + 1}" if mark else file.name
        raise ConfigError(f"{where}: not YAML", f"see {doc_page('tasks.md')} for an example") from error
    if not isinstance(content, dict):
        raise ConfigError(
            f"{file.name}: expected settings, found {type(content).__name__}", f"see {doc_page('tasks.md')}"
        )
    return content


def task_from(values: Mapping[str, Any], file: Path) -> Task:
    """A task of checked settings."""
    spec = spec_from(values, file.name)
    if spec.functions in BENCHMARKS.values():
        return _benchmark(spec, importlib.import_module(spec.functions))
    overrides = _load_functions(spec.functions, file) if spec.functions else None
    functions = MultipleChoice(spec, overrides)
    own_items = hasattr(overrides, "items")
    return Task(
        name=spec.name,
        title=spec.title or spec.name,
        functions=functions,
        required=() if own_items else columns_of(spec),
        row_id=(lambda row, number: _item_id(functions, row, number)) if own_items else _template_id(spec),
        prediction_id=text_id,
        item_ids=(lambda rows: _ids_of_items(functions, rows)) if own_items else _template_ids(spec),
        attach=_attach,
        known_ids=lambda ids, rows, replies: set(ids),
        source=spec.source,
    )


def _template_id(spec: TaskSpec) -> Callable[[Row, int], str]:
    return lambda row, number: fill(spec.id, row, number)


def _template_ids(spec: TaskSpec) -> Callable[[Sequence[Row]], ItemIds]:
    return lambda rows: _one_a_row([fill(spec.id, row, number) for number, row in enumerate(rows, 1)])


def _one_a_row(ids: list[str]) -> ItemIds:
    return ItemIds(ids, ids)


def _ids_of_items(functions: TaskFunctions, rows: Sequence[Row]) -> ItemIds:
    found = [(item.id, item.after is None) for item in functions.items(rows)]
    return ItemIds([name for name, _ in found], [name for name, asked in found if asked])


def _item_id(functions: MultipleChoice, row: Row, number: int) -> str:
    return next(functions.items([{**row, "row": number}])).id


def _benchmark(spec: TaskSpec, module: ModuleType) -> Task:
    functions: Any = module
    # a row that is several questions brings both; one that is one question has its id
    own_attach, own_known = getattr(module, "attach", None), getattr(module, "known_ids", None)
    return Task(
        name=spec.name,
        title=spec.title or spec.name,
        functions=functions,
        required=tuple(getattr(module, "REQUIRED", ())),
        row_id=lambda row, number: str(module.record_id(row)),
        prediction_id=getattr(module, "prediction_id", text_id),
        item_ids=(lambda rows: _ids_of_items(functions, rows))
        if own_attach
        else lambda rows: _one_a_row([str(module.record_id(row)) for row in rows]),
        attach=(lambda ids, rows, replies: own_attach(rows, replies)) if own_attach else _attach,
        known_ids=(lambda ids, rows, replies: own_known(rows, replies))
        if own_known
        else lambda ids, rows, replies: set(ids),
        data_files=tuple(getattr(module, "DATA_FILES", ())),
        group_of=getattr(module, "group_of", None),
        source=spec.source,
    )


def _attach(
    ids: Sequence[str], rows: Sequence[Row], replies: Mapping[str, dict[str, Any]]
) -> list[dict[str, Any]]:
    none: dict[str, Any] = {}
    found = (replies.get(name) or none for name in ids)
    return [
        {**row, **{key: reply[key] for key in ("prediction", "error", "finish_reason") if key in reply}}
        for row, reply in zip(rows, found, strict=True)
    ]


def _load_functions(name: str, file: Path) -> ModuleType:
    """A module by dotted name, or a Python file beside the YAML file.

    Raises:
        ConfigError: no such file or module, or none of the four functions in it.
    """
    if name.endswith(".py"):
        path = file.parent / name
        spec = importlib.util.spec_from_file_location(f"vidkit_task_{path.stem}", path)
        if not path.is_file() or spec is None or spec.loader is None:
            raise ConfigError(
                f"{file.name}: no file '{name}' beside it (functions)", "give a path relative to the YAML"
            )
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    else:
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            raise ConfigError(
                f"{file.name}: no module '{name}' (functions)", "a .py file or a module"
            ) from error
    if not any(hasattr(module, each) for each in ("items", "visuals", "prompt", "score")):
        raise ConfigError(
            f"{file.name}: '{name}' has none of items, visuals, prompt, score", f"see {doc_page('tasks.md')}"
        )
    return module


def iterate_items(task: Task, rows: Iterable[Row]) -> Iterator[Any]:
    """The task's items in the rows' order, one at a time."""
    return task.functions.items(rows)
