"""What the benchmarks of `vidkit bench` share: their folder, their command in words, their progress."""

from __future__ import annotations

import os
import re
import shlex
import time
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Any, Self

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from vidkit.config.keys import keys_of
from vidkit.utils.console import wide_console
from vidkit.utils.files import check_writable
from vidkit.utils.plain import duration

_UNTOLD = {"output", "dry_run", "verbose", "device"}  # say nothing about the figures


def folder_for(name: str, output: str | None, dry_run: bool = False) -> Path:
    """Where a benchmark writes; made unless this is a dry run.

    Raises:
        OutputError: it cannot be written to.
    """
    folder = Path(output).expanduser() if output else Path("outputs") / "bench" / name.replace("-", "_")
    if not dry_run:
        check_writable(folder, create=True)
    return folder


def command_of(name: str, settings: Any) -> str:
    """The command line that measures the same, from the settings that differ from their defaults."""
    words = ["vidkit", "bench", name]
    for key in keys_of(type(settings)).values():
        if key.is_section or key.name in _UNTOLD:
            continue
        value = settings
        for part in key.name.split("."):
            value = getattr(value, part)
        if value != key.default:
            word = f"{key.name}={_word(value)}"
            words.append(word if re.fullmatch(r"[\w=.,:/\[\]+-]+", word) else shlex.quote(word))
    return " ".join(words)


def _word(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ",".join(map(_word, value)) + "]"
    return str(value.value if isinstance(value, Enum) else value)


class BenchProgress:
    """Which part is measured and how long the rest may take; on standard error."""

    def __init__(self, parts: Sequence[tuple[str, float]]) -> None:
        """Prepare.

        Args:
            parts: names and estimated seconds, in order.
        """
        self.console = wide_console(stderr=True)
        self._parts = list(parts)
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(20),
            TextColumn("{task.fields[note]}", markup=False),
            TimeElapsedColumn(),
            console=self.console,
        )
        self._task: TaskID | None = None
        self._at = -1
        self._start = time.monotonic()

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self._task = self._bar.add_task("starting", total=len(self._parts) or None, note="")
            self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._task is not None:
            self._bar.stop()

    def begin(self, name: str) -> None:
        """A part begins; those before it are done."""
        names = [part for part, _ in self._parts]
        self._at = names.index(name) if name in names else self._at + 1
        said = f"part {self._at + 1} of {len(self._parts)}, about {duration(max(1.0, self._left()))} left"
        if self._task is not None:
            self._bar.update(self._task, description=name, completed=self._at, note=said)
        else:
            self.console.print(Text(f"{name}  ({said})"), soft_wrap=True)

    def note(self, text: str) -> None:
        """Something happened within the part."""
        if self._task is not None:
            self._bar.update(self._task, note=text)
        else:
            self.console.print(Text(f"  {text}"), soft_wrap=True)

    def _left(self) -> float:
        done = sum(about for _, about in self._parts[: self._at])
        ahead = sum(about for _, about in self._parts[self._at :])
        if not done:
            return ahead
        # what was measured corrects the estimate once it weighs something
        pace = (time.monotonic() - self._start) / done
        return ahead * pace


def busy_note(environment: dict[str, Any]) -> str:
    """A warning where other work on the machine makes times worth little; empty otherwise."""
    load, cores = environment["load_before"], os.cpu_count() or 1
    if load <= 0.5 * cores:
        return ""
    return f"load {load:g} on {cores} cores before the run: times are those of a busy machine"


def print_plan(
    title: str, parts: Sequence[tuple[str, str, float]], notes: Sequence[str], command: str
) -> None:
    """What a run would measure: part, what of, about how long."""
    from rich.table import Table

    console = wide_console()
    table = Table(title=title, title_justify="left")
    table.add_column("part")
    table.add_column("what")
    table.add_column("about", justify="right")
    for name, what, about in parts:
        table.add_row(name, what, duration(max(1.0, about)))
    table.add_section()
    table.add_row("all", "", duration(max(1.0, sum(about for *_, about in parts))))
    console.print(table)
    for note in notes:
        console.print(Text(f"note  {note}"), soft_wrap=True)
    console.print(Text(command), soft_wrap=True)


def print_files(folder: Path, names: Sequence[str]) -> None:
    """Where things were written; those that are there."""
    for name in names:
        if (folder / name).is_file():
            wide_console().print(Text(f"{(folder / name).suffix[1:]:<5} {folder / name}"), soft_wrap=True)
