"""`--steps 5` and `--image cat.png`: settings typed like options, told as the word they should be."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vidkit.config.keys import Key


def setting_meant(option: str, command: str, arguments: Sequence[str]) -> str | None:
    """The word `KEY=VALUE` that an unknown option stands for; None if no setting is called so.

    Args:
        option: as the parser names it: `--steps`, or `-s` for `-steps`.
        command: `generate`, or `bench attention`.
        arguments: the whole command line, where the value is looked for.
    """
    from vidkit.config.catalog import settings_class
    from vidkit.config.keys import keys_of

    keys = keys_of(settings_class(command))
    long = option.startswith("--")
    for at, word in enumerate(arguments):
        if not (word.partition("=")[0] == option if long else word.startswith(option)):
            continue
        name, has_value, value = word.lstrip("-").partition("=")
        found = _key(name, keys)
        if found is None:
            continue
        key, negated = found
        if key.annotation is bool:
            value = value or ("false" if negated else "true")
        elif not has_value:
            following = arguments[at + 1] if at + 1 < len(arguments) else ""
            value = following if following and not _is_option(following) else "VALUE"
        return shlex.quote(f"{key.name}={value}")
    return None


def _key(name: str, keys: dict[str, Key]) -> tuple[Key, bool] | None:
    """The setting of that name, dashes for underscores or not; `--no-x` negates one of true or false."""
    for candidate, negated in ((name, False), (name.removeprefix("no-").removeprefix("no_"), True)):
        plain = candidate.replace("-", "_")
        known = keys.get(plain)
        if known is None:  # the only nested one of that name: --workers of manifest.workers
            ends = [key for other, key in keys.items() if other.endswith("." + plain)]
            known = ends[0] if len(ends) == 1 else None
        if known is not None and not (known.is_section and not _takes_a_name(known)):
            if negated and (candidate == name or known.annotation is not bool):
                continue
            return known, negated
    return None


def _takes_a_name(key: Key) -> bool:
    from vidkit.config.catalog import group_names

    return key.name in group_names(None)


def _is_option(word: str) -> bool:
    return word.startswith("-") and not word.lstrip("-")[:1].isdigit() and word != "-"
