"""SocialOmni's records (arXiv 2603.16859, the authors' loader 0fab46a): ids, gold fields, times.

Ids of predictions: `l1/<id>` who, `l2/<video_id>/q1` when, `l2/<video_id>/q2` how,
`judge/<video_id>/<judge>` a judge's reply, `l2/<video_id>/stream` the streaming "when" (`tau_s`: second of
the first YES, null for none; `steps`: [t_s, yes] pairs, optional).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from vidkit.errors import DataError, doc_page
from vidkit.evaluation.option_list import options_by_place
from vidkit.evaluation.rows import text_id
from vidkit.evaluation.types import Row

WHO_LETTERS = "ABCD"
YES, NO = "A", "B"
_CLOCK = re.compile(r"(\d+):(\d+(?:[.,]\d+)?)(?::(\d+(?:[.,]\d+)?))?")


@dataclass(frozen=True, slots=True)
class Who:
    """A level-1 item: who is speaking."""

    id: str
    clip: str
    options: tuple[str, ...]
    gold: str
    consistent: bool
    row: Row


@dataclass(frozen=True, slots=True)
class When:
    """A level-2 item: should the person speak now, and what would be said."""

    id: str
    clip: str
    gold: str
    reference: str
    turn_entry_s: float | None
    row: Row
    judges: dict[str, Row] = field(default_factory=dict)


def is_level_2(row: Row) -> bool:
    return "question_1" in row


def who_id(row: Row) -> str:
    return f"l1/{text_id(row.get('id'))}"


def clip_id(row: Row) -> str:
    return text_id(row.get("video_id"))


def when_id(row: Row) -> str:
    return f"l2/{clip_id(row)}/q1"


def how_id(row: Row) -> str:
    return f"l2/{clip_id(row)}/q2"


def stream_id(row: Row) -> str:
    return f"l2/{clip_id(row)}/stream"


def record_id(row: Row, number: int = 0) -> str:
    """The id under which a record is unique, empty when it has none; its number says nothing."""
    if is_level_2(row):
        return f"l2/{clip_id(row)}" if clip_id(row) else ""
    return who_id(row) if text_id(row.get("id")) else ""


def check_record(row: Row, number: int) -> None:
    """Refuse a record without its gold fields.

    Raises:
        DataError: names the record and the field.
    """
    where = f"record {number}"
    if is_level_2(row):
        question = row["question_1"]
        if not isinstance(question, dict):
            raise DataError(
                f"{where}: question_1 is not an object", f"see {doc_page('eval.md')} for the columns"
            )
        _letter(where, "question_1.correct_answer", question.get("correct_answer"), YES + NO)
        if not clip_id(row):
            raise DataError(f"{where}: no 'video_id'", "every level-2 record names its clip")
        return
    if not text_id(row.get("id")):
        raise DataError(f"{where}: no 'id' and no 'question_1'", "neither a level-1 nor a level-2 record")
    _letter(where, "correct_answer", row.get("correct_answer"), WHO_LETTERS)
    consistency = _consistency(row)
    if consistency not in ("consistent", "inconsistent"):
        raise DataError(
            f"{where}: metadata.consistency is '{consistency}'", "known: consistent, inconsistent"
        )


def _letter(where: str, column: str, value: object, allowed: str) -> str:
    letter = str(value).strip().upper() if value is not None else ""
    if len(letter) != 1 or letter not in allowed:
        raise DataError(
            f"{where}: {column} '{value}' is not one of {', '.join(allowed)}", "check the data file"
        )
    return letter


def _consistency(row: Row) -> str:
    metadata = row.get("metadata")
    value = metadata.get("consistency") if isinstance(metadata, dict) else row.get("consistency")
    return str(value).strip().lower()


def option_texts(options: object) -> tuple[str, ...]:
    """Option texts by place, without their letters."""
    return options_by_place(options)


def who(row: Row) -> Who:
    return Who(
        who_id(row),
        str(row.get("video_path") or row.get("id")),
        option_texts(row.get("options")),
        str(row["correct_answer"]).strip().upper(),
        _consistency(row) == "consistent",
        row,
    )


def when(row: Row) -> When:
    reference = row.get("question_2")
    return When(
        f"l2/{clip_id(row)}",
        clip_id(row),
        str(row["question_1"]["correct_answer"]).strip().upper(),
        str(reference.get("answer") or "") if isinstance(reference, dict) else "",
        turn_entry(row),
        row,
        {str(judge): as_reply(reply) or {} for judge, reply in (row.get("judges") or {}).items()},
    )


def as_reply(reply: object) -> Row | None:
    """A reply row; a bare text is one, and no reply is None."""
    if isinstance(reply, dict):
        return reply
    return None if reply is None else {"prediction": reply}


def first_reply(row: Row) -> Row | None:
    """The reply to "when" of a level-2 record: under `q1`, or the record's own `prediction`."""
    if "q1" in row:
        return as_reply(row["q1"])
    return row if "prediction" in row else None


