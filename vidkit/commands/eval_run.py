"""The part of `vidkit eval` that asks a model: engine, budget, progress, a folder that can be resumed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from vidkit.config.eval_schema import EvalSettings
from vidkit.errors import ConfigError
from vidkit.evaluation.predictions import read_data
from vidkit.evaluation.running import FrameBudget, Progress, RunOptions, RunSummary, run_async
from vidkit.evaluation.running.render import Sampling
from vidkit.evaluation.scoring import describe, numbered_id
from vidkit.evaluation.task import Task
from vidkit.evaluation.types import PromptMode, Row, SubtitleMode
from vidkit.serving.engine import Engine
from vidkit.serving.registry import open_engine
from vidkit.serving.retry import RetryPolicy


def run_model(settings: EvalSettings, task: Task, data: Path) -> RunSummary:
    """Ask the model every question of the data; the same call again goes on where the folder stops.

    Raises:
        ConfigError: settings that cannot be used, or a folder that holds another run.
        VidkitError: the engine cannot be used; what was answered is kept.
    """
    return asyncio.run(_run(settings, task, data))


async def _run(settings: EvalSettings, task: Task, data: Path) -> RunSummary:
    assert settings.model is not None
    # all rows are checked before the first call is paid for
    total = sum(1 for _ in task.functions.items(rows_of(task, data, settings.limit)))
    engine = _engine(settings, settings.model, settings.server.base_url)
    judges = {
        name: _engine(settings, spec, settings.judge_url or settings.server.base_url)
        for name, spec in _judges(settings)
    }
    try:
        options = _options(settings, task, data, judges, total)
        with _shown(task.title) as show:
            rows = rows_of(task, data, settings.limit)
            return await run_async(task.functions, rows, engine, folder_of(settings, task), options, show)
    finally:
        for each in (engine, *judges.values()):
            await each.aclose()


def rows_of(task: Task, data: Path, limit: int | None) -> Iterator[Row]:
    """The data's rows, one at a time."""
    # ids are not kept: the log of the run finds doubled ones, and memory does not grow with the items
    rows = read_data(task.files_of(data), numbered_id(task), task.required, unique=False)
    for count, row in enumerate(rows):
        if limit is not None and count >= limit:
            return
        yield row


def folder_of(settings: EvalSettings, task: Task) -> Path:
    """Where a run lies; named after task and model unless given."""
    if settings.output is not None:
        return Path(settings.output)
    model = re.sub(r"[^\w.-]+", "-", Path(str(settings.model)).name).strip("-")
    return Path("outputs") / "eval" / f"{task.name}-{model}"


def _engine(settings: EvalSettings, spec: str, base_url: str | None) -> Engine:
    server = settings.server
    if base_url is not None:
        return open_engine(
            spec, base_url=base_url, api_key_env=server.api_key_env, concurrency=server.concurrency,
            retry=RetryPolicy(attempts=server.attempts),
        )  # fmt: skip
    if ".py:" in spec:
        return open_engine(spec)
    return open_engine(spec, device=server.device, dtype=server.dtype, batch_size=server.batch_size)


def _judges(settings: EvalSettings) -> list[tuple[str, str]]:
    """Judges as (name, engine): `NAME=SPEC`, or a model's name alone."""
    found = []
    for text in settings.judges:
        name, equals, spec = text.partition("=")
        found.append((name, spec) if equals else (re.sub(r"[^\w.-]+", "-", text), text))
    if len({name for name, _ in found}) < len(found):
        raise ConfigError(f"two judges have one name: {', '.join(settings.judges)}", "write NAME=MODEL")
    return found


def _options(
    settings: EvalSettings, task: Task, data: Path, judges: dict[str, Engine], total: int
) -> RunOptions:
    modality = (
        settings.modality.value if settings.modality else ("avt" if task.name == "social-omni" else "vt")
    )
    sampling = settings.sampling
    return RunOptions(
        mode=PromptMode(
            reasoning=settings.reasoning,
            subtitles=SubtitleMode(settings.subtitles.value),
            modality=modality,
            asr=settings.asr,
            wording=settings.wording,
        ),
        budget=FrameBudget.parse(settings.frames, max_frames=settings.max_frames, area_px=settings.area_px),
        sampling=Sampling(
            temperature=sampling.temperature, max_tokens=sampling.max_tokens, top_p=sampling.top_p,
            seed=sampling.seed, top_logprobs=sampling.top_logprobs,
        ),
        media=Path(settings.media) if settings.media else (data if data.is_dir() else data.parent),
        whole_clips=settings.whole_clips,
        when=settings.when.value,
        stride_s=settings.stride_s,
        judges=judges,
        force=settings.force,
        total=total,
        data=describe(task.files_of(data))["sha256"],
        task=task.name,
    )  # fmt: skip


@contextmanager
def _shown(title: str) -> Iterator[Any]:
    """Progress on standard error: a bar on a terminal, a line per tenth elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines(console, title)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Bar(*columns, console=console) as bar:
        line = bar.add_task(title, total=None, note="")
        yield lambda state: bar.update(line, completed=state.done, total=state.total, note=str(state))


class _Lines:
    def __init__(self, console: Console, title: str) -> None:
        self._console, self._title, self._told = console, title, -1

    def __call__(self, state: Progress) -> None:
        tenth = 10 * state.done // max(state.total or state.done or 1, 1)
        if tenth > self._told:
            self._told = tenth
            self._console.print(f"{self._title}: {state}", highlight=False, markup=False)
