"""SocialOmni's own results: what the authors' program writes, known by its form (0fab46a)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vidkit.evaluation.rows import text_id
from vidkit.evaluation.types import Row

AUTHORS_JUDGE = "authors"
"""Name of the judge whose scores stand in the authors' results."""


def foreign(row: Row) -> Iterator[Row] | None:
    """The predictions in a row of the authors' results; None where it is no such row."""
    if "q1_response" in row and "video_id" in row:
        return _of_when(row)
    if "raw_response" in row and "is_correct" in row and "id" in row:
        return iter([_of_who(row)])
    return None


def _of_who(row: Row) -> dict[str, Any]:
    """A level-1 row: the raw reply, the letter where there is none, a reason where it was skipped."""
    name = f"l1/{text_id(row['id'])}"
    if row.get("scored") is False:
        reason = row.get("skip_error") or row.get("skip_reason") or "skipped"
        return {"id": name, "prediction": None, "error": str(reason)}
    return {"id": name, "prediction": row.get("raw_response") or row.get("prediction")}


def _of_when(row: Row) -> Iterator[dict[str, Any]]:
    """A level-2 row: the replies to both questions and the score of the authors' judge."""
    clip = text_id(row["video_id"])
    if row.get("error"):
        yield {"id": f"l2/{clip}/q1", "prediction": None, "error": str(row["error"])}
        return
    yield {"id": f"l2/{clip}/q1", "prediction": row.get("q1_response") or row.get("q1_prediction")}
    if not row.get("q2_response"):
        return
    yield {"id": f"l2/{clip}/q2", "prediction": row["q2_response"]}
    score = row.get("q2_score")
    # a score below zero says that nobody judged
    if isinstance(score, int | float) and not isinstance(score, bool) and score >= 0:
        yield {"id": f"judge/{clip}/{AUTHORS_JUDGE}", "prediction": f"{score:g}"}