def turn_entry(row: Row) -> float | None:
    """Gold second at which the person starts to speak; not in the published fields."""
    value = row.get("turn_entry_s")
    if value is None:
        return None
    seconds = float(value) if isinstance(value, (int, float, str)) and _is_number(value) else math.nan
    if not math.isfinite(seconds) or seconds < 0:
        raise DataError(f"{record_id(row)}: turn_entry_s '{value}' is not a time in seconds", "give a number")
    return seconds


def _is_number(value: object) -> bool:
    try:
        float(str(value))
    except ValueError:
        return False
    return True


def parse_timestamp(value: object) -> tuple[float, str]:
    """Seconds of a time stamp, and a warning or "".

    `x:y:z` is read with its MIDDLE field as seconds, as the authors do ("00:17:00" is 17 s); `m:s` is
    minutes and seconds, "1:05.5" too; bare numbers are seconds; anything else is 0.
    """
    text = text_id(value)
    if _is_number(text) and math.isfinite(float(text)):
        return float(text), ""
    match = _CLOCK.fullmatch(text)
    if match is None:
        return 0.0, f"timestamp '{value}' is not a time and is read as 0 s"
    first, second, third = (part and part.replace(",", ".") for part in match.groups())
    if third is None:
        return int(first) * 60.0 + float(second), ""
    note = f"timestamp '{value}' is read as {second} s; its last field is not 0" if float(third) else ""
    return float(second), note


def attach(rows: Iterable[Row], replies: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Put replies on their records: `prediction`; on level 2 `q1`, `q2`, `stream` and `judges`."""
    judged: dict[str, dict[str, Row]] = {}
    for name, reply in replies.items():
        if name.startswith("judge/"):
            clip, _, judge = name.removeprefix("judge/").rpartition("/")
            judged.setdefault(clip, {})[judge] = reply
    out = []
    for row in rows:
        if is_level_2(row):
            found = {"q1": when_id(row), "q2": how_id(row), "stream": stream_id(row)}
            parts = {key: replies[name] for key, name in found.items() if name in replies}
            out.append({**row, **parts, "judges": judged.get(clip_id(row), {})})
        else:
            reply = replies.get(who_id(row), {})
            out.append(
                {**row, **{k: reply[k] for k in ("prediction", "error", "finish_reason") if k in reply}}
            )
    return out


def known_ids(rows: Sequence[Row], replies: Iterable[str]) -> set[str]:
    """Every id that a prediction for these records may have; judges are free names."""
    clips = {clip_id(row) for row in rows if is_level_2(row)}
    known = {who_id(row) for row in rows if not is_level_2(row)}
    known |= {f"l2/{clip}/{part}" for clip in clips for part in ("q1", "q2", "stream")}
    known |= {name for name in replies if name.startswith("judge/") and name[6:].rpartition("/")[0] in clips}
    return known


def replies_on(row: Row) -> list[Any]:
    """All replies that a record carries."""
    return [row, *(row.get(part) for part in ("q1", "q2", "stream"))]


def chosen_on(rows: Sequence[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Where replies that choose an option stand: on level 2 under `q1`, on level 1 on the record."""
    for row in rows:
        if is_level_2(row):
            first = row.get("q1")
            if isinstance(first, dict):
                yield when_id(row), first
        elif "correct_answer" in row:
            yield who_id(row), row
