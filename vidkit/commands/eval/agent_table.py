"""Who answered in a run with agents: drafts and agents, how deep, how long, how many tokens, at what cost."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vidkit.evaluation.rows import read_rows
from vidkit.evaluation.types import ScoreTable
from vidkit.utils.plain import counted

_WHO = ("draft", "agent", "all")
PHASES = ("screen", "draft", "wait", "agent")
TOKENS = ("small_in", "small_out", "large_in", "large_out")


@dataclass(frozen=True, slots=True)
class AgentSummary:
    """What a run with agents came to.

    Attributes:
        figures: beta, alpha, mean depth, tokens, seconds by phase, cost; for the record.
        tables: the same for people.
    """

    figures: dict[str, Any]
    tables: tuple[dict[str, Any], ...]


def agent_summary(predictions: str | Path, prices: Mapping[str, float] | None = None) -> AgentSummary | None:
    """Questions, model steps, seconds and tokens; None where no agent answered.

    Args:
        predictions: the log of a run.
        prices: per million tokens, by `small_in`, `small_out`, `large_in`, `large_out`.
    """
    found = records_of(predictions)
    if not found:
        return None
    figures = _figures(found, prices or {})
    rows = tuple(_row(who, [one for one in found if who in ("all", one["by"])]) for who in _WHO)
    columns = ("answered by", "questions", "model steps", "with tools", "median s")
    title, note = "Drafts and agents", "; ".join(_shares(found))
    who = ScoreTable("agents", title, columns, tuple(row for row in rows if row[1]), note)
    return AgentSummary(figures, (asdict(who), asdict(_cost_table(figures))))


def records_of(predictions: str | Path) -> list[dict[str, Any]]:
    """Records of the questions that a draft or an agent answered, the last of each."""
    last: dict[str, dict[str, Any]] = {}
    for _, row in read_rows(predictions):
        meta = row.get("meta")
        record = meta.get("record") if isinstance(meta, Mapping) else None
        if isinstance(record, Mapping) and record.get("by") in ("draft", "agent"):
            usage = row.get("usage")
            kept = {"id": row.get("id"), "latency_s": row.get("latency_s"), "usage": usage}
            last[str(row.get("id"))] = {**record, **kept}
    return list(last.values())


def _figures(found: list[dict[str, Any]], prices: Mapping[str, float]) -> dict[str, Any]:
    screened = [one for one in found if isinstance(one.get("tool_free"), int | float)]
    drafted = [one for one in found if isinstance(one.get("gate"), Mapping)]
    agents = [one for one in found if one["by"] == "agent"]
    tokens = {name: sum(_tokens(one).get(name, 0) for one in found) for name in TOKENS}
    seconds = {name: round(sum(_seconds(one).get(name, 0.0) for one in found), 3) for name in PHASES}
    cost = None
    if prices:
        cost = sum(tokens[name] * prices.get(name, 0.0) for name in TOKENS) / 1e6
    return {
        "questions": len(found),
        "beta": len(drafted) / len(screened) if screened else None,
        "alpha": sum(one["by"] == "draft" for one in drafted) / len(drafted) if drafted else None,
        "depth": statistics.fmean(len(_steps(one)) for one in agents) if agents else None,
        "endings": _counted([str(_agent(one).get("ending")) for one in agents]),
        "tokens": tokens,
        "seconds": seconds,
        "cost": cost,
    }


def _counted(words: list[str]) -> dict[str, int]:
    return {word: words.count(word) for word in sorted(set(words))}


def _tokens(one: Mapping[str, Any]) -> dict[str, int]:
    """Tokens of both models; of an agent alone, all are the large one's."""
    tokens = one.get("tokens")
    if isinstance(tokens, Mapping):
        return {str(name): int(count) for name, count in tokens.items() if isinstance(count, int)}
    usage = one.get("usage") if isinstance(one.get("usage"), Mapping) else {}
    assert isinstance(usage, Mapping)
    pairs = (("large_in", usage.get("prompt_tokens")), ("large_out", usage.get("completion_tokens")))
    return {name: count for name, count in pairs if isinstance(count, int)}


def _seconds(one: Mapping[str, Any]) -> dict[str, float]:
    seconds = one.get("seconds")
    if isinstance(seconds, Mapping):
        return {str(name): float(value) for name, value in seconds.items() if isinstance(value, int | float)}
    return {"agent": float(one["latency_s"])} if isinstance(one.get("latency_s"), int | float) else {}


def _cost_table(figures: Mapping[str, Any]) -> ScoreTable:
    """Seconds by phase, a question and in all; tokens of both models."""
    count = figures["questions"]
    rows = [
        (f"{name}, s", round(figures["seconds"][name], 2), round(figures["seconds"][name] / count, 4))
        for name in PHASES
        if figures["seconds"][name]
    ]
    rows += [
        (
            f"tokens, {name.replace('_', ' ')}",
            figures["tokens"][name],
            round(figures["tokens"][name] / count, 1),
        )
        for name in TOKENS
        if figures["tokens"][name]
    ]
    if figures["cost"] is not None:
        rows.append(("cost", round(figures["cost"], 6), round(figures["cost"] / count, 8)))
    note = "phases of different questions overlap, so their seconds add up to more than the run took"
    return ScoreTable("phases", "Phases, tokens, cost", ("", "in all", "a question"), tuple(rows), note)


def _row(who: str, found: list[dict[str, Any]]) -> tuple[Any, ...]:
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


def _agent(one: Mapping[str, Any]) -> Mapping[str, Any]:
    agent = one.get("agent")
    return agent if isinstance(agent, Mapping) else {}


def _steps(one: Mapping[str, Any]) -> list[Any]:
    steps = _agent(one).get("steps")
    return steps if isinstance(steps, list) else []


def _used(step: object) -> bool:
    """Whether a step called a tool that worked."""
    if not isinstance(step, Mapping) or "call" not in step:
        return False
    told = step.get("tool")
    return isinstance(told, Mapping) and not told.get("problem")


def _shares(found: list[dict[str, Any]]) -> Iterator[str]:
    """Beta and alpha in words, where a small model was asked."""
    screened = [one for one in found if isinstance(one.get("tool_free"), int | float)]
    drafted = [one for one in found if isinstance(one.get("gate"), Mapping)]
    if screened:
        yield f"beta = {len(drafted) / len(screened):.2f} of {len(screened)} screened as needing no tool"
    if drafted:
        believed = sum(one["by"] == "draft" for one in drafted)
        yield f"alpha = {believed / len(drafted):.2f} of {counted(len(drafted), 'draft')} believed"
    unscored = [str(one["gate"].get("reason")) for one in drafted if one["gate"].get("score") is None]
    if unscored:
        yield f"{counted(len(unscored), 'draft')} without a score: {max(set(unscored), key=unscored.count)}"
    off = [str(one["not_drafted"]) for one in found if one.get("not_drafted")]
    if off:
        yield f"{counted(len(off), 'question')} not drafted: {max(set(off), key=off.count)}"
    problems = [str(one["draft_problem"]) for one in found if one.get("draft_problem")]
    if problems:
        yield f"{len(problems)} without a draft: {max(set(problems), key=problems.count)}"
