"""Sections that name a method and take its settings: `frames.name=efs frames.alpha=0.1`.

What a method takes stands beside the method, so that the schema cannot check it: it is checked here, with the
same words that other settings get.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from vidkit.config.keyed import KeyedError
from vidkit.config.keys import (
    Key,
    choices_of,
    default_of,
    is_shared,
    method_fields,
    names_of,
    unwrap_optional,
)
from vidkit.config.methods import Method, find_method, methods
from vidkit.config.naming import did_you_mean
from vidkit.config.static import Setting, classes_of
from vidkit.utils.plugins import KINDS, is_file_spec, with_article

_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def check_name(field: dataclasses.Field[Any], name: str, key: str) -> None:
    """Refuse a method that does not exist; a file is read, not run.

    Raises:
        KeyedError: nothing is called so, or no such file or class; the hint has the nearest name.
    """
    kind, known = str(field.metadata["method"]), names_of(field)
    if field.metadata.get("checked") is False:  # whoever loads it says what is wrong
        return
    if is_file_spec(name):
        _check_file(kind, name, key)
    elif name not in known:
        raise KeyedError(
            key,
            f"no {KINDS[kind]} '{name}' for '{key}'",
            did_you_mean(name, known, "choices"),
        )


def _check_file(kind: str, name: str, key: str) -> None:
    """Refuse a file without that class, as far as its source tells."""
    path, _, attribute = name.rpartition(":")
    if not path or not attribute.isidentifier():
        raise KeyedError(key, f"'{name}' does not name a class", "write FILE.py:Class")
    if not Path(path).is_file():
        raise KeyedError(key, f"no file '{path}' with {with_article(KINDS[kind])}", "check the path")
    classes = classes_of(Path(path), attribute)
    if classes is not None:
        hint = did_you_mean(attribute, classes, "classes there") if classes else "it has no class at all"
        raise KeyedError(key, f"'{path}' has no class '{attribute}'", hint)


def open_values(section: type[Any], values: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The fields of an open section: its own, and a mapping of what its methods were given, all typed.

    Raises:
        KeyedError: an unknown method or setting, or a value of another type.
    """
    hints = typing.get_type_hints(section)
    made: dict[str, Any] = {}
    rest = {name: value for name, value in values.items() if prefix or value is not None}
    for field in dataclasses.fields(section):
        if "settings_of" in field.metadata:
            continue
        default = default_of(field)
        value = rest.pop(field.name, default)
        made[field.name] = (
            value if value is default else typed(value, hints[field.name], prefix + field.name, section)
        )
    chosen = _chosen(section, made, prefix)
    names = " and ".join(f"'{made[field]}'" for field in method_fields(section) if made[field])
    taken = next(f.name for f in dataclasses.fields(section) if "settings_of" in f.metadata)
    made[taken] = {}
    for name, value in rest.items():
        setting = _setting(name, chosen, names, section, prefix)
        if value is not None:  # null: the method's own default
            made[taken][name] = typed(value, setting.annotation, prefix + name, section)
    return made


def _chosen(section: type[Any], made: Mapping[str, Any], prefix: str) -> list[Method]:
    found = []
    fields = {field.name: field for field in dataclasses.fields(section)}
    for name, kind in method_fields(section).items():
        value = str(made[name])
        check_name(fields[name], value, prefix + name)
        stands_for = fields[name].metadata.get("also", {}).get(value, value)
        method = find_method(kind, stands_for) if stands_for else None
        if method is not None:
            found.append(method)
    return found


def _setting(name: str, chosen: list[Method], names: str, section: type[Any], prefix: str) -> Setting:
    for method in chosen:
        if name in method.settings:
            return method.settings[name]
    every = [method for kind in method_fields(section).values() for method in methods(kind).values()]
    others = [method for method in every if name in method.settings]
    if others and (is_shared(section) or not chosen):
        return others[0].settings[name]
    listed = [prefix + setting for method in chosen for setting in method.settings]
    if others:
        owners = ", ".join(method.name for method in others)
        hint = f"it is a setting of {owners}; settings of {names}: {', '.join(listed) or 'none'}"
    else:
        near = [prefix + setting for method in every for setting in method.settings]
        own = [prefix + f.name for f in dataclasses.fields(section) if "settings_of" not in f.metadata]
        known = [*own, *listed, *(near if is_shared(section) else [])]
        hint = did_you_mean(prefix + name, known, f"settings of {names}", listed)
    raise KeyedError(prefix + name, f"unknown setting '{prefix}{name}' for {names}", hint)


def typed(value: Any, annotation: Any, key: str, owner: type[Any]) -> Any:
    """The value as its type wants it: "3" is a number, 3 is a text, [a, b] is a list of texts.

    Raises:
        KeyedError: it is of another type, or not one of the choices.
    """
    inner, optional = unwrap_optional(annotation)
    choices = choices_of(inner)
    if value is None and optional:
        return None
    if choices:
        if str(value) not in choices:
            raise KeyedError(
                key, f"unknown choice '{value}' for '{key}'", did_you_mean(str(value), choices, "choices")
            )
        return inner(value) if isinstance(inner, type) and issubclass(inner, Enum) else value
    try:
        return _converted(value, inner)
    except (ValueError, TypeError):
        described = Key(key, inner, optional, None, (), owner)
        shown = "null" if value is None else value
        raise KeyedError(
            key,
            f"'{shown}' is not {described.takes}: {key}={shown}",
            f"'{key}' takes {described.takes}",
            f"{key}={_EXAMPLES.get(typing.get_origin(inner) or inner, '...')}",
        ) from None


_EXAMPLES = {int: "1", float: "0.5", bool: "true", dict: "'{name: 1}'", list: "[a,b]", tuple: "[1,2]"}


def _converted(value: Any, wanted: Any) -> Any:
    origin = typing.get_origin(wanted) or wanted
    if origin is bool:
        return _flag(value)
    if origin in (int, float):
        if isinstance(value, bool) or (origin is int and isinstance(value, float)):
            raise ValueError
        return origin(value)
    if origin is str:
        if isinstance(value, list | dict) or value is None:
            raise ValueError
        return str(value)
    if origin in (list, tuple):
        return _listed(value, wanted)
    if origin is dict and not isinstance(value, Mapping):
        raise ValueError
    return value


def _flag(value: Any) -> bool:
    word = str(value).lower()
    if word not in (*_TRUE, *_FALSE):
        raise ValueError
    return word in _TRUE


def _listed(value: Any, wanted: Any) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise ValueError
    parts = typing.get_args(wanted)
    return (
        [item if choices_of(parts[0]) else _converted(item, parts[0]) for item in value]
        if parts
        else list(value)
    )
