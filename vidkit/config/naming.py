"""Hints for names that nearly match."""

from __future__ import annotations

from collections.abc import Sequence

from vidkit.utils import naming


def near_names(name: str, known: Sequence[str], limit: int = 3) -> list[str]:
    """The known names that look like `name`, best first; a nested key also matches by its last word.

    Within a section only the last word counts: all its names begin alike.
    """
    section = name[: name.rfind(".") + 1]
    own = {other.removeprefix(section): other for other in known if section and other.startswith(section)}
    if own:
        close = [own[word] for word in naming.near_names(name.removeprefix(section), own, limit)]
    else:
        close = naming.near_names(name, known, limit)
    last_words: dict[str, list[str]] = {}
    for other in known:
        last_words.setdefault(other.rpartition(".")[2], []).append(other)
    for word in naming.near_names(name.rpartition(".")[2], last_words, limit, 0.75):
        close += [other for other in last_words[word] if other not in close]
    return close[:limit]


def did_you_mean(name: str, known: Sequence[str], what: str, listed: Sequence[str] | None = None) -> str:
    """One line: the nearest name if any, then all that there are.

    Args:
        name: the word that was not found.
        known: the words that exist.
        what: what they are, in the plural ("configs").
        listed: what to list instead of `known`, when that is too long.
    """
    near = near_names(name, known, limit=1)
    everything = ", ".join(known if listed is None else listed) or "none"
    return (f"did you mean '{near[0]}'? " if near else "") + f"{what}: {everything}"
