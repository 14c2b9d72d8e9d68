"""What the subcommands share: reading a trace, telling findings in few lines, writing a trace."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from vidkit.algoviz.vta.diagnostics import CODES, Diagnostic, Severity
from vidkit.algoviz.vta.trace import Trace
from vidkit.errors import OutputError
from vidkit.utils.files import write_text_atomic

_SHOWN = 5  # findings of a code that are told one by one


def count(found: Sequence[Diagnostic]) -> str:
    """`1 error, 72 warnings`, or `nothing found`."""
    by_kind = Counter(diagnostic.severity for diagnostic in found)
    names = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
    told = [f"{n} {names[kind]}{'s' if n > 1 else ''}" for kind in names if (n := by_kind[kind])]
    return ", ".join(told) or "nothing found"


def finding_lines(found: Sequence[Diagnostic], all_of_them: bool) -> list[str]:
    """Findings as lines: of each code the first few, then how many more there are."""
    lines = []
    by_code: dict[str, list[Diagnostic]] = {}
    for diagnostic in found:
        by_code.setdefault(diagnostic.code, []).append(diagnostic)
    for code, group in by_code.items():
        shown = group if all_of_them else group[:_SHOWN]
        lines += [f"  {diagnostic}" for diagnostic in shown]
        if len(group) > len(shown):
            lines.append(f"  {code} ... and {len(group) - len(shown)} more (--all): {CODES[code].meaning}")
    return lines


def summary(trace: Trace) -> str:
    """A trace in a line: name, type, views and steps."""
    first = trace.state(0)
    views = len(first.aux)
    aux = f", {views} auxiliary view{'s' if views != 1 else ''}" if views else ""
    return f"{trace.name or 'no name'}: {first.main.kind}{aux}, {len(trace)} steps"


def trace_text(trace: Trace) -> str:
    """A trace as a file holds it: a delta on a line, so that two files can be compared by lines."""
    whole = trace.as_dict()
    deltas = whole.pop("deltas")
    head = json.dumps(whole, ensure_ascii=False, indent=1)[:-2]
    lines = ",\n  ".join(json.dumps(delta, ensure_ascii=False) for delta in deltas)
    body = f"[\n  {lines}\n ]" if deltas else "[]"
    return f'{head},\n "deltas": {body}\n}}\n'


def write_trace(trace: Trace, output: str | None, force: bool) -> None:
    """Write a trace to a file, or to standard output where there is none.

    Raises:
        OutputError: the file is there already and `force` is not given, or it cannot be written.
    """
    text = trace_text(trace).encode("utf-8", "backslashreplace").decode()
    if output is None or output == "-":
        print(text, end="")
        return
    path = Path(output)
    if path.exists() and not force:
        raise OutputError(f"'{path}' is there already", "name another file, or overwrite it with --force")
    write_text_atomic(path, text)
