"""What is wrong with a tracker, as a person and a model are told it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

STAGES = ("reply", "static", "run", "trace", "replay", "answer", "drawing")
"""What a tracker goes through, in order."""
MOST_TOLD = 10
MOST_CHARACTERS = 2000


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Args:
        stage: one of STAGES.
        message: what, with the value.
        hint: what to do.
        code: of a diagnostic of the trace, "V306"; else empty.
        place: JSON pointer or line.
        is_error: whether it has to be corrected; the rest is told along.
    """

    stage: str
    message: str
    hint: str = ""
    code: str = ""
    place: str = ""
    is_error: bool = True

    def __str__(self) -> str:
        parts = (self.code, self.place, self.message)
        return f"[{self.stage}] " + " ".join(filter(None, parts)) + (f" ({self.hint})" if self.hint else "")

    def as_dict(self) -> dict[str, object]:
        return {
            "stage": self.stage,
            "code": self.code,
            "place": self.place,
            "message": self.message,
            "hint": self.hint,
            "is_error": self.is_error,
        }


def told(findings: Sequence[Finding]) -> str:
    """At most 10 findings in at most 2,000 characters, those that must be corrected first."""
    ordered = sorted(findings, key=lambda one: not one.is_error)
    lines, length = [], 0
    for finding in ordered[:MOST_TOLD]:
        line = f"- {' '.join(str(finding).split())}"
        line = line if len(line) <= 500 else line[:499] + "…"
        if length + len(line) > MOST_CHARACTERS:
            break
        lines.append(line)
        length += len(line) + 1
    if len(findings) > len(lines):
        lines.append(f"- and {len(findings) - len(lines)} more")
    return "\n".join(lines)


def fingerprint(findings: Sequence[Finding]) -> str:
    """Equal for attempts that fail alike."""
    errors = [(one.stage, one.code, one.place, one.message) for one in findings if one.is_error]
    return hashlib.sha256(repr(errors).encode("utf-8", "surrogatepass")).hexdigest()
