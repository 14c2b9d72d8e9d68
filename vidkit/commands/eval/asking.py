"""The part of `vidkit eval` that asks a model: engine, progress, a folder that can be resumed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from vidkit.commands.eval.options import check_model, engine_of, folder_of, judges_of, rows_of, run_options
from vidkit.config.eval_schema import EvalSettings
from vidkit.errors import ConfigError
from vidkit.evaluation.running import Progress, RunSummary, run_async
from vidkit.evaluation.running.growing_clip import check_turn_entry
from vidkit.evaluation.running.runner import LOG
from vidkit.evaluation.task import Task
from vidkit.utils.console import Terminal, terminal
from vidkit.utils.event_loop import run_whole
from vidkit.utils.plain import visible


def run_model(settings: EvalSettings, task: Task, data: Path) -> RunSummary:
    """Ask the model every question of the data; the same call again resumes where the folder stops.

    Raises:
        ConfigError: settings that cannot be used, or a folder that holds another run.
        VidkitError: the engine cannot be used; what was answered is kept.
    """
    return run_whole(_run(settings, task, data))


async def _run(settings: EvalSettings, task: Task, data: Path) -> RunSummary:
    total = count_items(settings, task, data)
    run_options(settings, task, data, {}, total)  # refused before a model is loaded
    check_model(settings)
    engine = engine_of(settings)
    judges = judges_of(settings)
    try:
        options = run_options(settings, task, data, judges, total)
        with _shown(task.title) as show:
            rows = rows_of(task, data, settings.limit)
            return await run_async(task.functions, rows, engine, folder_of(settings, task), options, show)
    finally:
        for each in (engine, *judges.values()):
            await each.aclose()


def count_items(settings: EvalSettings, task: Task, data: Path) -> int:
    """Check every row before the first call is paid for; returns the items of the kinds asked for.

    Raises:
        DataError: a row that cannot be used.
        ConfigError: a kind that no item has.
    """
    kinds: Counter[str] = Counter()
    streaming = task.functions.streamed(task.own_settings(settings.settings))
    for item in task.functions.items(rows_of(task, data, settings.limit)):
        kinds[item.kind] += 1
        if task.functions.is_streamed(item) and streaming.when != "single":
            check_turn_entry(item)
    if not settings.kinds:
        return kinds.total()
    unknown = next((kind for kind in settings.kinds if kind not in kinds), None)
    if unknown is not None:
        known = ", ".join(kind for kind in kinds if kind) or "one kind, without a name"
        raise ConfigError(f"no item of {data.name} is of kind '{unknown}'", f"kinds there: {known}")
    _check_order(settings, task, data)
    return sum(kinds[kind] for kind in set(settings.kinds))


def _check_order(settings: EvalSettings, task: Task, data: Path) -> None:
    """Refuse to leave out items that decide whether others are asked, unless an earlier start asked them."""
    log = folder_of(settings, task) / LOG
    if log.is_file() and log.stat().st_size:
        return
    left_out: set[str] = set()
    for item in task.functions.items(rows_of(task, data, settings.limit)):
        if item.kind not in settings.kinds:
            left_out.add(item.id)
        elif item.after in left_out:
            kinds = ",".join(settings.kinds)
            raise ConfigError(
                f"kinds={kinds} leaves out '{item.after}', which decides whether '{item.id}' is asked",
                "add its kind, or resume a run that asked it",
            )


@contextmanager
def _shown(title: str) -> Iterator[Any]:
    """Progress on standard error: a bar on a terminal, a line per tenth elsewhere."""
    console = terminal(stderr=True)
    if not console.is_terminal:
        yield _Lines(console, title)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Bar(*columns, console=console) as bar:
        line = bar.add_task(visible(title), total=None, note="")
        yield lambda state: bar.update(line, completed=state.done, total=state.total, note=str(state))


class _Lines:
    def __init__(self, console: Terminal, title: str) -> None:
        self._console, self._title, self._told = console, title, -1

    def __call__(self, state: Progress) -> None:
        tenth = 10 * state.done // max(state.total or state.done or 1, 1)
        if tenth > self._told:
            self._told = tenth
            self._console.print(f"{visible(self._title)}: {state}", highlight=False, markup=False)
