"""Any command's result as what JSON can hold."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from enum import Enum
from pathlib import Path


def plain(value: object) -> object:
    """Dataclasses become objects, enums their value, paths text, NaN and infinities null.

    A result may say itself what its JSON is, by a method `as_dict()`.

    Raises:
        TypeError: a type that has no obvious JSON form.
    """
    if value is None or (isinstance(value, bool | int | str) and not isinstance(value, Enum)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {str(plain(name)): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return _plain_object(value)


def _plain_object(value: object) -> object:
    own = getattr(value, "as_dict", None)
    if callable(own):
        return plain(own())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    for name in ("tolist", "item"):  # arrays and numbers of NumPy and torch
        convert = getattr(value, name, None)
        if callable(convert):
            return plain(convert())
    raise TypeError(f"a result of type {type(value).__name__} has no JSON form")
