"""What is said where nothing was answered: no score, for nothing answered is not zero, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from vidkit.errors import DataError, NothingAnswered
from vidkit.evaluation.answers import reply_text
from vidkit.evaluation.benchmark import Benchmark
from vidkit.evaluation.scoring import Joined
from vidkit.evaluation.types import Row, ScoreTable

_KEPT = frozenset({"bootstrap", "chance", "baselines", "counts", "agents", "items", "groups", "warnings"})
WORDS = "not answered"
_NO_TEXT = "every reply is missing or without text"


def is_answered(benchmark: Benchmark, rows: Sequence[Row]) -> bool:
    """Whether any row carries a reply with text."""
    return any(_has_text(reply) for row in rows for reply in benchmark.replies_on(row))


def check_answered(benchmark: Benchmark, joined: Joined) -> None:
    """Refuse to compare with a run that answered nothing: its zeros are no scores.

    Raises:
        DataError: names the file and the commonest reasons.
    """
    if is_answered(benchmark, joined.rows):
        return
    why = "; ".join(reasons_in(benchmark, joined.rows)) or _NO_TEXT
    raise DataError(
        f"no question of {joined.predictions['file']} was answered: {why}",
        "there is no score to compare: fix the reasons named above, and compare runs with replies",
    )


def _has_text(reply: Any) -> bool:
    text = reply.get("prediction") if isinstance(reply, Mapping) else reply
    return bool(reply_text(text))


def without_scores(result: Mapping[str, Any], reasons: Sequence[str]) -> dict[str, Any]:
    """The result of a benchmark with every score taken out, and one table that says so.

    Args:
        result: as scored.
        reasons: the commonest reasons with their counts.
    """
    bare = {name: value if name in _KEPT else _null(value) for name, value in result.items()}
    items = result.get("counts", {}).get("items")
    rows = [("score", WORDS), *([("items", items)] if items is not None else [])]
    rows += [("reason", reason) for reason in reasons]
    table = ScoreTable("answers", "Nothing was answered", ("", "value"), tuple(rows))
    return {**bare, "answered": False, "tables": [asdict(table)]}


def _null(value: Any) -> Any:
    if isinstance(value, float):
        return None
    if isinstance(value, Mapping):
        return {name: _null(inner) for name, inner in value.items()}
    return [_null(inner) for inner in value] if isinstance(value, list) else value


def reasons_in(benchmark: Benchmark, rows: Sequence[Row], most: int = 3) -> list[str]:
    """The commonest errors among replies, with their counts."""
    from vidkit.evaluation.running.summary import RunSummary

    found = RunSummary(folder=None, predictions=None)  # type: ignore[arg-type]
    for row in rows:
        for reply in benchmark.replies_on(row):
            if isinstance(reply, Mapping) and reply.get("error"):
                found.add_failure("", str(reply["error"]), "")
    return found.commonest_reasons(most)


def nothing_answered(result: dict[str, Any], reasons: Sequence[str], what: str) -> NothingAnswered:
    """The error that ends the command after its result was written."""
    why = "; ".join(reasons) or _NO_TEXT
    return NothingAnswered(
        f"no question of {what} was answered: {why}",
        "there is no score: fix the reasons named above and start again",
        result,
    )
