"""`KEY=VALUE` words: which words are settings, and whether they can mean anything, before Hydra sees them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from vidkit.config.catalog import group_choices, group_names
from vidkit.config.home import TEXTS
from vidkit.config.keys import Key, listed_keys, method_fields, owner_of_free_key
from vidkit.config.method_words import MARK
from vidkit.config.methods import OURS, methods
from vidkit.config.naming import did_you_mean
from vidkit.errors import ConfigError
from vidkit.utils.plugins import is_file_spec
from vidkit.utils.strict_yaml import load_yaml

_OVERRIDE = re.compile(r"(?P<plus>\+{0,2})(?P<key>[A-Za-z_][\w.\-/]*)=(?P<value>.*)", re.DOTALL)
_PAIRS = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True)
class Override:
    """One `KEY=VALUE` word; `value` as typed."""

    key: str
    value: str

    @property
    def word(self) -> str:
        return f"{self.key}={self.value}"


def is_override(word: str) -> bool:
    """`steps=20` is a setting; `a=b in blue letters` is one too, `what is 1+1=2?` is not."""
    return _OVERRIDE.fullmatch(word) is not None


def parse_override(word: str) -> Override:
    """Split a word at its first `=`.

    Raises:
        ConfigError: there is no `=`, or what stands before it cannot be a key.
    """
    match = _OVERRIDE.fullmatch(word)
    if match is None:
        raise ConfigError(f"'{word}' is not of the form KEY=VALUE", "write a setting as steps=20")
    return Override(match["key"], match["value"])


def hydra_words(
    overrides: Sequence[Override], command: str, keys: dict[str, Key], config_dir: Path | None
) -> tuple[list[str], dict[str, Any]]:
    """What Hydra is to be given, and the texts that are set without its grammar.

    Returns:
        Words in Hydra's grammar, and a table of the rest by name: text settings, since a prompt may hold
        commas, brackets and quotes, and settings that Hydra would take for a group.

    Raises:
        ConfigError: unknown key or choice, unbalanced brackets, several values for one setting.
    """
    groups = group_names(config_dir)
    words: list[str] = []
    texts: dict[str, Any] = {}
    for override in overrides:
        key = keys.get(override.key)
        section = keys.get(override.key.split("/")[0])
        if override.key in groups and section is not None and section.is_section:
            words.append(_chosen(override, section, config_dir))
        elif key is not None and key.is_text:
            if not override.value and key.optional and key.name.rpartition(".")[2] not in TEXTS:
                raise _without_value(override, key)
            texts[override.key] = _text(override.value, key)
        elif key is not None and key.holds_texts and override.value[:1] not in ("[", "", "'", '"'):
            # one text alone; a file's name may hold what Hydra's grammar reads as more
            texts[override.key] = None if override.value == "null" else [override.value]
        elif key is not None and key.methods and "." not in key.name:
            texts[override.key] = _parsed(_checked(override, key).partition("=")[2])
        elif key is not None and not key.is_section and override.key in groups:
            # named as another command's group (`frames`): Hydra would look for a config of that name
            texts[override.key] = _parsed(_checked(override, key).partition("=")[2])
        elif key is not None and not key.is_section:
            # a mapping gets keys that its default does not have
            words.append(("++" if key.is_free or key.methods else "") + _checked(override, key))
        elif owner_of_free_key(override.key, keys) is not None:
            words.append("++" + _checked(override, None))
        else:
            raise unknown_key(override.key, command, keys) if key is None else section_error(key.name, keys)
    return words, texts


def _chosen(override: Override, section: Key, config_dir: Path | None) -> str:
    choices = group_choices(override.key, config_dir)
    if override.value not in choices and section.is_open:
        kind = next(iter(method_fields(section.annotation).values()))
        if is_file_spec(override.value) or override.value in methods(kind):
            return f"{override.key}{MARK}{override.value}"
        choices = sorted({*choices, *(name for name, it in methods(kind).items() if it.origin != OURS)})
    if override.value not in choices:
        raise ConfigError(
            f"unknown choice '{override.value}' for '{override.key}'",
            did_you_mean(override.value, choices, "choices"),
        )
    return override.word


def _parsed(value: str) -> Any:
    try:
        return load_yaml(value, "value")
    except (yaml.YAMLError, ConfigError):
        return value


def _text(value: str, key: Key) -> str | None:
    if key.optional and value in ("null", "none", "~"):
        return None
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value


def _checked(override: Override, key: Key | None) -> str:
    if key is not None and key.choices and override.value not in key.choices and override.value != "null":
        raise ConfigError(
            f"unknown choice '{override.value}' for '{override.key}'",
            did_you_mean(override.value, key.choices, "choices"),
        )
    if not override.value:
        raise _without_value(override, key)
    if not _is_balanced(override.value):
        raise ConfigError(
            f"brackets or quotes do not match in '{override.word}'",
            "close every bracket and quote, and put the whole word in single quotes for the shell",
        )
    if "," in override.value and override.value[0] not in "[{'\"":
        raise ConfigError(
            f"several values for '{override.key}': {override.value}",
            f"'{override.key}' takes {'one value' if key is None else key.takes}; run once for each value",
        )
    return override.word


def _without_value(override: Override, key: Key | None) -> ConfigError:
    return ConfigError(
        f"'{override.word}' has no value",
        f"'{override.key}' takes {'a value' if key is None else key.takes}"
        + ("; null means none" if key is not None and key.optional else ""),
    )


def _is_balanced(value: str) -> bool:
    opened: list[str] = []
    quote = ""
    for letter in value:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in _PAIRS.values():
            opened.append(letter)
        elif letter in _PAIRS and (not opened or opened.pop() != _PAIRS[letter]):
            return False
    return not opened and not quote


def section_error(name: str, keys: dict[str, Key], where: str = "") -> ConfigError:
    """The error for one value given to a group of settings."""
    inside = [other for other in keys if other.startswith(name + ".")]
    return ConfigError(
        f"'{name}' is a group of settings, not one value{where}", f"set one of them: {', '.join(inside)}"
    )


def unknown_key(name: str, command: str, keys: dict[str, Key], where: str = "") -> ConfigError:
    """The error for a key that no setting has; `where` is a place such as ` (file.yaml:3)`."""
    known = [known for known, key in keys.items() if not key.is_section]
    section = name.partition(".")[0] + "."
    inside = [other for other in known if other.startswith(section)] if "." in name else []
    return ConfigError(
        f"unknown setting '{name}' for '{command}'{where}",
        did_you_mean(name, known, "settings", inside or listed_keys(keys)),
    )
