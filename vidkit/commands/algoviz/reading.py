"""What the subcommands share: telling a trace and its findings in few lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from vidkit.algoviz.scene.values import one_line
from vidkit.algoviz.vta.diagnostics import CODES, Diagnostic, Severity
from vidkit.algoviz.vta.trace import Trace
from vidkit.utils.plain import counted

_LONGEST_NAME = 80
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
    name = one_line(trace.name, _LONGEST_NAME) or "no name"
    return f"{name}: {first.main.kind}{aux}, {counted(len(trace), 'step')}"
