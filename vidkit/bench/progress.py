"""Which part of a benchmark is measured, and how long the rest may take; on standard error."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import Any, Self

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from vidkit.utils.console import wide_console
from vidkit.utils.plain import duration


class BenchProgress:
    """A bar on a terminal, lines elsewhere."""

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


def busy_note(environment: Mapping[str, Any]) -> str:
    """A warning where other work on the machine makes times worth little; empty otherwise."""
    load, cores = environment["load_before"], os.cpu_count() or 1
    if load <= 0.5 * cores:
        return ""
    return f"load {load:g} on {cores} cores before the run: times are those of a busy machine"
