"""`vidkit eval --dry-run`: data, predictions and settings are checked, nothing is asked or written."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from vidkit import __version__
from vidkit.commands.eval.checks import SCHEMA, check_scorable, scoring_options, seen_by_model
from vidkit.config.eval_schema import EvalSettings
from vidkit.evaluation.scoring import describe, read_joined
from vidkit.evaluation.task import Task
from vidkit.utils.plain import visible
from vidkit.utils.redaction import read_key, shown_url

_SHOWN = 10  # names in a line


def plan(settings: EvalSettings, task: Task, data: Path) -> dict[str, Any]:
    """Check everything that can be checked beforehand and print what would be done.

    Returns:
        `data`, `rows`, and `predictions` (by file: rows, missing) or `run` (items, groups, prompts, media,
        calls, folder).

    Raises:
        ConfigError: settings that cannot be used.
        DataError: data or predictions that cannot be used.
    """
    rows = check_scorable(settings, task, data)
    result: dict[str, Any] = {
        "schema": SCHEMA,
        "vidkit": __version__,
        "dry_run": True,
        "benchmark": task.name,
        "mode": settings.mode.value,
        "data": describe(task.files_of(data)),
        "rows": rows,
    }
    lines = [f"data        {result['data']['file']}: {rows} rows, scored in {settings.mode.value} mode"]
    if settings.model is not None:
        result["run"] = _run(settings, task, data)
        lines += _run_lines(result["run"])
    else:
        files: list[str | None] = [*settings.compare] or [settings.predictions]
        result["predictions"] = [_replies(settings, task, data, file) for file in files]
        lines += [line for entry in result["predictions"] for line in _reply_lines(entry)]
    lines = [visible(line) for line in [*lines, "dry run     nothing was asked, scored or written"]]
    print("\n".join(lines))
    return result


def _replies(settings: EvalSettings, task: Task, data: Path, file: str | None) -> dict[str, Any]:
    joined = read_joined(task, data, file, strict=settings.strict, limit=settings.limit)
    items = list(task.functions.items(joined.rows))
    entry: dict[str, Any] = {
        **(joined.predictions or {"file": joined.data["file"], "rows": len(joined.rows)}),
        "items": len(items),
        "groups": len({item.group for item in items}),
        **seen_by_model(joined),
    }
    if joined.predictions:
        entry["missing_ids"] = joined.missing
    if settings.answer_judge:
        from vidkit.commands.eval.answer_judge import plan_judge

        entry["answer_judge"] = plan_judge(
            settings, task, joined, scoring_options(settings, task, resamples=1)
        )
    return entry


def _reply_lines(entry: dict[str, Any]) -> list[str]:
    lines = [
        f"predictions {entry['file']}: {entry['rows']} rows for {entry['items']} items"
        f" in {entry['groups']} groups"
    ]
    if entry["budget"]:
        lines.append(
            f"made by     {entry['model']}, frames {entry['budget']}, subtitles {entry['subtitles']}"
        )
    missing = entry.get("missing_ids")
    if missing:
        lines.append(f"missing     {len(missing)} predictions, counted as wrong: {_some(missing)}")
    if judge := entry.get("answer_judge"):
        lines.append(_judge_line(judge))
    return lines


def _judge_line(judge: dict[str, Any]) -> str:
    where = f"answer judge '{judge['model']}' at {judge['url']}"
    calls = f"at most {judge['most_calls']} calls"
    if judge["unread"] is None:
        return f"judge       {calls} to the {where}, two for each reply that no rule can read"
    known = f" ({judge['answered']} verdicts in its log)" if judge["answered"] else ""
    return f"judge       {judge['unread']} unread replies for the {where}{known}; {calls}"


def _run(settings: EvalSettings, task: Task, data: Path) -> dict[str, Any]:
    from vidkit.commands.eval.asking import count_items
    from vidkit.commands.eval.options import check_model, folder_of, rows_of, run_options
    from vidkit.evaluation.running.manifest import check_free_for, refuse_changes
    from vidkit.evaluation.running.options import manifest_of
    from vidkit.evaluation.running.picker import open_picker
    from vidkit.evaluation.running.plan import answered_in, plan_run
    from vidkit.evaluation.running.runner import LOG, MANIFEST, WRITTEN, check_judgeable

    count_items(settings, task, data)
    options = run_options(settings, task, data, {}, None)
    open_picker(options.budget)
    check_model(settings)
    if settings.judges:
        check_judgeable(task.functions)
    rows = rows_of(task, data, settings.limit)
    made = plan_run(task.functions, rows, options, judges=len(settings.judges))
    folder = folder_of(settings, task)
    answered = answered_in(folder / LOG)
    manifest = manifest_of(options, {})
    if not settings.force:
        check_free_for(folder, MANIFEST, WRITTEN)
    if (folder / MANIFEST).exists() and not settings.force:
        # a local model is known by its weights, which are not read here
        refuse_changes(folder / MANIFEST, manifest, unknown=frozenset({"model"}))
    return {
        "model": settings.model,
        "base_url": shown_url(settings.server.base_url) if settings.server.base_url else None,
        "api_key": _key(settings),
        "judges": list(settings.judges),
        "frames": options.budget.label(),
        **{key: manifest[key] for key in ("prompt", "budget", "sampling", "when")},
        "media": str(options.media),
        "folder": str(folder),
        "answered": 0 if settings.force else answered,
        **asdict(made),
        **_answer_judge(settings, made.items),
    }


def _answer_judge(settings: EvalSettings, items: int) -> dict[str, Any]:
    """The judge of a run that has no replies yet: every one of them may be unread."""
    if not settings.answer_judge:
        return {}
    from vidkit.commands.eval.answer_judge import check_judge_engine
    from vidkit.evaluation.running.judging import TRIES

    check_judge_engine(settings)
    url = shown_url(settings.answer_judge)
    judge = {"model": settings.answer_judge_model, "url": url, "unread": None, "most_calls": TRIES * items}
    return {"answer_judge": judge}


def _key(settings: EvalSettings) -> str | None:
    """The variable of the key and whether it is set; never the key."""
    if settings.server.base_url is None:
        return None
    name = settings.server.api_key_env
    return f"{name} is {'set' if read_key(name) else 'not set'}"


def _run_lines(run: dict[str, Any]) -> list[str]:
    prompt, kinds = run["prompt"], ", ".join(f"{n} {kind}" for kind, n in run["kinds"].items())
    where = f" at {run['base_url']} ({run['api_key']})" if run["base_url"] else ""
    calls = f"{run['least_calls']}"
    if run["most_calls"] is None:
        calls = f"at least {calls}: a stream asks once per step of {run['when']['stride_s']:g} s"
    elif run["most_calls"] > run["least_calls"]:
        calls += f" to {run['most_calls']}, as the replies ask for"
    if run["judge_calls"]:
        calls += f"; at most {run['judge_calls']} to judges"
    reasoning = ", reasoning" if prompt["reasoning"] else ""
    return [
        f"model       {run['model']}{where}",
        f"items       {run['items']}{f' ({kinds})' if kinds else ''} in {run['groups']} groups",
        f"budget      frames {run['frames']}, subtitles {prompt['subtitles']}, modality"
        f" {prompt['modality']}{reasoning}",
        f"prompts     sha256 {run['prompts_sha256'][:16]}; the first one:",
        *(f"            | {line}" for line in run["first_prompt"].splitlines()),
        *_media_lines(run),
        f"calls       {calls}",
        *([_judge_line(run["answer_judge"])] if "answer_judge" in run else []),
        f"folder      {run['folder']}" + (f" ({run['answered']} calls answered)" if run["answered"] else ""),
    ]


def _media_lines(run: dict[str, Any]) -> list[str]:
    lines = [f"media       {run['videos']} videos, {run['other_files']} other files below '{run['media']}'"]
    for key, what in (("missing_videos", "videos"), ("missing_files", "other files")):
        names = run[key]
        if names:
            lines.append(f"missing     {len(names)} {what}, whose items will fail: {_some(names)}")
    return lines


def _some(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
