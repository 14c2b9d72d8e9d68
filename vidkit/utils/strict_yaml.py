"""YAML whose names stand once: of two equal keys none wins in silence."""

from __future__ import annotations

from typing import Any

import yaml

from vidkit.errors import ConfigError


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
    """`yaml.safe_load` that refuses a mapping with the same key twice, at any depth.

    Raises:
        ConfigError: a duplicate key, with file, lines and name.
        yaml.YAMLError: not YAML.
    """
    try:
        return yaml.load(text, _Strict)
    except _DuplicateError as error:
        name, first, line = error.args
        raise ConfigError(
            f"{where} line {line}: duplicate key '{name}', first on line {first}", "keep one of the two"
        ) from None
