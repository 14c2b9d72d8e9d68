"""What can be wrong with a trace: codes, their severity, and one finding with its place."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from vidkit.errors import DataError


class Severity(StrEnum):
    ERROR = "error"  # what was asked for is skipped; ends a strict run
    WARNING = "warning"
    INFO = "info"


class Code(NamedTuple):
    severity: Severity
    meaning: str


_E, _W, _I = Severity
CODES = {
    "V101": Code(_W, "highlighted code line out of range; not highlighted"),
    "V102": Code(_E, "an operation without its parameters, or with wrong ones; skipped"),
    "V103": Code(_W, "operations listed without groups; read as one group"),
    "V104": Code(_I, "a field that the format does not have; kept and ignored"),
    "V105": Code(_W, "svl_version is a number; read as text"),
    "V106": Code(_I, "another name for a view or data type; read as the usual one"),
    "V107": Code(_W, "a field that is not allowed there; ignored"),
    "V110": Code(_E, "an object with the same key twice; the file is refused"),
    "V201": Code(_W, "the initial state is already the final one"),
    "V202": Code(_W, "a header row inside the data, beside column headers"),
    "V301": Code(_I, "an undirected edge named backwards; applied"),
    "V302": Code(_E, "no view of that name"),
    "V303": Code(_E, "an id, edge, index or view that already exists"),
    "V304": Code(_E, "the target is missing"),
    "V305": Code(_E, "a tree would have a cycle"),
    "V306": Code(_E, "index out of range"),
    "V307": Code(_W, "the tree's root is missing or unknown; the first node without a parent is taken"),
    "V308": Code(_W, "ids of different types; compared as text"),
    "V309": Code(_W, "rows of different lengths; filled up with empty cells"),
    "V310": Code(_E, "unknown operation"),
    "V311": Code(_W, "unknown style; applied, drawn with the default"),
    "V312": Code(_E, "the operation does not fit the type of the view"),
    "V401": Code(_I, "ends before its work is done"),
    "V501": Code(_I, "too large to draw whole; a window is shown"),
}


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding.

    Args:
        code: key of `CODES`.
        message: what, with the value.
        hint: what to do about it; may be empty.
        severity: of this finding; of the code, unless an extension is merely not known.
        delta: index of the delta from 0; None: the header or the initial frame.
        group: index of the group in the delta; None: the delta itself.
        op: index of the operation in its group.
    """

    code: str
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR
    delta: int | None = None
    group: int | None = None
    op: int | None = None

    @property
    def pointer(self) -> str:
        """JSON pointer (RFC 6901) of what the finding is about."""
        if self.delta is None:
            return "/initial_frame"
        inner = "" if self.group is None else f"/operations/{self.group}/{self.op}"
        return f"/deltas/{self.delta}{inner}"

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.code} {self.severity} {self.pointer}: {self.message}{hint}"

    def as_dict(self) -> dict[str, object]:
        """As JSON shows it."""
        return {
            "code": self.code,
            "severity": str(self.severity),
            "pointer": self.pointer,
            "message": self.message,
            "hint": self.hint,
            "delta": self.delta,
            "group": self.group,
            "op": self.op,
        }


class StrictError(DataError):
    """A trace with an error, read strictly."""

    def __init__(self, where: str, found: Diagnostic) -> None:
        message = f"{where} {found.pointer}: {found.code}: {found.message}"
        super().__init__(
            message, found.hint or f"{CODES[found.code].meaning}; without --strict it is skipped"
        )
        self.exit_code = 3
        self.diagnostic = found


class Refusal(Exception):  # noqa: N818 - an operation refused is no error of the program
    """Why an operation is skipped as a whole; caught by the replay engine.

    Args:
        code: key of `CODES`.
        message: what, with the value.
        hint: what to do.
    """

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint
