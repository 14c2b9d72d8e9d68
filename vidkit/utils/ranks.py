"""Which of several processes this is, as `torchrun` says it in the environment. No torch."""

from __future__ import annotations

import os
from dataclasses import dataclass

from vidkit.errors import ConfigError

_NAMES = ("RANK", "WORLD_SIZE", "LOCAL_RANK")


@dataclass(frozen=True)
class Ranks:
    """This process among those that were started together.

    Attributes:
        rank: of this process, 0 first.
        size: how many there are.
        local: rank on this host, which is the number of its GPU.
    """

    rank: int = 0
    size: int = 1
    local: int = 0

    @property
    def is_first(self) -> bool:
        """Whether this one writes and prints."""
        return self.rank == 0


def ranks_here() -> Ranks:
    """From the environment; a process of its own where it says nothing.

    Raises:
        ConfigError: values that are no ranks.
    """
    given = {name: os.environ.get(name) for name in _NAMES}
    if given["WORLD_SIZE"] is None:
        return Ranks()
    try:
        found = Ranks(*(int(given[name] or 0) for name in _NAMES))
    except ValueError:
        found = Ranks(-1)
    if not 0 <= found.rank < found.size or found.local < 0:
        listed = ", ".join(f"{name}={value}" for name, value in given.items())
        raise ConfigError(
            f"the environment names no rank: {listed}", "start vidkit with torchrun, or unset these variables"
        )
    return found
