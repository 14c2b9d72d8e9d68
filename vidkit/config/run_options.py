"""Settings of a benchmark's own runs, `benchmark.levels=10`, checked by what stands beside these runs."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from typing import Any

from vidkit.config.keyed import KeyedError
from vidkit.config.keys import unwrap_optional
from vidkit.config.methods import RUN, runs_of_benchmarks
from vidkit.config.naming import did_you_mean
from vidkit.config.open_section import typed
from vidkit.config.static import Setting


def with_typed_options(settings: type[Any], values: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The values of a command, with the options of the benchmark that it names as their types want them.

    Options of a benchmark that declares none are left as they are: the benchmark itself judges them.

    Raises:
        KeyedError: an option that none of the benchmark's runs has, or a value of another type.
    """
    made = dict(values)
    for field in dataclasses.fields(settings):
        if field.metadata.get("options_of") == RUN and made[field.name]:
            made[field.name] = _typed_options(
                str(made[field.metadata["named_by"]] or ""),
                made[field.name],
                f"{prefix}{field.name}.",
                settings,
            )
    return made


def _typed_options(name: str, options: Mapping[str, Any], prefix: str, owner: type[Any]) -> dict[str, Any]:
    runs = runs_of_benchmarks(name) if name else []
    known: dict[str, list[Setting]] = {}
    for run in runs:
        for setting in run.settings.values():
            known.setdefault(setting.name, []).append(setting)
    if not known:
        return dict(options)
    made = {}
    for option, value in options.items():
        if option not in known:
            names = [prefix + one for one in known]
            raise KeyedError(
                prefix + option,
                f"unknown setting '{prefix}{option}' for '{name}'",
                did_you_mean(prefix + option, names, "settings"),
            )
        made[option] = _typed(value, known[option], prefix + option, owner)
    return made


def _typed(value: Any, settings: list[Setting], key: str, owner: type[Any]) -> Any:
    """The value as the type of one of the runs wants it; of several types, the first that takes it."""
    if value is None and any(setting.default is None for setting in settings):
        return None
    for setting in settings[:-1]:
        try:
            return _typed(value, [setting], key, owner)
        except KeyedError:
            continue
    annotation, _ = unwrap_optional(settings[-1].annotation)
    if typing.get_origin(annotation) is list and isinstance(value, str):
        value = [value]  # one type, skin or difficulty
    return typed(value, settings[-1].annotation, key, owner)
