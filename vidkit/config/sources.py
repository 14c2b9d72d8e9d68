"""Where a value stands in the YAML files that were composed: file and line for error messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml


@dataclass(frozen=True)
class Source:
    """A YAML file and the dotted package that its keys are put under ("" for the root)."""

    file: Path
    package: str


def place_of(key: str, sources: Sequence[Source]) -> str:
    """` (configs/model/maze.yaml:4)`, or nothing if no file sets the key; the last file wins."""
    for source in reversed(sources):
        if source.package and not (key + ".").startswith(source.package + "."):
            continue
        inner = key[len(source.package) + 1 :] if source.package else key
        line = line_of(inner, source.file)
        if line is not None:
            return f" ({short(source.file)}:{line})"
    return ""


def line_of(key: str, file: Path) -> int | None:
    """Line (from 1) at which a dotted key of one file stands."""
    try:
        node = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, OSError, UnicodeDecodeError):
        return None
    return next((line for name, line in _keys(node, "") if name == key), None)


def short(file: Path) -> str:
    """The path as a person would write it here: relative to the working folder where it lies below."""
    try:
        return str(file.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(file)


def _keys(node: yaml.Node | None, prefix: str) -> Iterator[tuple[str, int]]:
    if not isinstance(node, yaml.MappingNode):
        return
    for name, value in node.value:
        dotted = f"{prefix}{name.value}"
        yield dotted, name.start_mark.line + 1
        yield from _keys(value, dotted + ".")
