"""Collects findings while a trace is read and replayed, each with its place."""

from __future__ import annotations

from vidkit.algoviz.vta.diagnostics import CODES, Diagnostic, Severity


class Notes:
    """Findings in the order in which they are met.

    `delta`, `group` and `op` are the place that the next finding gets.
    """

    def __init__(self) -> None:
        self.found: list[Diagnostic] = []
        self.delta: int | None = None
        self.group: int | None = None
        self.op: int | None = None
        self._once: set[tuple[str, str]] = set()

    def add(self, code: str, message: str, hint: str = "", severity: Severity | None = None) -> None:
        """Note a finding at the present place."""
        kind = CODES[code].severity if severity is None else severity
        self.found.append(Diagnostic(code, message, hint, kind, self.delta, self.group, self.op))

    def once(
        self, code: str, subject: str, message: str, hint: str = "", severity: Severity | None = None
    ) -> None:
        """Note a finding unless there is one of this code about this subject."""
        if (code, subject) not in self._once:
            self._once.add((code, subject))
            self.add(code, message, hint, severity)
