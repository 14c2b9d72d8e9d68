"""The error of a composed value that does not fit; its key says where to look it up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vidkit.errors import ConfigError

LARGEST_TOLD = 10**40  # a seed that is told as it was given


class KeyedError(ConfigError):
    """A composed value that does not fit; knows the dotted key, so that its place can be looked up.

    Args:
        key: dotted name of the setting.
        message: what happened.
        hint: what to do.
        example: a word that would do, told where the value was typed and stands in no file.
    """

    def __init__(self, key: str, message: str, hint: str, example: str = "") -> None:
        super().__init__(message, hint)
        self.key = key
        self.example = example


def huge_number(key: str) -> KeyedError:
    """The error for a number that no setting takes: what is larger fits no float, tensor or file."""
    return KeyedError(key, f"the number of '{key}' is too large", "give one of at most 19 digits")


def refuse_huge(value: Any, key: str = "") -> None:
    """Refuse whole numbers of 2^64 and more in settings, at any depth. A seed has a check of its own.

    Raises:
        KeyedError: names the first.
    """
    if isinstance(value, Mapping):
        for name, inner in value.items():
            refuse_huge(inner, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list | tuple):
        for inner in value:
            refuse_huge(inner, key)
    elif isinstance(value, int) and abs(value) >= (LARGEST_TOLD if key.endswith("seed") else 2**64):
        raise huge_number(key)
