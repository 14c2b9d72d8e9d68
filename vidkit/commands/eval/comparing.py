"""`vidkit eval --compare A B`: two files of replies, or two results that hold their attempts."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from vidkit import __version__
from vidkit.commands.eval.checks import SCHEMA, seen_by_model
from vidkit.commands.eval.own_runs import check_page
from vidkit.commands.eval.report import run_table
from vidkit.commands.eval.unanswered import check_answered
from vidkit.config.eval_schema import EvalSettings
from vidkit.errors import ConfigError, DataError
from vidkit.evaluation.comparing import compare
from vidkit.evaluation.scoring import read_joined
from vidkit.evaluation.task import Task
from vidkit.evaluation.types import Mode

_OTHERS = ("predictions", "model", "videos", "rescore", "make")


def compare_replies(settings: EvalSettings, task: Task, data: Path) -> dict[str, Any]:
    """Compare two predictions files on the same data.

    Raises:
        DataError: files that cannot be used, or the same replies twice.
    """
    mode = Mode(settings.mode.value)
    runs = [
        read_joined(task, data, file, strict=settings.strict, limit=settings.limit)
        for file in settings.compare
    ]
    for joined in runs:
        check_answered(task.functions, joined)
    sides = [task.functions.comparable(joined.rows, mode) for joined in runs]
    result = compare(*sides, resamples=settings.resamples, seed=settings.seed)
    described = {
        name: {**joined.predictions, **seen_by_model(joined), "unread": side.unread}
        for name, joined, side in zip("AB", runs, sides, strict=True)
    }
    if runs[0].predictions["sha256"] == runs[1].predictions["sha256"]:
        raise DataError("A and B are the same predictions", "compare two different runs")
    return _whole(settings, task, described, result, runs[0].data)


def compares_results(settings: EvalSettings, task: Task) -> bool:
    """Whether two results are to be compared, which needs no data."""
    module = task.functions.COMPARES
    if not settings.compare or not module:
        return False
    is_result = importlib.import_module(module).is_result
    kinds = {bool(is_result(file)) for file in settings.compare}
    if len(kinds) == 2:
        raise ConfigError(
            f"'{settings.compare[0]}' and '{settings.compare[1]}' are a result and replies",
            "compare two results (--json) or two files of replies",
        )
    return kinds == {True}


def compare_results(settings: EvalSettings, task: Task) -> dict[str, Any]:
    """Compare two results of earlier runs.

    Raises:
        ConfigError: settings that cannot be used together.
        DataError: files that are no results, or of different items.
    """
    others = [name for name in _OTHERS if getattr(settings, name)]
    if others:
        given = ["compare", *others]
        raise ConfigError(f"{' and '.join(given)} cannot be used together", f"keep one of {', '.join(given)}")
    if settings.html is not None:
        check_page(settings)
    read = importlib.import_module(task.functions.COMPARES).compared_results
    described, sides = read(settings.compare, as_authors=settings.mode.value == Mode.OFFICIAL)
    if settings.dry_run:
        return {"dry_run": True, "benchmark": task.name, "tables": [run_table(described)], "warnings": []}
    result = compare(*sides, resamples=settings.resamples, seed=settings.seed)
    return _whole(settings, task, described, result, {})


def _whole(
    settings: EvalSettings,
    task: Task,
    described: dict[str, dict[str, Any]],
    result: dict[str, Any],
    data: dict[str, Any],
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "vidkit": __version__,
        "benchmark": task.name,
        "mode": settings.mode.value,
        "data": data,
        "runs": described,
        **result,
        "tables": [run_table(described), *result["tables"]],
        "warnings": [*result["warnings"], *_unequal(described)],
    }


def _unequal(runs: dict[str, dict[str, Any]]) -> list[str]:
    """Budgets that differ: a difference may be theirs and not the models'."""
    lines = []
    for key, what in (("budget", "frames"), ("subtitles", "subtitles")):
        a, b = runs["A"][key], runs["B"][key]
        if a != b:
            lines.append(f"A and B differ in {what}: {a or 'unknown'} and {b or 'unknown'}")
    return lines
