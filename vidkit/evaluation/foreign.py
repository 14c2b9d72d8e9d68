"""Predictions as other programs write them: lmms-eval's samples, VLMEvalKit's tables, the authors' own.

They carry the whole question, gold answer included, so they are known by their form and only the reply is
taken. Facts of the forms: the programs' own files (lmms-eval 75571cf).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from vidkit.evaluation.rows import text_id
from vidkit.evaluation.types import Row

_NO_REPLY = "Failed to obtain answer via API"  # VLMEvalKit's words where a call failed


def unfolded(
    row: Row,
    id_of_document: Callable[[Row], str] | None,
    own: Callable[[Row], Iterator[Row] | None] | None = None,
) -> Iterator[Row]:
    """The predictions that a row of any known form holds; a row of our own form is one.

    Args:
        row: as it lies in the file.
        id_of_document: id of a data row; without it lmms-eval's samples are not known.
        own: the predictions in a row of the benchmark's own program, see `Benchmark.foreign`.
    """
    if id_of_document is not None and isinstance(row.get("doc"), dict) and "filtered_resps" in row:
        yield _of_lmms_eval(row, id_of_document)
    elif own is not None and (found := own(row)) is not None:
        yield from found
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
