"""`vidkit eval`: score predictions, compare two runs, or ask a model first. Scoring imports no torch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkit import __version__
from vidkit.commands.eval.checks import SCHEMA, check_scorable, scoring_options, seen_by_model
from vidkit.commands.eval.embedded import filled_in, is_embedded
from vidkit.commands.eval.own_runs import (
    check_no_own_options,
    check_page,
    makes_clips,
    own_run_asked,
    run_own,
)
from vidkit.commands.eval.report import print_result, with_budget
from vidkit.commands.eval.unanswered import (
    is_answered,
    nothing_answered,
    reasons_in,
    without_scores,
)
from vidkit.config.catalog import builtin_dir
from vidkit.config.eval_schema import EvalSettings
from vidkit.errors import ConfigError, NothingAnswered
from vidkit.evaluation.answers.said import own_think_tags
from vidkit.evaluation.scoring import Joined, read_joined
from vidkit.evaluation.task import Task, load_task, task_files
from vidkit.evaluation.types import Mode
from vidkit.utils.collection import collection_paused
from vidkit.utils.files import write_text_atomic
from vidkit.utils.redaction import redact
from vidkit.utils.sealing import sealed_page

if TYPE_CHECKING:
    from vidkit.evaluation.running import RunSummary


def run(settings: EvalSettings) -> dict[str, Any]:
    """Do what the settings ask for, print the tables, write the page; a dry run says what would be done.

    Returns:
        The result: scores (or differences), tables, warnings, and where everything came from.

    Raises:
        NothingAnswered: there is no reply to score, which is reported like any earlier result.
        ConfigError: no task, no data, settings that cannot be used together.
        DataError: files that cannot be used; the message names file and line.
    """
    task = load_task(_task_name(settings), [tasks_dir()])
    settings = filled_in(settings, task)
    own = own_run_asked(settings)
    if own is not None:
        return run_own(settings, task, own)
    if makes_clips(settings):
        from vidkit.commands.eval.generating import run_generated

        return run_generated(settings, task)
    check_no_own_options(settings, task)
    results = bool(settings.compare) and _compares_results(settings, task)
    data = Path() if results else _checked(settings)
    if settings.dry_run and not results:
        from vidkit.commands.eval.dry_run import plan

        return plan(settings, task, data)
    nothing: NothingAnswered | None = None
    try:
        with (
            own_think_tags(list(zip(settings.think_tags[::2], settings.think_tags[1::2], strict=True))),
            collection_paused() if settings.model is None else nullcontext(),
        ):
            result = _result(settings, task, data, results)
    except NothingAnswered as error:
        nothing, result = error, dict(error.result)  # type: ignore[call-overload]
    print_result(result)
    if settings.html is not None and not settings.dry_run:
        from vidkit.evaluation.report.page import page

        check_page(settings)  # hours may have gone by
        html = page(result, task.title, task.functions, _traces(settings, task, data, result))
        write_text_atomic(Path(settings.html), sealed_page(redact(html)))
    if nothing is not None:
        raise nothing
    return result


def _compares_results(settings: EvalSettings, task: Task) -> bool:
    from vidkit.commands.eval.comparing import compares_results

    return compares_results(settings, task)


def _result(settings: EvalSettings, task: Task, data: Path, results: bool) -> dict[str, Any]:
    if not settings.compare:
        return _score(settings, task, data)
    from vidkit.commands.eval.comparing import compare_replies, compare_results

    return compare_results(settings, task) if results else compare_replies(settings, task, data)


def _traces(settings: EvalSettings, task: Task, data: Path, result: dict[str, Any]) -> str:
    """Runs of an agent one by one, for the page; empty where there was none."""
    if "agents" not in result:
        return ""
    from vidkit.commands.eval.options import folder_of
    from vidkit.commands.eval.traces import traces
    from vidkit.evaluation.running.runner import PREDICTIONS

    log = settings.predictions or folder_of(settings, task) / PREDICTIONS
    return traces(settings, task, data, result, log)


def tasks_dir() -> Path:
    """Where tasks by name lie."""
    return builtin_dir() / "eval" / "tasks"


def _task_name(settings: EvalSettings) -> str:
    if settings.task:
        return settings.task
    raise ConfigError(
        "no task was given", f"tasks: {', '.join(sorted(task_files([tasks_dir()])))}, or a YAML file"
    )


def _checked(settings: EvalSettings) -> Path:
    """Refuse what cannot be scored before anything is computed."""
    if settings.data is None:
        raise ConfigError("no data was given", "give --data FILE with the benchmark's questions and answers")
    given = [name for name in ("predictions", "compare", "model") if getattr(settings, name)]
    if len(given) > 1:
        raise ConfigError(f"{' and '.join(given)} cannot be used together", f"keep one of {', '.join(given)}")
    if settings.answer_judge or settings.answer_judge_model:
        from vidkit.commands.eval.answer_judge import check_answer_judge

        check_answer_judge(settings)
    if settings.html is not None:
        check_page(settings)
    _check_device(settings)
    return Path(settings.data)


def _check_device(settings: EvalSettings) -> None:
    """Refuse an accelerator that nothing would run on."""
    device = settings.server.device
    if device in ("auto", "cpu"):
        return
    from vidkit.serving.registry import engine_kind

    if settings.model is not None and is_embedded(settings.model):
        return
    if settings.model is None or engine_kind(settings.model, settings.server.base_url) == "openai":
        raise ConfigError(
            f"device={device}: scoring and served models do not use a device",
            "only a local model does: --model FOLDER",
        )


def _score(settings: EvalSettings, task: Task, data: Path) -> dict[str, Any]:
    predictions = settings.predictions
    run_summary: dict[str, Any] = {}
    reasons: list[str] = []
    notes: list[str] = []
    if settings.model is not None:
        from vidkit.commands.eval.asking import run_model

        check_scorable(settings, task, data)  # before a call is paid for
        summary = run_model(settings, task, data)
        predictions, run_summary = str(summary.predictions), summary.as_dict()
        reasons, notes = summary.commonest_reasons(), list(_told(summary))
        if summary.without_text:
            reasons.append(f"replies without text: {_kinds(summary)}")
    joined = read_joined(task, data, predictions, strict=settings.strict, limit=settings.limit)
    judged: dict[str, Any] = {}
    if settings.answer_judge:
        from vidkit.commands.eval.answer_judge import read_with_judge, told

        judged = read_with_judge(settings, task, joined, scoring_options(settings, task, 1))
        notes.append(told(judged))
    result = task.functions.score(
        joined.rows, Mode(settings.mode.value), **scoring_options(settings, task, settings.resamples)
    )
    seen = seen_by_model(joined)
    if not task.functions.BUDGETED:
        seen = {**seen, "budget": None, "subtitles": None}
    if seen["budget"]:
        result["tables"] = [with_budget(result["tables"][0], seen), *result["tables"][1:]]
    if settings.engine.value != "direct" and predictions is not None:
        from vidkit.commands.eval.agent_table import agent_summary

        if (found := agent_summary(predictions, settings.prices)) is not None:
            result["tables"] = [*result["tables"], *found.tables]
            result["agents"] = found.figures
    answered = is_answered(task.functions, joined.rows)
    if not answered:
        reasons = reasons or reasons_in(task.functions, joined.rows)
        result = {**without_scores(result, reasons), "warnings": []}  # they speak of scores
    whole = {
        "schema": SCHEMA,
        "vidkit": __version__,
        **seen,
        "data": joined.data,
        "predictions": joined.predictions,
        "run": joined.run,
        **({"run_summary": run_summary} if run_summary else {}),
        **({"answer_judge": judged} if judged else {}),
        **({"limit": settings.limit} if settings.limit else {}),
        **result,
        "warnings": [*_notes(settings, joined), *notes, *result["warnings"]],
    }
    if not answered:
        raise nothing_answered(whole, reasons, joined.predictions.get("file") or joined.data["file"])
    return whole


def _told(summary: RunSummary) -> Iterator[str]:
    """What the run itself has to say."""
    yield from summary.notes
    if summary.failed:
        reasons = "; ".join(summary.commonest_reasons())
        yield f"{summary.failed} of {summary.items} items failed: {reasons}"
    if summary.without_text:
        count, kinds = summary.without_text.total(), _kinds(summary)
        yield f"{count} {'reply holds' if count == 1 else 'replies hold'} no text: {kinds}"


def _kinds(summary: RunSummary) -> str:
    return ", ".join(f"{n} {kind}" for kind, n in summary.without_text.most_common())


def _notes(settings: EvalSettings, joined: Joined) -> Iterator[str]:
    if settings.limit and len(joined.rows) >= settings.limit:
        more = "; groups are taken whole" if len(joined.rows) > settings.limit else ""
        yield f"only the first {len(joined.rows)} rows of {joined.data['file']} were scored (limit{more})"
    made_for = joined.run.get("data")
    if made_for and made_for != joined.data["sha256"]:
        yield f"the predictions were made for another version of the data ({str(made_for)[:12]}...)"
