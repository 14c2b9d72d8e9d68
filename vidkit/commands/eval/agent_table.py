"""Who answered in a run with agents: drafts and agents, how deep, how long."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vidkit.evaluation.rows import read_rows
from vidkit.evaluation.types import ScoreTable


def agent_table(predictions: str | Path) -> dict[str, Any] | None:
    """Questions, model steps and seconds by who answered; None where no agent did.

    Args:
        predictions: the log of a run.
    """
    last: dict[str, Mapping[str, Any]] = {}
    for _, row in read_rows(predictions):
        record = _record(row)
        if record.get("by") in ("draft", "agent"):
            last[str(row.get("id"))] = {**record, "latency_s": row.get("latency_s")}
    if not last:
        return None
    rows = tuple(_row(who, [one for one in last.values() if who in ("all", one["by"])]) for who in _WHO)
    columns = ("answered by", "questions", "model steps", "with tools", "median s")
    title, note = "Drafts and agents", "; ".join(_shares(list(last.values())))
    return asdict(ScoreTable("agents", title, columns, tuple(row for row in rows if row[1]), note))


_WHO = ("draft", "agent", "all")


def _record(row: Mapping[str, Any]) -> Mapping[str, Any]:
    meta = row.get("meta")
    record = meta.get("record") if isinstance(meta, Mapping) else None
    return record if isinstance(record, Mapping) else {}


def _row(who: str, found: list[Mapping[str, Any]]) -> tuple[Any, ...]:
    steps = [len(_steps(one)) for one in found]
    tools = [any(_used(step) for step in _steps(one)) for one in found]
    seconds = [one["latency_s"] for one in found if isinstance(one.get("latency_s"), int | float)]
    return (
        who,
        len(found),
        round(statistics.fmean(steps), 2) if found else None,
        sum(tools),
        round(statistics.median(seconds), 3) if seconds else None,
    )


def _steps(one: Mapping[str, Any]) -> list[Any]:
    agent = one.get("agent")
    steps = agent.get("steps") if isinstance(agent, Mapping) else None
    return steps if isinstance(steps, list) else []


def _used(step: object) -> bool:
    return isinstance(step, Mapping) and "call" in step


def _shares(found: list[Mapping[str, Any]]) -> Iterator[str]:
    """Beta and alpha in words, where a small model was asked."""
    screened = [one for one in found if isinstance(one.get("tool_free"), int | float)]
    drafted = [one for one in found if isinstance(one.get("gate"), Mapping)]
    if screened:
        yield f"beta = {len(drafted) / len(screened):.2f} of {len(screened)} screened as needing no tool"
    if drafted:
        believed = sum(one["by"] == "draft" for one in drafted)
        yield f"alpha = {believed / len(drafted):.2f} of {len(drafted)} drafts believed"
    problems = [str(one["draft_problem"]) for one in found if one.get("draft_problem")]
    if problems:
        yield f"{len(problems)} without a draft: {max(set(problems), key=problems.count)}"
