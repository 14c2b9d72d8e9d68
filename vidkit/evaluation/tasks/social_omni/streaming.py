"""Streaming "when": the three definitions of the paper, each under its own name. No published code exists.

They are mutually inconsistent, so none is called "the When score". Each needs the gold turn-entry time tau*
(`turn_entry_s`), which the published files do not have.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from vidkit.errors import DataError
from vidkit.evaluation.tasks.social_omni.records import When

DELTAS_S = (0.2, 0.5, 1.0)
_LABELS = ("Interrupted", "Perfect", "Delayed", "TooLate", "NoResponse")


def offset_label(tau_s: float | None, turn_entry_s: float) -> str:
    """Label of the first YES against the gold turn entry: d < -1, [-1, 2], (2, 5], > 5 seconds, or none."""
    if tau_s is None:
        return "NoResponse"
    d = _offset(tau_s, turn_entry_s)
    if d < -1:
        return "Interrupted"
    return "Perfect" if d <= 2 else "Delayed" if d <= 5 else "TooLate"


def _offset(tau_s: float, turn_entry_s: float) -> float:
    # 5.2 - 5 is a hair more than 0.2, and a bound belongs to its inside
    return round(tau_s - turn_entry_s, 6)


def streaming_scores(items: Sequence[When]) -> dict[str, Any] | None:
    """All three definitions over the level-2 items, in percent; None when none was streamed.

    A failed or missing streaming reply is a NoResponse and is counted in `without_reply`.

    Raises:
        DataError: a streamed item without `turn_entry_s`, or a `tau_s` that is not a time.
    """
    if not any(isinstance(item.row.get("stream"), dict) for item in items):
        return None
    pairs: list[tuple[float | None, float]] = []
    steps: list[tuple[bool, float]] = []
    without = 0
    for item in items:
        entry = item.turn_entry_s
        if entry is None:
            raise DataError(
                f"{item.id}: streaming replies need the column 'turn_entry_s'",
                "the published files have none; add the times, or drop the l2/.../stream replies",
            )
        reply = item.row.get("stream")
        if not isinstance(reply, dict) or "tau_s" not in reply:
            without += 1
            reply = {}
        tau = _time(item.id, reply.get("tau_s"))
        pairs.append((tau, entry))
        steps += [(bool(yes), _offset(entry, float(t))) for t, yes in reply.get("steps") or ()]
    return {
        "offsets": _offsets(pairs),
        "tolerance": {str(delta): _tolerance(steps, delta) for delta in DELTAS_S} if steps else None,
        "phases": {str(delta): _phases(pairs, delta) for delta in DELTAS_S},
        "items": len(pairs),
        "without_reply": without,
    }


def _time(name: str, value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise DataError(
            f"{name}: tau_s '{value}' is not a time in seconds", "a number, or null for no response"
        )
    return float(value)


def _offsets(pairs: Sequence[tuple[float | None, float]]) -> dict[str, float | None]:
    labels = [offset_label(tau, entry) for tau, entry in pairs]
    n = len(labels)
    share = {label: 100 * labels.count(label) / n for label in _LABELS}
    offsets = [_offset(tau, entry) for tau, entry in pairs if tau is not None]
    return {
        **share,
        "early": share["Interrupted"],
        "on_time": share["Perfect"],
        "late": share["Delayed"] + share["TooLate"] + share["NoResponse"],
        "mean_offset_s": sum(offsets) / len(offsets) if offsets else None,
    }


def _tolerance(steps: Sequence[tuple[bool, float]], delta: float) -> Mapping[str, float]:
    # a step is positive when the turn comes within the next delta seconds
    tp = sum(yes and 0 < ahead <= delta for yes, ahead in steps)
    said = sum(yes for yes, _ in steps)
    gold = sum(0 < ahead <= delta for _, ahead in steps)
    precision = 100 * tp / said if said else 0.0
    recall = 100 * tp / gold if gold else 0.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {"precision": precision, "recall": recall, "f1": f1, "steps": len(steps)}


def _phases(pairs: Sequence[tuple[float | None, float]], delta: float) -> dict[str, float | None]:
    offsets = [_offset(tau, entry) for tau, entry in pairs if tau is not None]
    responders = len(offsets)

    def share(hits: int) -> float | None:
        return 100 * hits / responders if responders else None

    return {
        "early": share(sum(d < -delta for d in offsets)),
        "on_time": share(sum(abs(d) <= delta for d in offsets)),
        "late": share(sum(d > delta for d in offsets)),
        "no_response": 100 * (1 - responders / len(pairs)) if pairs else None,
        "responders": responders,
    }
