"""The one reader of YAML: names stand once, aliases cannot grow, and every fault is a readable error."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from vidkit.errors import ConfigError

_LONGEST = 100_000  # characters; the parser takes some microseconds for each
_DEEPEST = 50  # brackets in brackets; the parser looks at each of them for every word inside
_MOST_VALUES = 100_000  # with every alias written out; the largest config has some hundred
_HINT = "settings are short: see the files that `vidkit list configs` names"


class _Strict(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: dict[str, int] = {}
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                line = key.start_mark.line + 1
                if key.value in seen:
                    raise _DuplicateError(key.value, seen[key.value], line)
                seen[key.value] = line
        return super().construct_mapping(node, deep)


class _DuplicateError(Exception):
    pass


def load_yaml(text: str, where: str) -> Any:
    """`yaml.safe_load` that refuses a mapping with the same key twice, and aliases that grow without end.

    Raises:
        ConfigError: a duplicate key, with file, lines and name; values that no config has (nested too deep, a
            number of thousands of digits, an impossible date); more than 100,000 characters, or values once
            every alias is written out.
        yaml.YAMLError: not YAML.
    """
    try:
        refuse_growth(text, where)
        return yaml.load(text, _Strict)
    except _DuplicateError as error:
        name, first, line = error.args
        raise ConfigError(
            f"{where} line {line}: duplicate key '{name}', first on line {first}", "keep one of the two"
        ) from None
    except RecursionError:
        raise ConfigError(f"{where}: nested too deep", _HINT) from None
    except (ValueError, OverflowError, TypeError) as error:
        if isinstance(error, yaml.YAMLError):
            raise
        # a date that no calendar has, an integer that Python does not read, a list as a key
        raise ConfigError(f"{where}: {str(error).partition(';')[0]}", _HINT) from error


def refuse_growth(text: str, where: str) -> None:
    """Refuse YAML that takes long to read: long or deep, or of aliases for more than 100,000 values.

    A few lines of aliases of aliases can stand for billions; whoever copies what was read never ends.

    Raises:
        ConfigError: it would.
        RecursionError: nested too deep.
        yaml.YAMLError: not YAML.
    """
    if len(text) > _LONGEST:
        raise ConfigError(f"{where}: {len(text):,} characters, at most {_LONGEST:,} are read as YAML", _HINT)
    depth = 0
    for bracket in re.finditer(r"[\[\]{}]", text):
        depth = depth + 1 if bracket[0] in "[{" else max(0, depth - 1)
        if depth > _DEEPEST:
            raise ConfigError(f"{where}: nested too deep", _HINT)
    if "&" not in text or "*" not in text:
        return
    node = yaml.compose(text, yaml.SafeLoader)
    if node is not None and _size(node, {}) > _MOST_VALUES:
        raise ConfigError(f"{where}: its aliases stand for more than {_MOST_VALUES:,} values", _HINT)


def refuse_growth_in(file: Path) -> None:
    """`refuse_growth` for a file that another library reads; what else is wrong with it is told there.

    Raises:
        ConfigError: its aliases grow without end.
    """
    try:
        refuse_growth(file.read_text(encoding="utf-8"), file.name)
    except (OSError, UnicodeDecodeError, RecursionError, ValueError, yaml.YAMLError):
        return


def _size(node: yaml.Node, known: dict[int, float]) -> float:
    """Values that a node stands for, its aliases written out; endless for one that holds itself."""
    if id(node) in known:
        return known[id(node)]
    known[id(node)] = float("inf")
    inner: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        inner = [each for pair in node.value for each in pair]
    elif isinstance(node, yaml.SequenceNode):
        inner = list(node.value)
    known[id(node)] = 1 + sum(_size(each, known) for each in inner)
    return known[id(node)]
