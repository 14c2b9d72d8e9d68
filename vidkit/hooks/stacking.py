"""Which of our attention processors lies over which: a cache of single tokens is always the outermost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def put_under_cache(attention: Any, make: Callable[[Any], Any]) -> None:
    """Put a processor on an attention module, beneath one that computes single tokens.

    Args:
        attention: module with `processor` and `set_processor`.
        make: a processor around the one it replaces.
    """
    outer = attention.processor
    if getattr(outer, "is_outermost", False):
        outer.original = make(outer.original)
    else:
        attention.set_processor(make(outer))


def take_from_under_cache(attention: Any, kind: type[Any]) -> None:
    """Take a processor of a kind off again, wherever it lies; what it replaced comes back."""
    found = attention.processor
    if isinstance(found, kind):
        attention.set_processor(found.original)
    elif getattr(found, "is_outermost", False) and isinstance(found.original, kind):
        found.original = found.original.original
