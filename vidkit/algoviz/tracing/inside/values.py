"""Values of the script as JSON: scalars as they are, containers and objects by number.

Forms: a scalar; {"s": text} for what is shown as text; {"t": [...]} a tuple; {"r": number} a reference to an
object of the heap. No method of the script's own classes is called.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import fractions
import math
import types
from collections.abc import Callable
from typing import Any

LONGEST_TEXT = 2000
LARGEST_INT = 10**15
_SKIPPED = (
    types.ModuleType,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.GeneratorType,
    types.CodeType,
    type,
)
_OF_CODE = ("typing", "__future__", "functools")
_AS_TEXT = (decimal.Decimal, fractions.Fraction, datetime.date, datetime.timedelta, complex, range, bytes)


def is_data(value: object) -> bool:
    """Whether a value is data rather than code: no module, function, class, generator."""
    return not isinstance(value, _SKIPPED) and type(value).__module__ not in _OF_CODE


def number(value: int | float) -> Any:
    """A number as JSON has it, or as text."""
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        return {"s": "NaN" if math.isnan(value) else "∞" if value > 0 else "-∞"}
    if -LARGEST_INT < value < LARGEST_INT:
        return int(value)
    digits = value.bit_length() * 0.30103
    return {"s": str(value) if digits < 60 else f"about 10^{int(digits)}"}


def encode(value: object, refer: Callable[[object], int | None], depth: int = 0) -> Any:
    """A value as JSON.

    Args:
        value: of the script.
        refer: number of an object of the heap, None for what is none.
        depth: of tuples round it.
    """
    kind = type(value)
    if value is None or kind is bool:
        return value
    if isinstance(value, enum.Enum):
        return {"s": value.name}
    if kind is int or kind is float:
        return number(value)  # type: ignore[arg-type]
    if isinstance(value, str):
        text = str.__str__(value)
        return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…"
    if isinstance(value, tuple):
        if depth > 3:
            return {"s": "(…)"}
        return {"t": [encode(item, refer, depth + 1) for item in tuple.__iter__(value)][:200]}
    if isinstance(value, frozenset):
        return (
            {"s": "{" + ", ".join(sorted(map(repr, value)))[:80] + "}"}
            if plain(value)
            else {"s": "frozenset"}
        )
    found = refer(value)
    if found is not None:
        return {"r": found}
    if isinstance(value, _AS_TEXT):
        return {"s": str(value)[:80]}
    if kind.__module__ == "numpy" and getattr(value, "ndim", None) == 0:
        return encode(value.item(), refer, depth)  # type: ignore[attr-defined]
    return {"s": f"<{kind.__name__}>"}


def plain(values: frozenset[object]) -> bool:
    """Whether all are of kinds whose text is known to be harmless."""
    return all(type(value) in (int, float, str, bool, type(None), tuple) for value in values)
