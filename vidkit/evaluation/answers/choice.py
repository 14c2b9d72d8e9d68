"""What was read from a reply, and the names of the rules that read it."""

from __future__ import annotations

import math
from dataclasses import dataclass

PARSED_RULES = (
    "field", "declaration", "correction", "option_word", "statement", "verdict", "whole", "start",
    "last_line",
    "option_text", "remaining", "isolated", "yes_no", "judge",
)  # fmt: skip
FAILED_RULES = ("empty", "truncated", "ambiguous", "out_of_range", "refused", "unparsed")


@dataclass(frozen=True, slots=True)
class Choice:
    """What was read from a reply.

    Attributes:
        letter: the option's capital letter (`YES` or `NO` from `parse_yes_no`), None when nothing was read.
        rule: name of the rule that decided, or of the reason why none did.
    """

    letter: str | None
    rule: str


def reply_text(value: object) -> str:
    """A reply as stripped text; None and NaN are empty."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return str(value).strip()
