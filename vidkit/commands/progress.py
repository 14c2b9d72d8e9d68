"""How a long command shows where it is: a bar on a terminal, a line per tenth elsewhere. Always on stderr."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from vidkit.utils.console import Terminal, terminal
from vidkit.utils.plain import duration

if TYPE_CHECKING:
    from vidkit.generation.record import StepRecord

_NAMES = {
    "load": "loading",
    "encode": "encoding the prompt",
    "prepare": "preparing",
    "decode": "decoding",
    "write": "writing",
}


class RunProgress:
    """Listens to a generation run; use as a context manager so that the terminal is left clean."""

    def __init__(self, console: Terminal | None = None) -> None:
        self.console = console or terminal(stderr=True)
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            TimeElapsedColumn(),
            console=self.console,
        )
        self._live = self.console.is_terminal
        self._task: TaskID | None = None
        self._total = self._done = 0
        self._start = 0.0
        self._pictures, self._tenth = "", 0  # of a clip that is streamed

    def __enter__(self) -> Self:
        if self._live:
            self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._live:
            self._bar.stop()

    def phase(self, name: str, detail: str = "") -> None:
        text = " ".join(part for part in (_NAMES.get(name, name), detail) if part)
        if self._live:
            self._next_task(text, None)
        elif name != "prepare":
            self._line(text)

    def steps(self, total: int) -> None:
        self._total, self._done, self._start = total, 0, time.perf_counter()
        self._pictures, self._tenth = "", 0
        if self._live:
            self._next_task("denoising", total)

    def step(self, record: StepRecord) -> None:
        self._done += 1
        note = f"{record.seconds:.2f} s/step, {duration(self._left())} left"
        if self._pictures:
            note += f"; {self._pictures}"
        if self._live and self._task is not None:
            self._bar.update(self._task, completed=self._done, note=f"{self._done}/{self._total}  {note}")
        elif self._crossed_a_tenth() and not self._pictures:
            self._line(f"denoising {100 * self._done // self._total} %  {self._done}/{self._total}  {note}")

    def pictures(self, done: int, total: int, per_second: float) -> None:
        """Of a clip that is streamed: what is decoded and on its way into the file."""
        self._pictures = f"{done}/{total} frames, {per_second:.1f} per second with decoding"
        tenth = 10 * done // total
        if not self._live and tenth > self._tenth:
            self._tenth = tenth
            self._line(f"streaming {self._pictures}")

    def warning(self, text: str) -> None:
        self._line(f"warning: {text}")

    def _left(self) -> float:
        spent = time.perf_counter() - self._start
        return spent / self._done * (self._total - self._done)

    def _crossed_a_tenth(self) -> bool:
        return 10 * self._done // self._total > 10 * (self._done - 1) // self._total

    def _next_task(self, text: str, total: int | None) -> None:
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task(text, total=total, note="")

    def _line(self, text: str) -> None:
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)
