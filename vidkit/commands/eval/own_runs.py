"""Runs that a benchmark declares for itself (`vidkit.evaluation.own_run`): making data, scoring clips."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from vidkit import __version__
from vidkit.commands.eval.checks import SCHEMA
from vidkit.commands.eval.report import print_result
from vidkit.config.catalog import config_names
from vidkit.config.eval_schema import EvalSettings
from vidkit.errors import ConfigError, NothingAnswered
from vidkit.evaluation.own_run import OWN_RUNS, OwnResult, OwnRun, Show, find_own_run
from vidkit.evaluation.task import Task
from vidkit.utils.console import terminal
from vidkit.utils.files import check_writable, write_text_atomic
from vidkit.utils.paths import expanded
from vidkit.utils.plain import duration
from vidkit.utils.redaction import redact
from vidkit.utils.sealing import check_single, named_paths, sealed_page

_OTHERS = ("predictions", "compare", "model")


def own_run_asked(settings: EvalSettings) -> str | None:
    """The setting that asks for an own run, None if none does.

    Raises:
        ConfigError: settings that cannot be used together.
    """
    given = [name for name in OWN_RUNS if getattr(settings, name)]
    if not given:
        return None
    beside = [*given, *(name for name in _OTHERS if getattr(settings, name))]
    if len(beside) > 1:
        raise ConfigError(
            f"{' and '.join(beside)} cannot be used together", f"keep one of {', '.join(beside)}"
        )
    return given[0]


def check_no_own_options(settings: EvalSettings, task: Task) -> None:
    """Refuse settings that only own runs read, where none is asked for.

    Raises:
        ConfigError: there are such settings.
    """
    if not settings.benchmark:
        return
    names = ", ".join(f"benchmark.{name}" for name in settings.benchmark)
    runs = ", ".join(f"--{name}" for name in task.functions.OWN_RUNS)
    hint = f"they belong to {runs} and to models that make clips" if runs else f"{task.name} has none"
    raise ConfigError(f"{names} would have no effect here", hint)


def makes_clips(settings: EvalSettings) -> bool:
    """Whether `model` names a video pipeline: a config of `vidkit generate`, or a diffusers folder."""
    name = settings.model
    if name is None or settings.server.base_url is not None:
        return False
    return name in config_names("generate") or (expanded(name) / "model_index.json").is_file()


def run_own(settings: EvalSettings, task: Task, name: str) -> dict[str, Any]:
    """Do an own run of the benchmark.

    Raises:
        NothingAnswered: there is nothing to score, which is reported like any earlier result.
        VidkitError: what the run refuses.
    """
    function = find_own_run(task, name)
    if settings.html is not None:
        check_page(settings)
    with counted(task.title) as show:
        made = function(asked(settings, Path(getattr(settings, name)), show))
    return tell(settings, made)


def tell(settings: EvalSettings, made: OwnResult) -> dict[str, Any]:
    """Print a result and write its page.

    Raises:
        NothingAnswered: there is nothing to score.
    """
    result = {"schema": SCHEMA, "vidkit": __version__, **made.result}
    print_result(result)
    if settings.html is not None and not settings.dry_run:
        if made.page is None:
            raise ConfigError("this run has no page", "leave --html out")
        check_page(settings)  # hours may have gone by
        write_text_atomic(Path(settings.html), sealed_page(redact(made.page())))
    if made.nothing:
        raise NothingAnswered(made.nothing, made.hint, result)
    return result


def check_page(settings: EvalSettings) -> None:
    """Refuse a page over a file that vidkit did not write, or over one that this run names."""
    check_writable(Path(str(settings.html)).parent)
    named = {name: path for name, path in named_paths(settings).items() if name != "'html'"}
    check_single(Path(str(settings.html)), "--html", named, settings.force)


def asked(settings: EvalSettings, target: Path, show: Show) -> OwnRun:
    """What the function of a run is given."""
    return OwnRun(
        target=target,
        data=None if settings.data is None else Path(settings.data),
        output=None if settings.output is None else Path(settings.output),
        mode=settings.mode.value,
        options=settings.benchmark,
        workers=settings.workers,
        seed=settings.seed,
        resamples=settings.resamples,
        limit=settings.limit,
        strict=settings.strict,
        force=settings.force,
        dry_run=settings.dry_run,
        show=show,
    )


@contextmanager
def counted(title: str) -> Iterator[Show]:
    """Progress with the time left on standard error: a bar on a terminal, a line per tenth elsewhere."""
    console = terminal(stderr=True)
    count = _Count()
    if not console.is_terminal:

        def line(done: int, total: int, note: str) -> None:
            if count.crossed_a_tenth(done, total):
                text = f"{title}: {done} of {total}, {count.left(done, total)}{note and f'; {note}'}"
                console.print(text, highlight=False, markup=False, soft_wrap=True)

        yield line
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(title, total=None, note="")

        def move(done: int, total: int, note: str) -> None:
            text = ", ".join(part for part in (count.left(done, total), note) if part)
            bar.update(task, completed=done, total=total, note=text)

        yield move


class _Count:
    """How long the rest takes, measured from the first report: what an earlier start did is no pace."""

    def __init__(self) -> None:
        self._first: tuple[float, int] | None = None
        self._tenth = self._last = -1

    def left(self, done: int, total: int) -> str:
        """The time left in words."""
        now = time.monotonic()
        if self._first is None or done < self._last:  # less than before: another phase begins
            self._first, self._tenth = (now, done), -1
        self._last = done
        since, before = self._first
        if done >= total:
            return "done"
        if done <= before or now <= since:
            return "time left unknown"
        return f"{duration((now - since) / (done - before) * (total - done))} left"

    def crossed_a_tenth(self, done: int, total: int) -> bool:
        """Whether a tenth was crossed since the last call that said so."""
        self.left(done, total)
        tenth = 10 * done // max(total, 1)
        if tenth <= self._tenth:
            return False
        self._tenth = tenth
        return True
