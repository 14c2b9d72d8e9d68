"""Scores of vision-language models on VR-Bench, in the metrics of the videos."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from vidkit.evaluation.answers import reply_text
from vidkit.evaluation.comparing import Comparable
from vidkit.evaluation.tasks.vr_bench.beside import table_with
from vidkit.evaluation.tasks.vr_bench.clip_jobs import size_of
from vidkit.evaluation.tasks.vr_bench.tables import Groups
from vidkit.evaluation.tasks.vr_bench.vlm_execute import Executed, carried_out, execute
from vidkit.evaluation.tasks.vr_bench.vlm_replies import official_moves, read_moves
from vidkit.evaluation.types import Mode, Row
from vidkit.mazes.boards.base import Board
from vidkit.mazes.state_file import read_state
from vidkit.mazes.types import MazeType

HEADLINES = (
    ("overall.values.success", "success", "success"),
    ("overall.values.em", "exact match", "em"),
    ("overall.values.pr", "way followed", "pr"),
)
_ILLEGAL = {MazeType.TRAPFIELD: "trap", MazeType.IRREGULAR: "road", MazeType.MAZE3D: "cubes"}


@dataclass(frozen=True)
class VlmSettings:
    """What can be set for VR-Bench alone, where a model is asked."""

    beside: tuple[str, ...] = ()  # results (--json) of other models, whose rows stand in one table


def score_options(settings: VlmSettings) -> dict[str, Any]:
    """Options of `score`."""
    return {"beside": tuple(settings.beside)}


def score(
    rows: Sequence[Row],
    mode: Mode | str = Mode.ROBUST,
    *,
    resamples: int = 10_000,
    seed: int = 42,
    beside: Sequence[str] = (),
) -> dict[str, Any]:
    """Carry every reply out and score it.

    Args:
        rows: of `rows_in`, with `prediction`.
        mode: official reads replies as the authors' script does, and leaves nothing out.
        resamples: of the bootstrap.
        seed: of the bootstrap.
        beside: results of other models.

    Returns:
        Values and intervals over all levels, by type, difficulty and size; `items`, `tables`, `warnings`.
    """
    attempts = [attempt_of(row, Mode(mode)) for row in rows]
    groups = Groups(attempts, resamples, seed)
    tables = groups.tables()
    rules = Counter(one["rule"] or "not read" for one in attempts)
    unread = sum(one["failure"] in ("unread", "unanswered") for one in attempts)
    result: dict[str, Any] = {
        "benchmark": "vr-bench",
        "kind": "replies",
        "mode": str(Mode(mode)),
        **groups.as_dict(),
        "bootstrap": {"resamples": resamples, "seed": seed, "unit": "level"},
        "counts": {"items": len(attempts), "unread": unread, "rules": dict(rules)},
        "items": attempts,
        "tables": tables,
        "warnings": groups.warnings(),
    }
    result["intervals"] = result["overall"]["intervals"]
    if beside:
        tables.insert(0, asdict(table_with({**result, "model": "this model"}, beside)))
    return result


def comparable(rows: Sequence[Row], mode: Mode) -> Comparable:
    """What a paired comparison of two runs needs."""
    from vidkit.evaluation.tasks.vr_bench.comparing import comparable_attempts

    attempts = [attempt_of(row, mode) for row in rows]
    unread = sum(one["failure"] in ("unread", "unanswered") for one in attempts)
    found = comparable_attempts(attempts, as_authors=mode is Mode.OFFICIAL)
    return replace(found, unread=str(unread) if unread else "")


def attempt_of(row: Row, mode: Mode) -> dict[str, Any]:
    """One reply as a row of `summary`."""
    board, kind = _board(str(row["state"])), MazeType(row["type"])
    text = reply_text(row.get("prediction"))
    strict = official_moves(row.get("prediction"), kind)
    theirs = None if strict is None else execute(board, strict)
    ours, rule = theirs, "official" if theirs is not None else ""
    if mode is Mode.ROBUST:
        read = read_moves(text, kind)
        ours, rule = carried_out(board, read), read.rule
    failure, reason = _failure(ours, kind, bool(text))
    return {
        "id": row["id"],
        "level": row["id"],
        "type": str(kind),
        "skin": row["skin"],
        "difficulty": row["difficulty"],
        "cells": size_of(board),
        "sample": "0",
        "failure": failure,
        "reason": reason,
        "rule": rule,
        "robust": _figures(ours),
        "official": _official(theirs),
    }


@lru_cache(maxsize=4096)
def _board(state: str) -> Board:
    return read_state(Path(state))


def _figures(done: Executed | None) -> dict[str, Any]:
    if done is None:
        nothing = {"success": 0.0, "em": 0.0, "sr_end": 0.0, "legal": None, "pr": 0.0, "sd": None}
        return {**nothing, "mf": None, "tracked_ratio": None}
    return {
        "success": float(done.won),
        "em": float(done.exact),
        "sr_end": float(done.won),
        "legal": float(done.stopped is None),
        "pr": done.followed / max(done.optimal, 1),
        "sd": done.legal / max(done.optimal, 1) - 1 if done.won else None,
        "mf": None,
        "tracked_ratio": None,
    }


def _official(done: Executed | None) -> dict[str, Any]:
    """The authors' figures: a reply that cannot be read has SD 0, which enters their mean."""
    if done is None:
        return {"sr": 0.0, "em": 0.0, "pr": 0.0, "sd": 0.0, "mf": None}
    sd = done.given / max(done.optimal, 1) - 1 if done.won else None
    pr = done.followed / max(done.optimal, 1)
    return {"sr": float(done.won), "em": float(done.exact), "pr": pr, "sd": sd, "mf": None}


def _failure(done: Executed | None, kind: MazeType, has_text: bool) -> tuple[str | None, str]:
    if done is None:
        if not has_text:
            return "unanswered", "there is no reply with text"
        return "unread", "no moves can be read in the reply"
    if done.won:
        return None, ""
    if done.stopped is not None:
        return _ILLEGAL.get(kind, "wall"), f"move {done.legal + 1} ({done.stopped[:40]}) cannot be made"
    return "goal", "the moves end before the goal"
