"""Methods by kind, and their settings: what ships, what installed plugins offer, and `FILE.py:Class`.

Everything is read from source and from package metadata, so that help and completion import no method.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from vidkit.config.static import PACKAGE, Setting, file_of, note_of_class, settings_of_class, table_of
from vidkit.utils.plugins import KINDS, is_file_spec, plugins

# where our own stand: a file and the table in it
TABLES = {
    "selector": ("frames/registry.py", "SELECTORS"),
    "predictor": ("attention/predictors/__init__.py", "PREDICTORS"),
    "reuse": ("attention/reuse.py", "REUSE"),
    "executor": ("attention/executors/__init__.py", "EXECUTORS"),
    "engine": ("serving/registry.py", "BUILT_IN"),
}
OURS = "vidkit"


@dataclass(frozen=True)
class Method:
    """A method that can be chosen by name.

    Attributes:
        kind: one of `vidkit.utils.plugins.KINDS`.
        name: what it is called on the command line.
        target: `package.module:Class` or `FILE.py:Class`.
        origin: `vidkit`, the package that brings it, or the file.
    """

    kind: str
    name: str
    target: str
    origin: str

    @property
    def noun(self) -> str:
        return KINDS[self.kind]

    @property
    def note(self) -> str:
        """What it is, in a line."""
        return note_of_class(self.target)

    @functools.cached_property
    def settings(self) -> dict[str, Setting]:
        """Its settings by name."""
        found = settings_of_class(self.target, from_arguments=self.kind != "selector")
        return {setting.name: setting for setting in found}

    @property
    def can_be_found(self) -> bool:
        """Whether the source it points to is there."""
        return file_of(self.target.partition(":")[0] or "") is not None


def methods(kind: str) -> dict[str, Method]:
    """All methods of a kind by name, ours first."""
    found = dict(_ours(kind))
    for name, plugin in plugins(kind).items():
        found.setdefault(name, Method(kind, name, plugin.target, plugin.origin))
    return found


@functools.lru_cache
def _ours(kind: str) -> dict[str, Method]:
    if kind not in TABLES:
        return {}
    file, table = TABLES[kind]
    return {
        name: Method(kind, name, target, OURS) for name, target in table_of(PACKAGE / file, table).items()
    }


def find_method(kind: str, name: str) -> Method | None:
    """The method of that name, or the class that `FILE.py:Class` names; None if there is none."""
    if is_file_spec(name):
        file, _, attribute = name.rpartition(":")
        return Method(kind, name, f"{file}:{attribute}", file)
    return methods(kind).get(name)
