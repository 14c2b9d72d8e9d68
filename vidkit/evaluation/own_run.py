"""What a benchmark does besides questions and replies: make its data, score clips, rescore a published table.

A benchmark declares such runs as `OWN_RUNS`: the setting that asks for one (`make`, `videos`, `rescore`) and
the function, as `"module:function"`. The function takes an `OwnRun` and returns an `OwnResult`; the command
line prints the tables and warnings, writes the page and the JSON, and knows nothing else of it.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkit.errors import ConfigError
from vidkit.utils.naming import did_you_mean
from vidkit.utils.plain import TYPE_WORDS

if TYPE_CHECKING:
    from vidkit.evaluation.task import Task

Show = Callable[[int, int, str], None]
"""Tells of progress: items done, items in all, and a short note."""

OWN_RUNS = ("make", "videos", "rescore")
"""Settings that may ask for an own run."""


def _silent(done: int, total: int, note: str) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True)
class OwnRun:
    """What the function of an own run is given.

    Attributes:
        target: what the setting names: the folder to make, of clips, of a published table.
        data: `--data`, None where it was not given.
        output: folder for logs, None: the function's own choice.
        mode: robust or official.
        options: the benchmark's own settings (`benchmark.NAME=VALUE`).
        workers: processes.
        seed: of whatever is drawn.
        resamples: of the bootstrap.
        limit: only so many items, None for all.
        strict: stop where something is missing.
        force: start over where the output holds another run.
        dry_run: say what would be done.
        show: to be called with progress.
    """

    target: Path
    data: Path | None = None
    output: Path | None = None
    mode: str = "robust"
    options: Mapping[str, Any] = field(default_factory=dict)
    workers: int = 1
    seed: int = 42
    resamples: int = 10_000
    limit: int | None = None
    strict: bool = False
    force: bool = False
    dry_run: bool = False
    show: Show = _silent

    def needs_data(self, what: str) -> Path:
        """The folder of the data.

        Raises:
            ConfigError: none was given.
        """
        if self.data is None:
            raise ConfigError("no data was given", f"give --data DIR with {what}")
        return self.data

    def read_options(self, kind: type[Any]) -> Any:
        """The benchmark's own settings as a dataclass.

        Args:
            kind: a dataclass whose `__post_init__` checks values with `ValueError`.

        Raises:
            ConfigError: an unknown setting, or a value that it refuses.
        """
        known = [entry.name for entry in dataclasses.fields(kind)]
        for name in self.options:
            if name not in known:
                hint = did_you_mean(name, known)
                raise ConfigError(
                    f"unknown setting 'benchmark.{name}'", f"{hint}this run takes: {', '.join(known)}"
                )
        for entry in dataclasses.fields(kind):
            if entry.name in self.options:
                factory = entry.default_factory
                default = entry.default if factory is dataclasses.MISSING else factory()
                _check_type(entry.name, self.options[entry.name], default)
        try:
            return kind(**self.options)
        except ValueError as error:
            message, _, hint = str(error).partition("\n")
            raise ConfigError(f"benchmark.{message}", hint) from error


def _check_type(name: str, value: object, default: object) -> None:
    """Refuse a value of another kind than the default's; a whole number is a number, too.

    Raises:
        ConfigError: it is of another kind.
    """
    if isinstance(default, list | tuple):
        _check_list(name, value)
    if not isinstance(default, bool | int | float | str):
        return
    wanted: type | tuple[type, ...] = (int, float) if isinstance(default, float) else type(default)
    if not isinstance(value, wanted) or isinstance(value, bool) is not isinstance(default, bool):
        raise ConfigError(
            f"benchmark.{name} cannot be {value!r}",
            f"give {TYPE_WORDS.get(type(default), 'text')}, such as {default!r}",
        )


def _check_list(name: str, value: object) -> None:
    """Refuse what is neither a list of words and numbers nor a word, which the settings themselves judge.

    Raises:
        ConfigError: it is a number, a mapping, or a list of lists.
    """
    items = value if isinstance(value, list | tuple) else [value]
    single = not isinstance(value, list | tuple) and not (value is None or isinstance(value, str))
    if single or any(
        not isinstance(item, int | float | str | None) or isinstance(item, bool) for item in items
    ):
        raise ConfigError(
            f"benchmark.{name} cannot be {value!r}", f"give a list such as benchmark.{name}=[a,b]"
        )


@dataclass(frozen=True)
class OwnResult:
    """What an own run comes to.

    Attributes:
        result: for JSON, with `tables` and `warnings` as every result has them.
        page: makes the page of `--html`, None where there is none.
        nothing: why there is no score at all; empty where there is one. It ends the command with status 1.
        hint: what to do about that.
    """

    result: dict[str, Any]
    page: Callable[[], str] | None = None
    nothing: str = ""
    hint: str = ""


def find_own_run(task: Task, name: str) -> Callable[[OwnRun], OwnResult]:
    """The function of a benchmark's own run.

    Raises:
        ConfigError: the benchmark has no such run.
    """
    entry = task.functions.OWN_RUNS.get(name)
    if entry is None:
        there = ", ".join(f"--{each}" for each in task.functions.OWN_RUNS) or "none of these"
        raise ConfigError(f"{task.name} has no --{name}", f"it takes {there}")
    module, _, function = entry.partition(":")
    found = getattr(importlib.import_module(module), function)
    assert callable(found)
    return found  # type: ignore[no-any-return]
