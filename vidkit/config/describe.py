"""The settings of a command in words: key, what it takes, default, and what the schema's comments say."""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum
from typing import Any, cast

from vidkit.config.catalog import STARTS_FROM, settings_class
from vidkit.config.comments import assigned_name, comments_in, text_of
from vidkit.config.keys import REQUIRED, Key, keys_of


@dataclass(frozen=True)
class KeyDescription:
    """One row of the table of settings, all in words."""

    name: str
    takes: str
    default: str
    meaning: str
    unit: str = ""
    choices: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()


def describe_keys(command: str) -> list[KeyDescription]:
    """Every setting of a command, in the order of the schema; of a section, what is in it."""
    described = []
    for key in keys_of(settings_class(command)).values():
        if not key.is_section:
            takes = key.takes + (" or null" if key.optional and not key.methods else "")
            meaning = (
                key.meaning
                or comments_of(key.owner).get(key.name.rpartition(".")[2], "")
                or _of_choices(key.annotation)
            )
            alike = not key.methods or "; " not in key.meaning  # methods may mean different things
            unit = unit_of(key.name, meaning if alike else "") if key.is_number else ""
            described.append(
                KeyDescription(key.name, takes, _shown(key), meaning, unit, key.choices, key.methods)
            )
    return described


# by the end of a name
_SUFFIXES = {
    "_s": "seconds",
    "_ms": "milliseconds",
    "_gib": "GiB",
    "_mib": "MiB",
    "_px": "pixels",
    "_ratio": "share, 0..1",
    "fps": "per second",
    "_rate": "per second",
}
# by a part of what is said
_UNITS = (
    "pixel frames", "latent frames", "pixels", "frames", "seconds", "tokens", "vision tokens", "candidates",
    "steps", "cells", "processes", "threads", "standard deviations",
)  # fmt: skip


def unit_of(name: str, meaning: str) -> str:
    """The unit of a number: from the end of its name (`clip_s`), or from what is said ("pixels")."""
    for suffix, unit in _SUFFIXES.items():
        if name.endswith(suffix):
            return unit
    parts = [part.strip(" .") for part in meaning.replace(":", ",").replace(";", ",").split(",")]
    for part in parts:
        for unit in _UNITS:
            if part == unit or part.startswith((f"{unit} ", f"in {unit}")):
                return unit
    return ""


def _of_choices(annotation: Any) -> str:
    """What an enum says about itself and its members."""
    if not (isinstance(annotation, type) and issubclass(annotation, Enum)):
        return ""
    members = "; ".join(f"{name}: {text}" for name, text in comments_of(annotation).items())
    return " ".join(part for part in ((vars(annotation).get("__doc__") or "").strip(), members) if part)


def _shown(key: Key) -> str:
    value = key.default
    if key.default_text:
        return key.default_text
    if isinstance(value, list):
        value = [item.value if isinstance(item, Enum) else item for item in value]
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if value == REQUIRED:
        return "has to be given"
    return '""' if value == "" else str(value)


def comments_of(owner: type[Any]) -> dict[str, str]:
    """What the source says about each field or member: comment behind or above it, or docstring."""
    return _comments_of(cast(Hashable, owner))


@functools.lru_cache
def _comments_of(owner: Any) -> dict[str, str]:
    source = textwrap.dedent(inspect.getsource(owner))
    comments = comments_in(source)
    body = ast.parse(source).body[0]
    assert isinstance(body, ast.ClassDef)
    pairs = zip(body.body, [*body.body[1:], None], strict=True)
    texts = {assigned_name(node): text_of(node, following, comments) for node, following in pairs}
    return {name: text for name, text in texts.items() if name and text}


def markdown_table(command: str) -> str:
    """The settings of a command as a Markdown table; those of the command that it starts from are named."""
    rows = [("Setting", "Takes", "Default", "Meaning"), ("---",) * 4]
    start = STARTS_FROM.get(command)
    known = {key.name for key in describe_keys(start)} if start else set()
    for key in describe_keys(command):
        if key.name not in known:
            rows.append((f"`{key.name}`", key.takes, f"`{key.default}`", key.meaning))
    table = "\n".join("| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows) + "\n"
    return (f"All settings of `vidkit {start}`, and:\n\n" if start else "") + table


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;") if "`" not in text else text
