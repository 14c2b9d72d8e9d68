"""Predictions as other programs write them: lmms-eval's samples, VLMEvalKit's tables, SocialOmni's results.

They carry the whole question, gold answer included, so they are known by their form and only the reply is
taken. Facts of the forms: the programs' own files (lmms-eval 75571cf, SocialOmni 0fab46a).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from vidkit.evaluation.rows import text_id
from vidkit.evaluation.types import Row

_NO_REPLY = "Failed to obtain answer via API"  # VLMEvalKit's words where a call failed
AUTHORS_JUDGE = "authors"
"""Name of the judge whose scores stand in SocialOmni's own results."""


def unfolded(row: Row, id_of_document: Callable[[Row], str] | None) -> Iterator[Row]:
    """The predictions that a row of any known form holds; a row of our own form is one.

    Args:
        row: as it lies in the file.
        id_of_document: id of a data row; without it lmms-eval's samples are not known.
    """
    if id_of_document is not None and isinstance(row.get("doc"), dict) and "filtered_resps" in row:
        yield _of_lmms_eval(row, id_of_document)
    elif "q1_response" in row and "video_id" in row:
        yield from _of_social_omni_when(row)
    elif "raw_response" in row and "is_correct" in row and "id" in row:
        yield _of_social_omni_who(row)
    elif "index" in row and "prediction" in row and ("question" in row or "answer" in row):
        yield _of_vlmevalkit(row)
    else:
        yield row


def _of_lmms_eval(row: Row, id_of_document: Callable[[Row], str]) -> dict[str, Any]:
    """A line of `lmms_eval --log_samples`."""
    reply = row["filtered_resps"]
    while isinstance(reply, list):
        reply = reply[0] if reply else None
    return {"id": id_of_document(row["doc"]), "prediction": reply}


def _of_vlmevalkit(row: Row) -> dict[str, Any]:
    """A row of `MODEL_DATASET.xlsx` or `.tsv`; `index` is the id unless the data bring one."""
    name = text_id(row.get("question_id")) or text_id(row["index"])
    reply = row["prediction"]
    if isinstance(reply, str) and reply.startswith(_NO_REPLY):
        return {"id": name, "prediction": None, "error": reply}
    return {"id": name, "prediction": reply}


def _of_social_omni_who(row: Row) -> dict[str, Any]:
    """A level-1 row: the raw reply, the letter where there is none, a reason where it was skipped."""
    name = f"l1/{text_id(row['id'])}"
    if row.get("scored") is False:
        reason = row.get("skip_error") or row.get("skip_reason") or "skipped"
        return {"id": name, "prediction": None, "error": str(reason)}
    return {"id": name, "prediction": row.get("raw_response") or row.get("prediction")}


def _of_social_omni_when(row: Row) -> Iterator[dict[str, Any]]:
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
