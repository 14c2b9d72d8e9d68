"""Which trailing words are positional values (a prompt, a path) and which are settings."""

from __future__ import annotations

from collections.abc import Sequence

from vidkit.config.keys import Key
from vidkit.config.overrides import is_override
from vidkit.errors import ConfigError


def sort_words(
    words: Sequence[str], after_dashes: Sequence[str], positional: Sequence[str], keys: dict[str, Key]
) -> tuple[dict[str, str], list[str]]:
    """Split the words of a command line.

    Args:
        words: trailing words as typed.
        after_dashes: words after `--`, which are never settings.
        positional: names of the settings that bare words fill, in order: `("prompt",)`.
        keys: the settings of the command.

    Returns:
        Positional values by name, and the `KEY=VALUE` words.

    Raises:
        ConfigError: a key without a value, or more bare words than there are places.
    """
    overrides = [word for word in words if is_override(word)]
    bare = [word for word in words if not is_override(word)]
    for word in bare:
        if word in keys:
            raise ConfigError(f"'{word}' has no value", _missing_value_hint(word, positional))
    bare += after_dashes
    if len(bare) > len(positional):
        raise ConfigError(_too_many(bare, positional), _too_many_hint(bare, positional))
    return dict(zip(positional, bare, strict=False)), overrides


def _missing_value_hint(word: str, positional: Sequence[str]) -> str:
    hint = f"write {word}=VALUE"
    return f"{hint}; if it is the {positional[0]}, write {positional[0]}={word}" if positional else hint


def _too_many(bare: Sequence[str], positional: Sequence[str]) -> str:
    if len(positional) == 1:
        return f"more than one {positional[0]}: " + ", ".join(f"'{word}'" for word in bare)
    return f"'{bare[len(positional)]}' is not of the form KEY=VALUE"


def _too_many_hint(bare: Sequence[str], positional: Sequence[str]) -> str:
    if positional:
        return f"put a {positional[0]} of several words in quotes; settings are KEY=VALUE without spaces"
    return "write a setting as steps=20, without spaces"
