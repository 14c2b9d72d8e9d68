"""Words that choose a method where no YAML preset is called so: `frames=./mine.py:Mine`, `method=mmr`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from vidkit.config.keys import Key, method_fields
from vidkit.config.sources import Source
from vidkit.utils.strict_yaml import load_yaml

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


def with_presets_on_top(
    values: dict[str, Any],
    words: Sequence[str],
    sources: Sequence[Source],
    typed: Collection[str],
    keys: Mapping[str, Key],
) -> dict[str, Any]:
    """Values in which a preset that the entry config does not mention is whole: what that set is left out.

    Args:
        values: as composed.
        words: in Hydra's grammar.
        sources: the files that were composed, in order.
        typed: names of the settings on the command line.
        keys: the settings of the command.
    """
    made = dict(values)
    for word in words:
        section, _, name = word.partition("=")
        if section not in keys or not keys[section].is_open or not sources:
            continue
        last = sources[-1]  # such a preset is put on top, so it comes last
        if last.package == section and last.file.stem == name:
            preset = load_yaml(last.file.read_text(encoding="utf-8"), last.file.name) or {}
            kept = {key: value for key, value in made[section].items() if f"{section}.{key}" in typed}
            made[section] = preset | kept
    return made
