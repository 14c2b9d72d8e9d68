"""Settings that stand beside their method: a class names their dataclass `config`, and is made from it.

A class without one has its settings as arguments of `__init__`, which is enough for a class in a user's file.
"""

from __future__ import annotations

import dataclasses
import inspect
import math
import typing
from collections.abc import Callable, Mapping
from typing import Any

from vidkit.errors import ConfigError
from vidkit.utils.naming import did_you_mean
from vidkit.utils.plain import TYPE_WORDS

_KINDS: dict[type, tuple[type, ...]] = {bool: (bool,), int: (int,), float: (int, float), str: (str,)}


def defaults_of(kind: type[Any]) -> dict[str, Any]:
    """Settings of a method's class by name, with their defaults; `inspect.Parameter.empty` without one."""
    config = getattr(kind, "config", None)
    if config is not None:
        return {one.name: _default(one) for one in dataclasses.fields(config)}
    if kind.__init__ is object.__init__:
        return {}
    taken = list(inspect.signature(kind.__init__).parameters.values())[1:]
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return {one.name: one.default for one in taken if one.kind not in variable}


def make_method(kind: type[Any], name: str, values: Mapping[str, Any]) -> Any:
    """A method of this class with these settings.

    Raises:
        ConfigError: a setting that it does not have, of another type, or out of range.
    """
    if getattr(kind, "config", None) is not None:
        return kind(make_config(kind.config, name, values))
    _check(name, values, defaults_of(kind))
    try:
        return kind(**values)
    except ValueError as error:
        raise ConfigError(f"{name}: {error}", _told(defaults_of(kind))) from error


def make_config(config: type[Any], name: str, values: Mapping[str, Any], hint: str = "") -> Any:
    """The settings of a method from plain values.

    Args:
        config: dataclass of the settings.
        name: of the method, for messages.
        values: by setting.
        hint: what to do about a value out of range, if there is more to say than the defaults.

    Raises:
        ConfigError: an unknown setting, a value of another type, or one out of range.
    """
    defaults = {one.name: _default(one) for one in dataclasses.fields(config)}
    _check(name, values, defaults)
    try:
        return config(**values)
    except ValueError as error:
        raise ConfigError(f"{name}: {error}", hint or _told(defaults)) from error


def settable(made_by: Callable[..., Any]) -> list[str]:
    """What a class or function takes by name, in order; the first without a default names what is made."""
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    taken = [one for one in inspect.signature(made_by).parameters.values() if one.kind not in variable]
    return [one.name for at, one in enumerate(taken) if at or one.default is not inspect.Parameter.empty]


def check_arguments(made_by: Callable[..., Any], what: str, values: Mapping[str, Any]) -> None:
    """Refuse plain values of another type than the annotation of an argument; other annotations are trusted.

    Args:
        made_by: class or function.
        what: it is called in messages.
        values: by name of argument.

    Raises:
        ConfigError: a value of another type.
    """
    source: Any = made_by
    try:
        annotations = typing.get_type_hints(source.__init__ if isinstance(made_by, type) else source)
    except Exception:  # names that only a type checker knows, in the code of others
        return
    for name, value in values.items():
        parts = typing.get_args(annotations.get(name)) or (annotations.get(name),)
        allowed = [_KINDS[part] for part in parts if part in _KINDS]
        if not allowed or len(allowed) + (type(None) in parts) < len(parts):
            continue
        if value is None and type(None) in parts:
            continue
        is_stray_flag = isinstance(value, bool) and bool not in parts
        if is_stray_flag or not any(isinstance(value, kinds) for kinds in allowed):
            kinds = " or ".join(TYPE_WORDS[part] for part in parts if part in TYPE_WORDS)
            raise ConfigError(f"setting '{name}' of {what} cannot be {value!r}", f"give {kinds}")


def _told(defaults: Mapping[str, Any]) -> str:
    known = {key: value for key, value in defaults.items() if value is not inspect.Parameter.empty}
    return f"defaults: {', '.join(f'{key}={value}' for key, value in known.items())}"


def _check(name: str, values: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
    for key, value in values.items():
        if key not in defaults:
            raise ConfigError(
                f"unknown setting '{key}' for '{name}'",
                f"{did_you_mean(key, defaults)}settings: {', '.join(defaults) or 'none'}",
            )
        default = defaults[key]
        wanted = _KINDS.get(type(default))
        is_stray_flag = isinstance(value, bool) and not isinstance(default, bool) and default is not None
        if wanted is not None and (is_stray_flag or not isinstance(value, wanted)):
            raise ConfigError(
                f"setting '{key}' of '{name}' cannot be {value!r}", f"give {TYPE_WORDS[type(default)]}"
            )
        if isinstance(value, float) and math.isnan(value):  # passes every `value < 0`
            raise ConfigError(f"{name}: {key} must be a number, got nan", _told(defaults))


def _default(one: dataclasses.Field[Any]) -> Any:
    if one.default_factory is not dataclasses.MISSING:
        return one.default_factory()
    return inspect.Parameter.empty if one.default is dataclasses.MISSING else one.default
