"""Programs over the task set: from a folder, of a model, or our own; a row a task and form."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from vidkit.algoviz.asking.findings import Finding
from vidkit.algoviz.asking.judging import Judged, judge
from vidkit.algoviz.asking.loop import Asked, Asking, ask
from vidkit.bench.algoviz.baseline import baseline_prompt, judge_manim
from vidkit.bench.algoviz.task_set import BenchTask
from vidkit.errors import DataError
from vidkit.serving import Engine, EngineError
from vidkit.utils.redaction import redact

_LARGEST = 1 << 20
Row = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """A task in a form.

    Args:
        form: tracker, script or manim.
        bench: the task.
    """

    form: str
    bench: BenchTask

    @property
    def key(self) -> str:
        return f"{self.form}/{self.bench.task_id}"


class Unanswered(Exception):  # noqa: N818 - told to the command, not an error of the program
    """A model gave no reply for a task; nothing is known of it."""

    def __init__(self, key: str, error: EngineError) -> None:
        super().__init__(key)
        self.key, self.error = key, error


Source = Callable[[Job], Row]


def program_file(folder: Path, form: str, task_id: str) -> Path | None:
    """The program of a task: `FORM/TASK.py`, else `TASK.py`; None where there is neither."""
    places = (folder / form / f"{task_id}.py", folder / f"{task_id}.py")
    return next((place for place in places if place.is_file()), None)


def folder_source(folder: Path, how: Asking, draw: bool) -> Source:
    """Rows of programs `TASK.py` of a folder, or `FORM/TASK.py`; a task without one is at no level."""

    def measure(job: Job) -> Row:
        file = program_file(folder, job.form, job.bench.task_id)
        try:
            return _row(job, _assess(job, how, draw)("" if file is None else _text(file)))
        except UnicodeDecodeError as error:  # Python would not run it either: a fault of this program alone
            fault = Finding("static", f"it is not UTF-8 text (byte {error.start})", "save it as UTF-8")
            return _row(job, Judged("", 0, findings=(fault,)))

    return measure


def reference_source(how: Asking, draw: bool) -> Source:
    """Rows of our own solutions, watched."""
    return lambda job: _row(job, _assess(job, how, draw)(job.bench.reference))


def model_source(engine: Engine, loop: asyncio.AbstractEventLoop, how: Asking, draw: bool) -> Source:
    """Rows of what a model writes; the engine lives in the loop of another thread."""

    def measure(job: Job) -> Row:
        form = "script" if job.form == "manim" else job.form
        prompt = baseline_prompt(job.bench.task) if job.form == "manim" else None
        asking = ask(
            engine, job.bench.task, replace(how, form=form), judging=_assess(job, how, draw), prompt=prompt
        )
        asked = asyncio.run_coroutine_threadsafe(asking, loop).result()
        if asked.best is None:
            assert asked.error is not None
            raise Unanswered(job.key, asked.error)
        return _row(job, asked.best.judged, asked)

    return measure


_running = threading.BoundedSemaphore(2)


def allow_programs(count: int) -> None:
    """How many programs may run at the same time in this process."""
    global _running
    _running = threading.BoundedSemaphore(count)


def _assess(job: Job, how: Asking, draw: bool) -> Callable[[str], Judged]:
    def assess(source: str) -> Judged:
        with _running:
            if job.form == "manim":
                return judge_manim(source, job.bench.task, how.conditions)
            return judge(source, job.bench.task, job.form, how.conditions, draw)

    return assess


def measure(jobs: Sequence[Job], source: Source, concurrency: int) -> Iterator[Row | Unanswered]:
    """Measure jobs side by side; rows in the order in which they are ready.

    A fatal error of the server (no such key, no credit) ends it; what fails for one task alone is yielded.

    Raises:
        EngineError: no request will work.
        SandboxError: no sandbox works here.
    """
    waiting = iter(jobs)
    with ThreadPoolExecutor(concurrency) as pool:
        running: set[Future[Row]] = {pool.submit(source, job) for job in islice(waiting, concurrency)}
        try:
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    error = future.exception()
                    if isinstance(error, Unanswered):
                        if error.error.is_fatal:
                            raise error.error
                        yield error
                    else:
                        yield future.result()
                    running |= {pool.submit(source, job) for job in islice(waiting, 1)}
        except BaseException:
            for future in running:
                future.cancel()
            raise


def _row(job: Job, judged: Judged, asked: Asked | None = None) -> Row:
    first = next((one for one in judged.findings if one.is_error), None)
    row: Row = {
        "key": job.key,
        "form": job.form,
        "task": job.bench.task_id,
        "area": job.bench.area,
        "level": judged.level,
        "semantic": judged.semantic,
        "steps": judged.steps,
        "kept": judged.kept,
        "overlaps": judged.overlaps,
        "laid_out": judged.laid_out,
        "run_s": round(judged.seconds, 3),
        "stage": first.stage if first else "",
        "finding": redact(str(first))[:300] if first else "",
    }
    if asked is not None:
        attempts = asked.attempts
        row |= {
            "attempts": len(attempts),
            "first_level": attempts[0].judged.level,
            "tokens": asked.tokens,
            "reply_s": round(sum(one.reply_s for one in attempts), 3),
            "program": judged.source,
        }
    return row


def _text(file: Path) -> str:
    try:
        return file.read_bytes()[:_LARGEST].decode("utf-8-sig")
    except OSError as error:
        raise DataError(
            f"cannot read '{file}': {error.strerror}", "give a folder of Python programs"
        ) from error


class LoopThread:
    """An event loop in a thread of its own, for an engine that many threads ask."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def close(self, engine: Engine) -> None:
        """Let go of the engine, and end."""
        asyncio.run_coroutine_threadsafe(engine.aclose(), self.loop).result(timeout=10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(timeout=10)
