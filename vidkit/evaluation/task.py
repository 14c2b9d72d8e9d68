"""Tasks by name or by YAML file: what to read, how rows and predictions meet, who scores.

A YAML file describes a multiple-choice task completely (`task_spec.TaskSpec`); a module that it names puts
its own functions in place of the general ones (`benchmark.Benchmark`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from typing import Any

import yaml

from vidkit.errors import ConfigError, DataError, doc_page
from vidkit.evaluation.benchmark import Benchmark, ItemIds, put_on
from vidkit.evaluation.task_code import load_functions
from vidkit.evaluation.task_spec import spec_from
from vidkit.evaluation.tasks.multiple_choice import MultipleChoice
from vidkit.evaluation.types import Row
from vidkit.utils.method_settings import make_config
from vidkit.utils.naming import did_you_mean
from vidkit.utils.plugins import is_file_spec, load_class, plugins
from vidkit.utils.strict_yaml import load_yaml

_FUNCTIONS = ("items", "visuals", "prompt", "score")


@dataclass(frozen=True)
class Task:
    """A benchmark ready for use.

    Attributes:
        name: as on the command line.
        title: heading.
        functions: everything that it defines.
        source: paper or page.
    """

    name: str
    title: str
    functions: Benchmark
    source: str = ""

    def own_settings(self, values: Mapping[str, Any]) -> Any:
        """The benchmark's own settings from plain values.

        Raises:
            ConfigError: a setting that it does not have, of another type, or out of range.
        """
        if not is_dataclass(self.functions.config):
            raise ConfigError(
                f"{self.name}: config is not a dataclass of settings", f"see {doc_page('tasks.md')}"
            )
        return make_config(self.functions.config, self.name, values)

    @property
    def required(self) -> tuple[str, ...]:
        """Columns every data row must have."""
        return self.functions.REQUIRED

    @property
    def row_id(self) -> Callable[[Row, int], str]:
        """Id under which a data row is unique."""
        return self.functions.record_id

    @property
    def prediction_id(self) -> Callable[[str], str]:
        """Brings an id of a predictions file into the data's spelling."""
        return self.functions.prediction_id

    @property
    def item_ids(self) -> Callable[[Sequence[Row]], ItemIds]:
        """Ids of the questions in the rows' order, without making the questions where that can be."""
        return self.functions.item_ids

    def attach(
        self, ids: Sequence[str], rows: Sequence[Row], replies: Mapping[str, dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """Rows with their replies put on them, by the ids of their questions."""
        if self.functions.has_own("attach"):
            return self.functions.attach(rows, replies)
        return put_on(ids, rows, replies)

    def known_ids(self, ids: Sequence[str], rows: Sequence[Row], replies: Iterable[str]) -> set[str]:
        """Ids that a prediction may have, by the ids of the questions."""
        return self.functions.known_ids(rows, replies) if self.functions.has_own("known_ids") else set(ids)

    @property
    def group_of(self) -> Callable[[Row], str] | None:
        """Group of a data row, where groups cannot be scored in part."""
        return self.functions.group_of

    def files_of(self, data: str | Path) -> list[Path]:
        """The data files behind `--data`: a file, or those of the benchmark's folder.

        Raises:
            DataError: a folder without any of the task's files.
        """
        path = Path(data)
        if not path.is_dir():
            return [path]
        found = self.functions.data_files(path)
        if not found:
            expected = ", ".join(self.functions.DATA_FILES)
            hint = f"expected there: {expected}" if expected else "name the file itself: data=FILE"
            raise DataError(f"no data of {self.name} in the folder '{path}'", hint)
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
    if is_file_spec(name) or name in plugins("task"):
        return _task_of_class(name)
    known = task_files(folders)
    file = Path(name) if name.endswith((".yaml", ".yml")) else known.get(name.replace("_", "-"))
    if file is None or not file.is_file():
        hint = did_you_mean(name, known)
        raise ConfigError(f"no task '{name}'", f"{hint}tasks: {', '.join(sorted(known))}, or a YAML file")
    return task_from(read_yaml(file), file)


def _task_of_class(name: str) -> Task:
    """A task of `FILE.py:Class` or of a plugin: a class with `settings` as a YAML file has them."""
    found = load_class("task", name, {}, ("items", "prompt", "score"))
    if not issubclass(found, MultipleChoice):
        raise ConfigError(
            f"'{name}' cannot be a benchmark: it does not build on MultipleChoice",
            "from vidkit.evaluation.tasks.multiple_choice import MultipleChoice",
        )
    spec = spec_from({"name": found.__name__.lower(), **getattr(found, "settings", {})}, name)
    return Task(spec.name, spec.title or spec.name, found(spec), spec.source)


def read_yaml(file: Path) -> dict[str, Any]:
    """The settings of a task file.

    Raises:
        ConfigError: not YAML, or not a mapping.
    """
    try:
        content = load_yaml(file.read_text(encoding="utf-8"), file.name)
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
    functions: Benchmark = MultipleChoice(spec)
    if spec.functions:
        module = load_functions(spec.functions, file)
        if not any(hasattr(module, each) for each in (*_FUNCTIONS, "OWN_RUNS")):
            raise ConfigError(
                f"{file.name}: '{spec.functions}' has none of {', '.join(_FUNCTIONS)}",
                f"see {doc_page('tasks.md')}",
            )
        functions.adopt(module)
    return Task(spec.name, spec.title or spec.name, functions, spec.source)
