"""What `vidkit eval` and its dry run share: data that can be scored, and what the model saw."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vidkit.config.eval_schema import EvalSettings
from vidkit.errors import DataError
from vidkit.evaluation.scoring import Joined, read_rows_of
from vidkit.evaluation.task import Task
from vidkit.evaluation.types import Mode

SCHEMA = 1  # of the result


def check_scorable(settings: EvalSettings, task: Task, data: Path) -> int:
    """Refuse data that cannot be scored, whatever the replies; returns the number of rows.

    Raises:
        DataError: gold columns, groups or structures that the benchmark refuses.
    """
    rows = read_rows_of(task, data, settings.limit)
    rows = task.attach(task.item_ids(rows).every, rows, {})
    try:
        task.functions.score(rows, Mode(settings.mode.value), **scoring_options(settings, task, resamples=1))
    except DataError as error:
        if settings.limit:
            raise DataError(error.message, f"{error.hint} (limit={settings.limit} cut the data)") from error
        raise
    return len(rows)


def scoring_options(settings: EvalSettings, task: Task, resamples: int) -> dict[str, Any]:
    """Options of a task's `score`."""
    own = task.functions.score_options(task.own_settings(settings.settings))
    return {"resamples": resamples, "seed": settings.seed, **own}


def seen_by_model(joined: Joined) -> dict[str, Any]:
    """What the model saw, as far as the run's manifest says."""
    if not joined.run:
        return {"model": None, "budget": None, "subtitles": None}
    from vidkit.evaluation.running.budget import FrameBudget

    model, prompt = joined.run.get("model") or {}, joined.run.get("prompt") or {}
    sees = "v" in str(prompt.get("modality") or "v")  # "t" and "at" are asked without pictures
    wanted = {k: v for k, v in (joined.run.get("budget") or {}).items() if k in FrameBudget.__slots__}
    return {
        "model": model.get("model"),
        "budget": (FrameBudget(**wanted).label() if sees else "none") if wanted else None,
        "subtitles": prompt.get("subtitles"),
    }
