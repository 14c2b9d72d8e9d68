"""What follows a transformer's forwards: the runtime of sparse attention, or that of a cache."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from vidkit.hooks.clock import Tick
from vidkit.hooks.token_grid import TokenGrid


@dataclass
class Recording:
    """What one checkpointed block did in its forward, for when it runs again in the backward pass.

    Attributes:
        phase: the follower's phase then.
        choices: what it chose, by layer.
        made: the first run is over, any other one repeats it.
    """

    phase: Any
    choices: dict[int, Any] = field(default_factory=dict)
    made: bool = False


class Follower(Protocol):
    """Is told when a forward begins and ends, and when nothing of the past counts any more.

    Attributes:
        what: its name in messages, such as "sparse attention".
        phase: what the forward in progress is to do; false: as if the follower were not there.
        in_graph: the transformer is compiled as a whole: the phase is only known to compiled operators.
        recording: of the checkpointed block in progress, None: none.
    """

    what: str
    phase: Any
    in_graph: bool
    recording: Recording | None

    @property
    def chooses(self) -> bool:
        """Whether any forward may differ from the plain one."""
        ...

    def begin(self, tick: Tick, grid: TokenGrid | None) -> None:
        """A forward starts."""
        ...

    def finish(self) -> None:
        """The generation is over, its figures stay."""
        ...

    def clear(self) -> None:
        """Forget everything but figures."""
        ...
