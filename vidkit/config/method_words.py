"""Words that choose a method where no YAML preset is called so: `frames=./mine.py:Mine`, `method=mmr`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from vidkit.config.keys import Key, method_fields

MARK = "=@"  # between a section and the method that it is to name


def chosen_methods(
    words: Sequence[str], given: Mapping[str, Any], keys: Mapping[str, Key]
) -> tuple[list[str], dict[str, str]]:
    """Words for Hydra without those that choose a method by its own name, and these methods by section.

    Args:
        words: in Hydra's grammar, choices of methods as `frames=@NAME`.
        given: every setting that was given, by name.
        keys: the settings of the command.
    """
    chosen = dict(word.split(MARK, 1) for word in words if is_choice(word, keys))
    chosen |= {
        key.chooses: str(given[key.name]) for key in keys.values() if key.chooses and given.get(key.name)
    }
    return [word for word in words if not is_choice(word, keys)], chosen


def is_choice(word: str, keys: Mapping[str, Key]) -> bool:
    section, mark, _ = word.partition(MARK)
    return bool(mark) and section in keys and keys[section].is_open


def with_methods(
    values: dict[str, Any], chosen: Mapping[str, str], typed: Collection[str], keys: Mapping[str, Key]
) -> dict[str, Any]:
    """Composed values in which the chosen methods have their own defaults, changed by what was typed alone.

    Args:
        values: as composed.
        chosen: method by section.
        typed: names of the settings on the command line.
        keys: the settings of the command.
    """
    made = dict(values)
    for section, name in chosen.items():
        field = next(iter(method_fields(keys[section].annotation)))
        kept = {key: value for key, value in made[section].items() if f"{section}.{key}" in typed}
        made[section] = {field: name} | kept
    return made
