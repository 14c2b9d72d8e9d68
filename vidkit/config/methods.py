"""Methods by kind, and their settings: what ships, what installed plugins offer, and `FILE.py:Class`.

Everything is read from source and from package metadata, so that help and completion import no method.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

from vidkit.config.catalog import builtin_dir
from vidkit.config.static import (
    PACKAGE,
    Setting,
    file_of,
    note_of_class,
    settings_of_class,
    settings_of_dataclass,
    table_in,
    table_of,
)
from vidkit.errors import ConfigError
from vidkit.utils.plugins import KINDS, is_file_spec, plugins

# where our own stand: a file and the table in it
TABLES = {
    "selector": ("frames/registry.py", "SELECTORS"),
    "predictor": ("attention/predictors/__init__.py", "PREDICTORS"),
    "reuse": ("attention/reuse.py", "REUSE"),
    "executor": ("attention/executors/__init__.py", "EXECUTORS"),
    "engine": ("serving/registry.py", "BUILT_IN"),
    "cache": ("caching/policies/__init__.py", "POLICIES"),
}
OURS = "vidkit"
_WITHOUT_ARGUMENTS = ("selector", "task")  # kinds that are not made from settings
RUN = "run"
"""Own runs of benchmarks: no kind of method, but they have settings, too."""
_EMBEDDED = ("commands/eval/embedded.py", "ENGINES")  # models that ship, each an engine


@dataclass(frozen=True)
class Method:
    """A method that can be chosen by name.

    Attributes:
        kind: one of `vidkit.utils.plugins.KINDS`, or `RUN`.
        name: what it is called on the command line.
        target: `package.module:Class` or `FILE.py:Class`; of a benchmark also its functions' module or file,
            empty if it has none.
        origin: `vidkit`, the package that brings it, or the file.
    """

    kind: str
    name: str
    target: str
    origin: str

    @property
    def noun(self) -> str:
        return KINDS[self.kind]

    @property
    def note(self) -> str:
        """What it is, in a line."""
        return note_of_class(self.target)

    @functools.cached_property
    def settings(self) -> dict[str, Setting]:
        """Its settings by name."""
        if self.kind == RUN:
            found = settings_of_dataclass(self.target)
        else:
            found = settings_of_class(self.target, from_arguments=self.kind not in _WITHOUT_ARGUMENTS)
        return {setting.name: setting for setting in found}

    @property
    def can_be_found(self) -> bool:
        """Whether the source it points to is there."""
        return file_of(self.target.partition(":")[0] or "") is not None


def methods(kind: str) -> dict[str, Method]:
    """All methods of a kind by name, ours first."""
    found = dict(_ours(kind))
    for name, plugin in plugins(kind).items():
        found.setdefault(name, Method(kind, name, plugin.target, plugin.origin))
    return found


@functools.lru_cache
def _ours(kind: str) -> dict[str, Method]:
    if kind == "task":
        files = sorted((builtin_dir() / "eval" / "tasks").glob("*.yaml"))
        return {file.stem: _task(file.stem, file) for file in files}
    if kind not in TABLES:
        return {}
    file, table = TABLES[kind]
    return {
        name: Method(kind, name, target, OURS) for name, target in table_of(PACKAGE / file, table).items()
    }


def runs_of_benchmarks(name: str | None = None) -> list[Method]:
    """What benchmarks do besides asking, each with its settings.

    Args:
        name: of a benchmark, a YAML file or FILE.py:Class; None: all that are known by name.
    """
    if name is None:
        tasks = list(methods("task").values())
    else:
        tasks = [task] if (task := find_method("task", name)) is not None else []
    tables = {task: table_in(task.target, "RUN_SETTINGS") for task in tasks}
    several = sum(map(bool, tables.values())) > 1
    return [
        Method(RUN, f"{task.name} {run}" if several else run, str(target), task.origin)
        for task, runs in tables.items()
        for run, target in runs.items()
    ]


def known_engines() -> list[Method]:
    """Engines that can be named, the embedded ones among them."""
    file, table = _EMBEDDED
    embedded = table_of(PACKAGE / file, table)
    return [
        *methods("engine").values(),
        *(Method("engine", name, target, OURS) for name, target in embedded.items()),
    ]


def _task(name: str, file: Path) -> Method:
    """A benchmark of a YAML file: its settings stand in the functions that the file names, if any."""
    import yaml

    from vidkit.utils.strict_yaml import load_yaml

    try:
        settings = load_yaml(file.read_text(encoding="utf-8"), file.name) or {}
        functions = str(settings.get("functions") or "")
    except (OSError, UnicodeDecodeError, AttributeError, ConfigError, yaml.YAMLError):
        functions = ""  # what is wrong with it is told when it is loaded
    target = str(file.parent / functions) if functions.endswith(".py") else functions
    return Method("task", name, target, OURS if file.is_relative_to(builtin_dir()) else str(file))


def find_method(kind: str, name: str) -> Method | None:
    """The method of that name, or the class that `FILE.py:Class` names; None if there is none.

    A benchmark may also be a YAML file.
    """
    if is_file_spec(name):
        file, _, attribute = name.rpartition(":")
        return Method(kind, name, f"{file}:{attribute}", file)
    if kind == "task":
        if name.endswith((".yaml", ".yml")):
            return _task(name, Path(name))
        name = name if name in methods(kind) else name.replace("_", "-")
    return methods(kind).get(name)
