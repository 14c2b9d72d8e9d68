"""What is right of a faulty trace: everything before the first step that is wrong, labelled as incomplete."""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import Any

from vidkit.algoviz.vta.trace import Trace, parse, trace_of
from vidkit.errors import DataError
from vidkit.utils import json_depth

_DELTAS = re.compile(r'"deltas"\s*:\s*\[')
_PLACE = re.compile(r"/deltas/(\d+)")
_TRIED = 8  # places that may begin the steps; each costs a reading of all before it
INCOMPLETE = "x-incomplete"


def kept_text(text: str) -> dict[str, Any] | None:
    """The JSON value of a text that ends early or is broken somewhere in its steps; the whole steps before.

    Returns:
        None: there is no whole initial frame.
    """
    for match in islice(_DELTAS.finditer(text), _TRIED):
        try:
            head = json_depth.loads(text[: match.end()] + "]}")
        except (ValueError, RecursionError):
            continue
        deltas, place, decoder = [], match.end(), json.JSONDecoder()
        while True:
            while place < len(text) and text[place] in " \t\r\n,":
                place += 1
            try:
                delta, place = decoder.raw_decode(text, place)
            except (ValueError, RecursionError):
                break
            deltas.append(delta)
        return {**head, "deltas": deltas} if isinstance(head, dict) else None
    return None


def up_to_fault(raw: dict[str, Any], where: str = "trace") -> Trace | None:
    """The trace as far as it can be read and applied.

    Args:
        raw: JSON value of a trace; its deltas are cut at the first one that cannot be read or applied.
        where: for messages.

    Returns:
        None: nothing of it can be read.
    """
    deltas = raw.get("deltas")
    deltas = deltas if isinstance(deltas, list) else []
    while True:
        try:
            # through text: a value from elsewhere may be too deep, or hold numbers that JSON lacks
            trace = parse(json.dumps({**raw, "deltas": deltas}), where)
        except (DataError, ValueError, RecursionError) as error:
            found = _PLACE.search(str(error))
            if found is None or int(found[1]) >= len(deltas):
                return None
            deltas = deltas[: int(found[1])]
            continue
        faulty = [one.delta for one in trace.errors if one.delta is not None]
        if any(one.delta is None for one in trace.errors):
            return None
        if not faulty:
            return trace
        deltas = deltas[: min(faulty)]


def labelled(trace: Trace, of: int | None, reason: str, wrong_answer: bool = False) -> Trace:
    """The trace with a last step that says why there is no more, and a name that says so too.

    Args:
        trace: what is right.
        of: steps that there were; None: not known.
        reason: in a sentence.
        wrong_answer: nothing is missing, but it comes to a wrong answer.
    """
    raw = trace.as_dict()
    kept = len(trace)
    text = reason if wrong_answer else f"Incomplete after step {kept}: {reason}"
    note = {"op": "x-note", "params": {"text": text, "severity": "error"}}
    name = trace.name or "Trace"
    head = dict(raw.get("algorithm") or {})
    head["name"] = f"{name} ({'wrong answer' if wrong_answer else 'incomplete'})"
    raw["algorithm"] = head
    raw["deltas"] = [*raw["deltas"], {"code_highlight": None, "operations": [[note]]}]
    raw[INCOMPLETE] = {"kept": kept, "of": of, "reason": reason}
    return trace_of(raw, trace.where)
