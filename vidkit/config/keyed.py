"""The error of a composed value that does not fit; its key says where to look it up."""

from __future__ import annotations

from vidkit.errors import ConfigError


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
