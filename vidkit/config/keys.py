"""The settings of a command as a flat table of dotted keys, read from its dataclasses."""

from __future__ import annotations

import dataclasses
import types
import typing
from dataclasses import dataclass, is_dataclass
from enum import Enum
from typing import Any, Literal, Union

REQUIRED = "???"  # how OmegaConf writes a value that has to be given

_WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}


@dataclass(frozen=True)
class Key:
    """One setting.

    Args:
        name: dotted name, `model.weights`.
        annotation: its type without `| None`.
        optional: `null` is a value.
        default: the schema's default; `REQUIRED` without one.
        choices: the words it takes, for enums and literals.
        owner: the dataclass it is a field of.
    """

    name: str
    annotation: Any
    optional: bool
    default: Any
    choices: tuple[str, ...]
    owner: type[Any]

    @property
    def is_section(self) -> bool:
        return is_dataclass(self.annotation)

    @property
    def is_free(self) -> bool:
        """A mapping: any key below it may be set."""
        return typing.get_origin(self.annotation) is dict

    @property
    def is_text(self) -> bool:
        return self.annotation is str

    @property
    def takes(self) -> str:
        """What a value looks like, in words."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        origin = typing.get_origin(self.annotation)
        if origin in (list, tuple):
            return (
                "a list such as [1,2]" if int in typing.get_args(self.annotation) else "a list such as [a,b]"
            )
        if origin is dict:
            return "a mapping such as {name: 1}"
        if origin in (Union, types.UnionType):
            return " or ".join(_WORDS.get(part, str(part)) for part in typing.get_args(self.annotation))
        return str(_WORDS.get(self.annotation, "a value"))


def unwrap_optional(annotation: Any) -> tuple[Any, bool]:
    """`int | None` -> (int, True); `int` -> (int, False)."""
    if typing.get_origin(annotation) not in (Union, types.UnionType):
        return annotation, False
    parts = [part for part in typing.get_args(annotation) if part is not type(None)]
    optional = len(parts) < len(typing.get_args(annotation))
    return (parts[0] if len(parts) == 1 else Union[tuple(parts)]), optional  # noqa: UP007 (built at run time)


def choices_of(annotation: Any) -> tuple[str, ...]:
    """The words an enum or a literal takes; empty for other types."""
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return tuple(str(member.value) for member in annotation)
    if typing.get_origin(annotation) is Literal:
        return tuple(str(word) for word in typing.get_args(annotation))
    return ()


def default_of(field: dataclasses.Field[Any]) -> Any:
    """A field's default value, `REQUIRED` if it has none."""
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return REQUIRED


def keys_of(settings: type[Any], prefix: str = "") -> dict[str, Key]:
    """All settings of a dataclass and those nested in it, in the order of the source; sections included."""
    hints = typing.get_type_hints(settings)
    found: dict[str, Key] = {}
    for field in dataclasses.fields(settings):
        annotation, optional = unwrap_optional(hints[field.name])
        name = prefix + field.name
        found[name] = Key(name, annotation, optional, default_of(field), choices_of(annotation), settings)
        if is_dataclass(annotation):
            assert isinstance(annotation, type)
            found |= keys_of(annotation, name + ".")
    return found


def owner_of_free_key(name: str, keys: dict[str, Key]) -> Key | None:
    """The mapping that a free key such as `model.transformer.num_layers` lies in, if any."""
    parts = name.split(".")
    for length in range(len(parts) - 1, 0, -1):
        key = keys.get(".".join(parts[:length]))
        if key is not None:
            return key if key.is_free else None
    return None


def listed_keys(keys: dict[str, Key]) -> list[str]:
    """Names short enough for one line: top-level settings, sections as `model.*`."""
    return [f"{name}.*" if key.is_section else name for name, key in keys.items() if "." not in name]
