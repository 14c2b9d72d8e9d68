"""Methods from elsewhere: a class in one file of the user's, or an installed package's entry point.

A package offers a method under the group `vidkit.plugins`, named by kind and name, and pointing to a class:

    [project.entry-points."vidkit.plugins"]
    "selector.nearest" = "my_package.nearest:Nearest"
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import importlib.util
import inspect
import logging
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from vidkit.errors import ConfigError
from vidkit.utils.naming import did_you_mean

GROUP = "vidkit.plugins"
KINDS = {
    "selector": "selection method",
    "encoder": "frame encoder",
    "predictor": "mask predictor",
    "reuse": "reuse policy",
    "executor": "executor",
    "cache": "cache policy",
    "task": "benchmark",
    "engine": "engine",
    "renderer": "renderer",
    "tool": "tool of agents",
    "dialect": "dialect of agents",
    "foresight": "foresight of agents",
}
"""Kinds of methods that may come from elsewhere, and what messages call them."""

log = logging.getLogger(__name__)
_told: set[str] = set()


@dataclass(frozen=True)
class Plugin:
    """A method that an installed package offers.

    Attributes:
        kind: one of `KINDS`.
        name: what it is called on the command line.
        target: `package.module:Class`.
        origin: the package and its version.
    """

    kind: str
    name: str
    target: str
    origin: str


def plugins(kind: str) -> dict[str, Plugin]:
    """The plugins of a kind by name; one that is not named `KIND.NAME` is reported once and left out."""
    found: dict[str, Plugin] = {}
    for point in _points(tuple(sys.path)):
        its_kind, dot, name = point.name.partition(".")
        if not (dot and name and its_kind in KINDS):
            warn_once(
                f"the plugin '{point.name}' of {origin_of(point)} is left out: it is not named KIND.NAME,"
                f" KIND being one of {', '.join(KINDS)}"
            )
        elif its_kind == kind:
            found[name] = Plugin(kind, name, point.value.replace(" ", ""), origin_of(point))
    return found


@functools.lru_cache(maxsize=4)
def _points(path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """Entry points of the group; looking at every installed package takes a while, so once."""
    return tuple(entry_points(group=GROUP))


def origin_of(point: EntryPoint) -> str:
    """The package that an entry point comes from, with its version."""
    return "an unknown package" if point.dist is None else f"{point.dist.name} {point.dist.version}"


def warn_once(message: str) -> None:
    if message not in _told:
        _told.add(message)
        log.warning("%s", message)


def is_file_spec(name: str) -> bool:
    """Whether a name is written as `FILE.py:Class`."""
    return ".py:" in name or name.endswith(".py")


def load_class(kind: str, name: str, built_in: Mapping[str, Any], needs: Sequence[str]) -> type[Any]:
    """The class behind a name.

    Args:
        kind: one of `KINDS`.
        name: of a method of ours, of a plugin, or `FILE.py:Class`.
        built_in: our methods of that kind, by name: classes, or `package.module:Class`.
        needs: methods that a class from elsewhere has to have.

    Raises:
        ConfigError: no such name, file or class, a file or plugin that cannot be loaded, a missing method.
    """
    if name in built_in:
        if isinstance(built_in[name], type):
            return built_in[name]  # type: ignore[no-any-return]
        module, _, attribute = built_in[name].partition(":")
        return getattr(importlib.import_module(module), attribute)  # type: ignore[no-any-return]
    if is_file_spec(name):
        return checked(kind, name, class_of_file(name, kind), needs)
    found = plugins(kind)
    if name in found:
        return checked(kind, name, class_of_plugin(found[name]), needs)
    known = [*built_in, *found]
    raise ConfigError(
        f"no {KINDS[kind]} '{name}'",
        f"{did_you_mean(name, known)}available: {', '.join(known)}, or FILE.py:Class",
    )


def checked(kind: str, name: str, found: Any, needs: Sequence[str]) -> type[Any]:
    """The class, if it has every method that its kind needs.

    Raises:
        ConfigError: it is no class, or lacks a method.
    """
    noun = KINDS[kind]
    if not isinstance(found, type):
        raise ConfigError(
            f"'{name}' is not a class, so it cannot be {with_article(noun)}", "write FILE.py:Class"
        )
    missing = [method for method in needs if not callable(getattr(found, method, None))]
    if missing:
        several = "s" if len(missing) > 1 else ""
        raise ConfigError(
            f"'{name}' cannot be {with_article(noun)}: it lacks the method{several} {', '.join(missing)}",
            f"{with_article(noun)} needs {', '.join(f'{method}()' for method in needs)}",
        )
    return found


def with_article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def class_of_plugin(plugin: Plugin) -> Any:
    """Import what a plugin points to.

    Raises:
        ConfigError: it cannot be imported, or has nothing of that name.
    """
    module, _, attribute = plugin.target.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except Exception as error:  # the code of others, of which anything may be raised
        raise ConfigError(
            f"the plugin '{plugin.name}' of {plugin.origin} cannot be loaded: {_in_one_line(error)}",
            "update that package, or remove it",
        ) from error


def class_of_file(spec: str, kind: str) -> Any:
    """What `FILE.py:Class` names.

    Raises:
        ConfigError: no such file, one that cannot be loaded, or nothing of that name in it.
    """
    path, _, name = spec.rpartition(":")
    noun = KINDS[kind]
    if not path or not name.isidentifier():
        raise ConfigError(f"'{spec}' does not name a class", "write FILE.py:Class")
    if not Path(path).is_file():
        raise ConfigError(f"no file '{path}' with {with_article(noun)}", "check the path")
    module = module_of_file(Path(path))
    if not hasattr(module, name):
        classes = [
            key
            for key, value in vars(module).items()
            if inspect.isclass(value) and value.__module__ == module.__name__
        ]
        raise ConfigError(
            f"'{path}' has no class '{name}'",
            f"{did_you_mean(name, classes)}classes there: {', '.join(classes) or 'none'}",
        )
    return getattr(module, name)


def module_of_file(path: Path) -> ModuleType:
    """Run a file as a module, once for each state of it.

    Raises:
        ConfigError: it is no Python, or its code fails; with the line where it does.
    """
    state = f"{path.resolve()}\n{path.stat().st_mtime_ns}".encode()
    name = f"_vidkit_file_{path.stem}_{hashlib.sha256(state).hexdigest()[:8]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"'{path}' is not a Python file", "write FILE.py:Class")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickling look the module up by name
    try:
        spec.loader.exec_module(module)
    # the code of others, of which anything may be raised
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise ConfigError(
            f"'{path}'{_line_in(path, error)} cannot be loaded: {_in_one_line(error)}",
            "correct the file; it is run as Python",
        ) from error
    return module


def _line_in(path: Path, error: BaseException) -> str:
    """The last line of the file that an error came through."""
    if isinstance(error, SyntaxError):
        return f" line {error.lineno}" if error.lineno else ""
    lines = [at.lineno for at in traceback.extract_tb(error.__traceback__) if at.filename == str(path)]
    return f" line {lines[-1]}" if lines else ""


def _in_one_line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
