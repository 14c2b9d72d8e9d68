"""How large a whole number in settings may be, and a seed among them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from vidkit.config.keyed import KeyedError

LARGEST_SEED = 2**64 - 1  # what torch takes; numpy takes no negative one
_LARGEST_TOLD = 10**40  # a seed up to here is refused by `check_seed`, with its value
_SEED = re.compile(r"(^|\.|_)seed$")


def huge_number(key: str) -> KeyedError:
    """The error for a number that no setting takes: what is larger fits no float, tensor or file."""
    return KeyedError(key, f"the number of '{key}' is too large", "give one of at most 19 digits")


def refuse_huge(value: Any, key: str = "") -> None:
    """Refuse whole numbers of 2^64 and more in settings, at any depth; seeds are for `check_seed`.

    Raises:
        KeyedError: names the first.
    """
    if isinstance(value, Mapping):
        for name, inner in value.items():
            refuse_huge(inner, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list | tuple):
        for inner in value:
            refuse_huge(inner, key)
    elif isinstance(value, int) and abs(value) >= (_LARGEST_TOLD if _SEED.search(key) else 2**64):
        raise huge_number(key)


def check_seed(key: str, value: Any) -> None:
    """Refuse a seed out of range; the one that a server gets is the server's to judge.

    Raises:
        KeyedError: it is negative, or needs more than 64 bits.
    """
    if not _SEED.search(key) or key == "sampling.seed":
        return
    if isinstance(value, int) and not 0 <= value <= LARGEST_SEED:
        raise KeyedError(
            key,
            f"{key} must be in 0..{LARGEST_SEED} (64 bits), got {value}",
            f"choose a smaller whole number, not negative: {key}=1",
        )
