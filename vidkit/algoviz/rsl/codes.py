"""What can be wrong with a style: codes, and one finding with its place."""

from __future__ import annotations

from dataclasses import dataclass

from vidkit.errors import DataError

# code: (whether it is an error, what it means)
CODES = {
    "R101": (True, "a field is missing"),
    "R102": (True, "a field that the grammar does not have"),
    "R103": (True, "a value out of its range, or of the wrong type"),
    "R104": (True, "a field that version 0.1 does not have"),
    "R105": (True, "no operation of that name"),
    "R201": (True, "the layout does not fit the main view"),
    "R202": (True, "a layout parameter without effect on this layout"),
    "R203": (True, "no view of that name at any step"),
    "R204": (True, "a step that the trace does not have"),
    "R205": (True, "an annotation that lacks what its type needs, or has what its type does not take"),
    "R206": (True, "an annotation at an element that is not there in its step"),
    "R207": (True, "a style that the trace does not use"),
    "R208": (False, "a rule that no operation of the trace meets"),
    "R209": (False, "a layout parameter of version 0.1 without effect on this layout; ignored"),
    "R301": (True, "contrast too small"),
    "R302": (False, "contrast too small; the nearest colour that suffices is taken"),
    "R303": (False, "a colour of the trace that cannot be read; the default is taken"),
}


@dataclass(frozen=True, slots=True)
class StyleFinding:
    """What is wrong with a style, or with the colours of a trace.

    Args:
        code: key of `CODES`.
        pointer: JSON pointer (RFC 6901) into the style, or into the trace.
        message: what, with the value.
        hint: what to do.
    """

    code: str
    pointer: str
    message: str
    hint: str = ""

    @property
    def is_error(self) -> bool:
        return CODES[self.code][0]

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.code} {'error' if self.is_error else 'warning'} {self.pointer}: {self.message}{hint}"

    def as_dict(self) -> dict[str, object]:
        """As JSON shows it."""
        return {
            "code": self.code,
            "severity": "error" if self.is_error else "warning",
            "pointer": self.pointer,
            "message": self.message,
            "hint": self.hint,
        }


class StyleError(DataError):
    """A style that is refused: its first error."""

    def __init__(self, where: str, found: StyleFinding) -> None:
        super().__init__(
            f"{where} {found.pointer or '/'}: {found.code}: {found.message}",
            found.hint or CODES[found.code][1],
        )
        self.finding = found
