"""Writing a trace to a file or standard output."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vidkit.algoviz.vta.json_lines import is_lines, text_of_lines
from vidkit.algoviz.vta.trace import Trace
from vidkit.utils.files import write_text_atomic
from vidkit.utils.ownership import check_free


@dataclass(frozen=True)
class Made:
    """What was written.

    Args:
        output: the file; None: standard output.
        steps: number of deltas.
        hash: SHA-256 of the canonical JSON.
    """

    output: str | None
    steps: int
    hash: str


def write_trace(trace: Trace, output: str | None, force: bool, inputs: Sequence[Path] = ()) -> Made:
    """Write a trace to a file, or to standard output where there is none.

    Args:
        trace: to be written.
        output: the file; None or `-`: standard output.
        force: overwrite a file, but never an input.
        inputs: files that were read.

    Raises:
        OutputError: something lies there already and `force` is not given, or it cannot be written.
    """
    made = Made(output, len(trace), trace.hash())
    lines = output is not None and is_lines(output)
    made_text = "".join(text_of_lines(trace.as_dict())) if lines else trace_text(trace)
    text = made_text.encode("utf-8", "backslashreplace").decode()
    if output is None or output == "-":
        print(text, end="")
        return made
    path = Path(output)
    check_free(path, inputs, force)
    write_text_atomic(path, text)
    return made


def is_trace_file(output: str) -> bool:
    """Whether an output is a trace: standard output, or a file of JSON or JSON lines."""
    return output == "-" or output.lower().endswith(".json") or is_lines(output)


def trace_text(trace: Trace) -> str:
    """A trace as a file holds it: a delta on a line, so that two files can be compared by lines."""
    whole = trace.as_dict()
    deltas = whole.pop("deltas")
    head = json.dumps(whole, ensure_ascii=False, indent=1)[:-2]
    lines = ",\n  ".join(json.dumps(delta, ensure_ascii=False) for delta in deltas)
    body = f"[\n  {lines}\n ]" if deltas else "[]"
    return f'{head},\n "deltas": {body}\n}}\n'
