"""Between the settings' dataclasses and what OmegaConf can hold.

OmegaConf takes enums by member name (`BF16`) and refuses `object`, `Literal` and frozen classes, while a
person writes `dtype=bf16`. So it composes on a mirror of the dataclass, in which choices are strings, and
`build` turns the composed values into the real thing, naming the key of whatever does not fit.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Iterable
from dataclasses import is_dataclass
from enum import Enum
from typing import Any, Optional

from vidkit.config.keyed import KeyedError
from vidkit.config.keys import REQUIRED, choices_of, default_of, is_open, unwrap_optional
from vidkit.config.naming import did_you_mean
from vidkit.config.open_section import check_name, open_values
from vidkit.config.run_options import with_typed_options
from vidkit.config.whole_numbers import check_seed

_MIRRORS: dict[tuple[type[Any], tuple[str, ...]], type[Any]] = {}


def mirror(settings: type[Any], of_methods: tuple[str, ...] = ()) -> type[Any]:
    """A dataclass of the same fields that OmegaConf accepts; the same one at every call.

    Args:
        settings: of a command, or a section of it.
        of_methods: settings of the methods that a command itself names; none of them is set at first.
    """
    if (settings, of_methods) not in _MIRRORS:
        _MIRRORS[settings, of_methods] = _make_mirror(settings, of_methods)
    return _MIRRORS[settings, of_methods]


def _make_mirror(settings: type[Any], of_methods: tuple[str, ...]) -> type[Any]:
    hints = typing.get_type_hints(settings)
    fields = []
    for field in dataclasses.fields(settings):
        if "settings_of" in field.metadata:
            continue
        value = _mirrored_value(default_of(field))
        default = dataclasses.field(default_factory=functools.partial(_copied, value))
        fields.append((field.name, _mirrored_type(hints[field.name]), default))
    fields += [(name, Any, dataclasses.field(default=None)) for name in of_methods]
    return dataclasses.make_dataclass(settings.__name__, fields)


def _mirrored_type(annotation: Any) -> Any:
    inner, optional = unwrap_optional(annotation)
    if choices_of(inner):
        inner = str
    elif inner is object:
        inner = Any
    elif is_dataclass(inner):
        assert isinstance(inner, type)
        inner = dict[str, Any] if is_open(inner) else mirror(inner)
    elif isinstance(inner, types.GenericAlias):
        parts = tuple(part if part is Ellipsis else _mirrored_type(part) for part in typing.get_args(inner))
        inner = types.GenericAlias(typing.get_origin(inner), parts)
    return Optional[inner] if optional else inner  # noqa: UP045 (a type object, not an annotation)


def _mirrored_value(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        values = {
            field.name: _mirrored_value(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
        if is_open(value):
            field_of_settings = next(f.name for f in dataclasses.fields(value) if "settings_of" in f.metadata)
            return values | values.pop(field_of_settings)
        return mirror(type(value))(**values)
    if isinstance(value, list | tuple):
        return [_mirrored_value(item) for item in value]
    if isinstance(value, dict):
        return {name: _mirrored_value(item) for name, item in value.items()}
    return value


def _copied(value: Any) -> Any:
    return dataclasses.replace(value) if is_dataclass(value) and not isinstance(value, type) else value


def build(settings: type[Any], values: dict[str, Any], prefix: str = "") -> Any:
    """Make the settings from composed values.

    Args:
        settings: a dataclass of `vidkit.config.schema`.
        values: one entry per field, nested dictionaries for nested dataclasses.
        prefix: dotted name of this dataclass, with a final dot.

    Raises:
        KeyedError: a required value is missing, a choice does not exist, or `__post_init__` refused.
    """
    if is_open(settings):
        values = open_values(settings, values, prefix)
    values = with_typed_options(settings, values, prefix)
    hints = typing.get_type_hints(settings)
    names = [field.name for field in dataclasses.fields(settings)]
    for field in dataclasses.fields(settings):
        if "method" in field.metadata and values[field.name] is not None:
            check_name(field, str(values[field.name]), prefix + field.name)
    made = {name: _made(hints[name], values[name], prefix + name) for name in names}
    try:
        return settings(**made)
    except ValueError as error:
        key, message, hint = _keyed(str(error), names, prefix)
        raise KeyedError(key, message, hint or f"change '{key or 'the settings'}' and run again") from error


def _keyed(text: str, names: list[str], prefix: str) -> tuple[str, str, str]:
    """Key, message and hint of an error of `__post_init__`; word 1 is the setting, line 2 the hint."""
    message, _, hint = text.partition("\n")
    word = message.replace("=", " ").split(" ", 1)[0].strip("'\":,")
    if word in names:  # the dataclass does not say what it is nested in
        return prefix + word, message.replace(word, prefix + word, 1), hint
    return (word if prefix and word.startswith(prefix) else prefix.rstrip(".")), message, hint


def _made(annotation: Any, value: Any, key: str) -> Any:
    inner, _ = unwrap_optional(annotation)
    if isinstance(value, str) and value == REQUIRED:
        raise KeyedError(key, f"no value for '{key}'", f"give it as {key}=VALUE")
    if value is None:
        return None
    choices = choices_of(inner)
    if choices:
        # YAML reads the bare words on and off as true and false
        bare = {"True": "on", "False": "off"}.get(str(value))
        value = bare if bare in choices else value
        if str(value) not in choices:
            raise KeyedError(
                key, f"unknown choice '{value}' for '{key}'", did_you_mean(str(value), choices, "choices")
            )
        return inner(value) if isinstance(inner, type) else value
    if is_dataclass(inner):
        assert isinstance(inner, type)
        if not isinstance(value, dict):  # as a reference to something else may be
            raise KeyedError(key, f"'{key}' is a section, and cannot be '{value}'", f"set {key}.NAME=VALUE")
        return build(inner, value, key + ".")
    if typing.get_origin(inner) in (list, tuple):
        if not isinstance(value, list | tuple):
            raise KeyedError(key, f"'{value}' is not a list: {key}={value}", "write it in brackets: [a,b]")
        part = typing.get_args(inner)[0]
        _check_items(part, value, key)
        return typing.get_origin(inner)(_made(part, item, f"{key}[{i}]") for i, item in enumerate(value))
    check_seed(key, value)
    return value


def _check_items(part: Any, items: Iterable[Any], key: str) -> None:
    """Refuse lists and mappings among single values, and null; OmegaConf takes them."""
    inner, optional = unwrap_optional(part)
    for item in items:
        nested = inner in (int, float, str, bool) and isinstance(item, list | dict)
        if nested or (item is None and not optional and inner is not Any):
            told = "null" if item is None else item
            raise KeyedError(key, f"'{told}' cannot stand in the list '{key}'", "write single values: [a,b]")
