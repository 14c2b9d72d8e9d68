"""`vidkit calibrate gate`: when to believe a small model's draft, from a run of it with log-probabilities."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from vidkit.agents.calibration import (
    Calibrated,
    LoggedDraft,
    calibrated,
    choose_kind,
    fewest_alternatives,
    score_table,
    tokens_of,
)
from vidkit.agents.gate import KINDS
from vidkit.agents.gate_file import GateFile
from vidkit.config.calibrate_gate_schema import CalibrateGateSettings
from vidkit.config.catalog import builtin_dir
from vidkit.errors import ConfigError, DataError
from vidkit.evaluation.report.text import rich_table
from vidkit.evaluation.rows import read_rows
from vidkit.evaluation.scoring import read_joined
from vidkit.evaluation.task import Task, load_task
from vidkit.evaluation.types import Mode
from vidkit.utils.console import terminal
from vidkit.utils.files import check_writable
from vidkit.utils.paths import expanded
from vidkit.utils.publishing import staged

BEST = "best"
_HOW = "run the small model with sampling.top_logprobs=20 and give its predictions.jsonl"


def run(settings: CalibrateGateSettings) -> dict[str, Any]:
    """Find the threshold, print how good each score is, write gate and plot.

    Returns:
        The gate with the table of scores.

    Raises:
        ConfigError: a setting that cannot be used.
        DataError: a log without log-probabilities, or with fewer alternatives than k.
    """
    task, data, predictions = _inputs(settings)
    drafts, model = _drafts(settings, task, data, predictions)
    k, kind, chosen_on = _k(settings, drafts), settings.kind, 0
    if kind == BEST:
        kind, rest = choose_kind(drafts, k)
        chosen_on, drafts = len(drafts) - len(rest), rest
    found = calibrated(drafts, kind, k, settings.risk, settings.delta, settings.method)
    gate = GateFile(
        model,
        task.name,
        kind,
        k,
        found.threshold,
        settings.risk,
        settings.delta,
        len(drafts),
        round(found.coverage, 6),
        None if found.accuracy is None else round(found.accuracy, 6),
        settings.method,
    )
    rows = list(score_table(drafts, k, settings.risk, settings.delta, settings.method))
    _print(gate, rows, chosen_on)
    result = {**gate.as_dict(), "scores": rows}
    if settings.dry_run:
        return result
    output = _output(settings)
    picture = output.with_suffix(".png")
    with staged(output.parent, output.name, [data, predictions], settings.force) as stage:
        _plot(stage.folder / picture.name, found, gate)
        stage.publish(gate.as_dict())
    terminal().print(f"gate  {output}\nplot  {picture}", highlight=False, markup=False)
    return result


def _output(settings: CalibrateGateSettings) -> Path:
    output = expanded(settings.output or "gate.json")
    if output.suffix != ".json":
        raise ConfigError(f"output '{output}' is not a .json file", "give -o NAME.json")
    check_writable(output.parent, create=True)
    return output


def _inputs(settings: CalibrateGateSettings) -> tuple[Task, Path, Path]:
    if not settings.task:
        raise ConfigError("no benchmark was given", "vidkit calibrate gate TASK data=FILE predictions=FILE")
    if settings.data is None or settings.predictions is None:
        if settings.data is None:
            raise ConfigError("no data was given", "give the questions with their answers: --data FILE")
        raise ConfigError("no predictions were given", _HOW)
    if settings.kind not in (BEST, *KINDS):
        raise ConfigError(f"unknown gate '{settings.kind}'", f"one of {BEST}, {', '.join(KINDS)}")
    task = load_task(settings.task, [builtin_dir() / "eval" / "tasks"])
    return task, Path(settings.data), Path(settings.predictions)


def _drafts(
    settings: CalibrateGateSettings, task: Task, data: Path, predictions: Path
) -> tuple[list[LoggedDraft], str]:
    joined = read_joined(task, data, predictions)
    side = task.functions.comparable(joined.rows, Mode.ROBUST)
    right = next(iter(side.right.values()), {})
    last = {str(row.get("id")): row for _, row in read_rows(predictions)}
    drafts = []
    for name, is_right in right.items():
        row = last.get(name)
        if row is None or is_right is None or (tokens := tokens_of(row)) is None:
            continue
        drafts.append(LoggedDraft(name, tokens, is_right, row.get("finish_reason") == "length"))
    if not drafts:
        raise DataError(f"'{predictions.name}' keeps no log-probabilities of scored replies", _HOW)
    manifest = joined.run.get("model")
    named = manifest.get("model") if isinstance(manifest, dict) else None
    model = settings.model or (str(named) if named else "")
    if not model:
        raise ConfigError(
            "the log does not say which model it belongs to", "give model=NAME, as draft.model will be"
        )
    return drafts, model


def _k(settings: CalibrateGateSettings, drafts: list[LoggedDraft]) -> int:
    there = fewest_alternatives(drafts)
    if there < 3:
        raise DataError(f"the log holds {there} alternatives per token, a gate needs at least 3", _HOW)
    if settings.k is not None and settings.k > there:
        raise DataError(
            f"the log holds {there} alternatives per token, fewer than k={settings.k}",
            f"give k={there}, or run the small model with sampling.top_logprobs={settings.k}",
        )
    return settings.k or there


def _print(gate: GateFile, rows: list[dict[str, Any]], chosen_on: int) -> None:
    cells = [
        (
            row["score"],
            *(None if math.isnan(row[name]) else round(row[name], 4) for name in ("auroc", "aurc")),
            None if row["threshold"] is None else round(row["threshold"], 4),
            f"{row['coverage']:.1%}",
            "-" if row["accuracy"] is None else f"{row['accuracy']:.1%}",
        )
        for row in rows
    ]
    title = f"{gate.task}, {gate.model}: {gate.count} drafts, K = {gate.k}"
    risk = f"{100 * gate.risk:.3g}%"
    note = (
        f"thresholds at which at most {risk} of the believed are wrong,"
        f" with a probability of {1 - gate.delta:.3g}"
    )
    if gate.method == "conformal":
        note = f"conformal thresholds: at most {risk} of all drafts are believed and wrong, on average"
    columns = ("score", "AUROC", "AURC", "threshold", "believed", "of them right")
    console = terminal()
    console.print(rich_table({"title": title, "columns": columns, "rows": cells, "note": note}))
    if chosen_on:
        console.print(
            f"{gate.kind} was the best score on {chosen_on} other drafts; the gate uses it", markup=False
        )
    if gate.threshold is None:
        console.print(f"{gate.kind}: no threshold keeps this risk; the gate believes nothing", markup=False)


def _plot(path: Path, found: Calibrated, gate: GateFile) -> None:
    from vidkit.utils.figures import GREY, SERIES, drawn

    coverage, accuracy = found.curve
    with drawn(path, 6.0, 4.0) as figure:
        axes = figure.subplots()
        axes.plot(coverage, accuracy, color=SERIES[0], label=f"{gate.kind}, K = {gate.k}")
        axes.axhline(1 - gate.risk, color=GREY, linestyle=":", label=f"risk {100 * gate.risk:.3g}%")
        if gate.accuracy is not None:
            axes.plot([gate.coverage], [gate.accuracy], "o", color=SERIES[1], label="the gate")
        axes.set(xlabel="share of drafts believed", ylabel="share of those that are right", xlim=(0, 1))
        axes.set_title(f"{gate.task}, {gate.model}, {gate.count} drafts", fontsize=10)
        axes.legend(frameon=False)
