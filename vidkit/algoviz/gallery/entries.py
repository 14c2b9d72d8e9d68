"""The scripts of the gallery: names, areas, titles, found without running any."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from vidkit.errors import ConfigError
from vidkit.utils.naming import did_you_mean

FOLDER = Path(__file__).resolve().parent
AREAS = (
    "arrays",
    "sorting",
    "strings",
    "hash_tables",
    "linked_lists",
    "heaps",
    "trees",
    "graphs",
    "dp",
    "backtracking",
    "geometry",
)


@dataclass(frozen=True)
class Entry:
    """A script of the gallery.

    Args:
        name: `quick_sort`; no other entry has it.
        area: one of AREAS, the folder it is in.
        title: for people.
        about: one line: what happens.
        path: of the script.
    """

    name: str
    area: str
    title: str
    about: str
    path: Path

    @property
    def source(self) -> str:
        """Text of the script."""
        return self.path.read_text(encoding="utf-8")


@cache
def entries() -> tuple[Entry, ...]:
    """All scripts, by area and name."""
    return tuple(_read(path, area) for area in AREAS for path in sorted((FOLDER / area).glob("*.py")))


def find(name: str) -> Entry:
    """The script of a name; case, blanks, hyphens and underscores do not matter.

    Raises:
        ConfigError: no such script.
    """
    known = {_plain(entry.name): entry for entry in entries()}
    found = known.get(_plain(name))
    if found is None:
        near = did_you_mean(name, [entry.name for entry in entries()])
        raise ConfigError(
            f"the gallery has no algorithm '{name}'", f"{near}see 'vidkit algoviz list gallery'"
        )
    return found


def _plain(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())


def _read(path: Path, area: str) -> Entry:
    """An entry from the docstring of its script: the title, a blank line, what happens."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or path.stem
    title, _, about = text.partition("\n")
    return Entry(path.stem, area, title.rstrip("."), " ".join(about.split()), path)
