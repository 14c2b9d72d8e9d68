"""Which trailing words are positional values (a prompt, a path) and which are settings."""

from __future__ import annotations

import os
from collections.abc import Sequence

from vidkit.config.home import TEXTS
from vidkit.config.keys import Key, owner_of_free_key
from vidkit.config.overrides import is_override, parse_override, unknown_key
from vidkit.errors import ConfigError

_PATHS = ("video", "task")  # positional values that may be a file
_LONGEST = 131_072  # characters of a setting; Linux passes no longer word to a program


def sort_words(
    words: Sequence[str],
    after_dashes: Sequence[str],
    positional: Sequence[str],
    keys: dict[str, Key],
    command: str = "",
) -> tuple[dict[str, str], list[str]]:
    """Split the words of a command line.

    A word of the form `KEY=VALUE` is a setting, unless nothing is called so and a file is: `id=12/clip.mp4`.

    Args:
        words: trailing words as typed.
        after_dashes: words after `--`, which are never settings.
        positional: names of the settings that bare words fill, in order: `("prompt",)`.
        keys: the settings of the command.
        command: its name, for messages.

    Returns:
        Positional values by name, and the `KEY=VALUE` words.

    Raises:
        ConfigError: a key without a value, one that nothing is called, or more bare words than places.
    """
    takes_files = any(name in _PATHS for name in positional)
    overrides: list[str] = []
    bare: list[str] = []
    for word in words:
        is_file = takes_files and _exists(word)
        if not is_override(word) or (is_file and not _is_known(word, keys)):
            if word in keys and not is_file:
                raise ConfigError(f"'{word}' has no value", _missing_value_hint(word, positional, len(bare)))
            bare.append(word)
        elif positional and not _is_known(word, keys):
            raise _unknown(word, command, keys, positional[min(len(bare), len(positional) - 1)])
        else:
            _check_length(word)
            overrides.append(word)
    bare += after_dashes
    if len(bare) > len(positional):
        raise ConfigError(_too_many(bare, positional), _too_many_hint(bare, positional))
    return dict(zip(positional, bare, strict=False)), overrides


def _check_length(word: str) -> None:
    """Refuse an endless setting, before it is parsed; a text such as a prompt may have any length."""
    if len(word) > _LONGEST and parse_override(word).key.rpartition(".")[2] not in TEXTS:
        raise ConfigError(
            f"a setting of {len(word):,} characters, of which {_LONGEST:,} can be read: {word[:40]}...",
            "shorten it: no setting but a prompt needs that much",
        )


def _exists(word: str) -> bool:
    try:
        return os.path.exists(word)
    except (OSError, ValueError):
        return False


def _is_known(word: str, keys: dict[str, Key]) -> bool:
    name = parse_override(word).key
    return name in keys or name.split("/")[0] in keys or owner_of_free_key(name, keys) is not None


def _unknown(word: str, command: str, keys: dict[str, Key], place: str) -> ConfigError:
    """An unknown setting that may have been meant as a value of `place`."""
    name = parse_override(word).key
    error = unknown_key(name, command, keys)
    if name.partition(".")[0] in keys:
        return error  # a setting of a section, whatever its name: no prompt begins like that
    way = f"write ./{word}" if place in _PATHS else f"put it after --: vidkit {command} ... -- '{word}'"
    meant = f"if '{word}' is the {place}, {way}"
    near, _, listed = error.hint.partition("? ")
    return ConfigError(error.message, f"{near}? {meant}; {listed}" if listed else f"{meant}; {error.hint}")


def _missing_value_hint(word: str, positional: Sequence[str], place: int) -> str:
    hint = f"write {word}=VALUE"
    if not positional:
        return hint
    name = positional[min(place, len(positional) - 1)]
    if word == name:
        return f"{hint}; if '{word}' itself is the {name}, put it after --"
    return f"{hint}; if it is the {name}, write {name}={word}"


def _too_many(bare: Sequence[str], positional: Sequence[str]) -> str:
    if len(positional) == 1:
        return f"more than one {positional[0]}: " + ", ".join(f"'{word}'" for word in bare)
    return f"'{bare[len(positional)]}' is not of the form KEY=VALUE"


def _too_many_hint(bare: Sequence[str], positional: Sequence[str]) -> str:
    if positional:
        return f"put a {positional[0]} of several words in quotes; settings are KEY=VALUE without spaces"
    return "write a setting as steps=20, without spaces"
