"""Engines by name: ours, installed plug-ins, or a class in one file of the user's."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from vidkit.errors import ConfigError, doc_page
from vidkit.serving.engine import Engine
from vidkit.utils.method_settings import check_arguments, settable
from vidkit.utils.naming import did_you_mean
from vidkit.utils.plugins import Plugin, class_of_file, class_of_plugin, origin_of, plugins

BUILT_IN = {
    "openai": "vidkit.serving.openai_engine:OpenAIEngine",
    "transformers": "vidkit.serving.transformers_engine:TransformersEngine",
}
GROUP = "vidkit.models"
"""Older entry-point group of engines alone; `vidkit.plugins` has all kinds."""


def open_engine(spec: str, *, base_url: str | None = None, **options: Any) -> Engine:
    """Make an engine from a one-line description.

    Args:
        spec: `openai:NAME` (with `base_url`), `transformers:FOLDER_OR_HUB_ID`, `PLUGIN:ARGUMENT` for an entry
            point of group `vidkit.models`, or `path/to/file.py:Class[:ARGUMENT]`. Without a prefix: a served
            model when `base_url` is given, else a local one.
        base_url: address of the server.
        options: further arguments of the engine's constructor.

    Raises:
        ConfigError: an unknown engine (with the known names), a file that cannot be loaded, wrong options.
    """
    factory, arguments, options = _bound(spec, base_url, options)
    engine = factory(*arguments, **options)
    if not isinstance(engine, Engine):
        raise ConfigError(
            f"engine '{spec}' is a {type(engine).__name__} that lacks part of the interface",
            "it needs name, concurrency, capabilities, identity(), generate(), aclose();"
            f" see {doc_page('serving.md')}",
        )
    return engine


def check_engine(spec: str, *, base_url: str | None = None, **options: Any) -> None:
    """Refuse what `open_engine` would, as far as that is known before a model is loaded.

    Raises:
        ConfigError: an unknown engine, a file that cannot be loaded, wrong options, an address that is none.
    """
    factory, arguments, options = _bound(spec, base_url, options)
    if engine_kind(spec, base_url) == "openai":
        factory(*arguments, **options)  # the client opens no connection before its first call


def _bound(
    spec: str, base_url: str | None, options: dict[str, Any]
) -> tuple[Callable[..., Any], list[str], dict[str, Any]]:
    factory, argument = _resolve(spec, base_url)
    arguments = [] if argument is None else [argument]
    if base_url is not None:
        options = {**options, "base_url": base_url}
    try:
        bound = inspect.signature(factory).bind(*arguments, **options)
    except TypeError as error:
        raise _refused(factory, spec, options, error) from error
    check_arguments(factory, f"engine '{spec}'", {**bound.kwargs, **options})
    return factory, arguments, options


def _refused(
    factory: Callable[..., Any], spec: str, options: dict[str, Any], error: TypeError
) -> ConfigError:
    known = settable(factory)
    unknown = next((name for name in options if name not in known), None)
    if unknown is None:
        return ConfigError(f"engine '{spec}' cannot be made: {error}", "check the arguments of its class")
    listed = ", ".join(known) or "none"
    return ConfigError(
        f"engine '{spec}' has no setting '{unknown}'", f"{did_you_mean(unknown, known)}settings: {listed}"
    )


def engine_kind(spec: str, base_url: str | None = None) -> str:
    """What a description names: `openai`, `transformers`, `file`, or the name of an installed plug-in.

    Raises:
        ConfigError: an unknown engine (with the known names).
    """
    prefix, colon, _ = spec.partition(":")
    if colon and prefix.endswith(".py"):
        return "file"
    installed = _plugins()
    if colon and (prefix in BUILT_IN or prefix in installed):
        return prefix
    if base_url is not None:
        return "openai"
    if spec in installed:
        return spec
    # a hub id or a folder has no colon; a colon here is a mistyped prefix
    if colon and not Path(spec).exists():
        known = ", ".join(sorted([*BUILT_IN, *installed]))
        raise ConfigError(f"unknown engine '{prefix}' in '{spec}'", f"known: {known}, or FILE.py:Class")
    return "transformers"


def _resolve(spec: str, base_url: str | None) -> tuple[Callable[..., Any], str | None]:
    kind = engine_kind(spec, base_url)
    prefix, _, argument = spec.partition(":")
    if kind == "file":
        class_name, _, rest = argument.partition(":")
        return _callable(class_of_file(f"{prefix}:{class_name}", "engine"), spec), rest or None
    if kind == "openai" and base_url is None:
        raise ConfigError(
            f"engine '{spec}' needs a server", "give its address, e.g. http://127.0.0.1:8000/v1"
        )
    if kind in BUILT_IN:
        return _class_by_path(BUILT_IN[kind]), argument if kind == prefix and argument else spec
    return _callable(class_of_plugin(_plugins()[kind]), spec), argument or None


def _plugins() -> dict[str, Plugin]:
    older = {
        point.name: Plugin("engine", point.name, point.value, origin_of(point))
        for point in entry_points(group=GROUP)
    }
    return plugins("engine") | older


def _class_by_path(path: str) -> Callable[..., Any]:
    module, _, name = path.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found


def _callable(found: Any, spec: str) -> Callable[..., Any]:
    """A class, or a function that makes an engine."""
    if not callable(found):
        raise ConfigError(
            f"'{spec}' names neither a class nor a function, so it cannot be an engine", "write FILE.py:Class"
        )
    return found  # type: ignore[no-any-return]
