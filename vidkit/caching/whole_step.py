"""A forward whose main blocks are all computed or all left out, in the model's own loop over them.

What the model adds between its blocks, what it passes beside the video and what differs from block to block
thus stays its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from vidkit.caching.forwards import States
from vidkit.hooks.token_grid import TokenGrid

if TYPE_CHECKING:
    from vidkit.caching.runtime import CacheRuntime


class WholeStep:
    """One forward. The first block that is called has the decision made; the last hands on the outcome.

    Args:
        runtime: asks the policy and keeps the values.
        blocks: the model's own main blocks.
    """

    def __init__(self, runtime: CacheRuntime, blocks: nn.ModuleList) -> None:
        self._runtime, self._family, self._blocks = runtime, runtime.family, blocks
        # what control adds behind the last block comes before one more, which closes the row
        self.places = len(blocks) + (runtime.family.control_name is not None)
        self._is_full: bool | None = None
        self._first: States | None = None
        self._args: tuple[Any, ...] = ()
        self._kwargs: dict[str, Any] = {}
        self._entered: States = ()

    @property
    def hidden(self) -> Tensor:
        """Embedded tokens of the video, `[B, N, C]`."""
        return self._entered[0]

    def time(self, grid: TokenGrid) -> Tensor:
        """Time projection of every latent frame, `[B, F, D]`."""
        behind = self._args[len(self._family.carries) :]
        return self._family.frame_modulation(behind, self._kwargs, grid)

    def first_layer(self) -> Tensor:
        """The video after the first block; computed once."""
        if self._first is None:
            self._first = _states(self._blocks[0](*self._args, **self._kwargs))
        return self._first[0]

    @property
    def looked_at_first_layer(self) -> bool:
        """Whether the first block was computed for the decision."""
        return self._first is not None

    def main(self, place: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """In place of a main block."""
        states = self._family.carried(args, kwargs)
        full = self._decided(args, kwargs)
        if place == 0 and self._first is not None:
            states = self._first
        elif full and place < len(self._blocks):
            states = _states(self._blocks[place](*args, **kwargs))
        if place == self.places - 1:
            states = self._runtime.through_whole(self._first or self._entered, states)
        return self._family.handed_on(states)

    def control(self, block: nn.Module, args: tuple[Any, ...]) -> Any:
        """In place of a control block `(video, text, control, ...) -> (what it adds, control)`."""
        if self._decided(self._family.main_args(args), {}):
            return block(*args)
        return args[0].new_zeros(()), args[2]

    def _decided(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        if self._is_full is None:
            self._args, self._kwargs = args, kwargs
            self._entered = self._family.carried(args, kwargs)
            self._is_full = self._runtime.computes_whole(self)
        return self._is_full


class _Main(nn.Module):
    """Stands for a main block; the real one is not registered, so that weights keep their names."""

    def __init__(self, step: WholeStep, place: int) -> None:
        super().__init__()
        self._step, self._place = step, place

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self._step.main(self._place, args, kwargs)


class _Control(nn.Module):
    """Stands for a control block."""

    def __init__(self, step: WholeStep, block: nn.Module) -> None:
        super().__init__()
        self._held = (step, block)

    def forward(self, *args: Any) -> Any:
        step, block = self._held
        return step.control(block, args)


def stand_ins(
    runtime: CacheRuntime, blocks: nn.ModuleList, control: nn.ModuleList | None
) -> tuple[nn.ModuleList, nn.ModuleList | None]:
    """What stands for main and control blocks in one forward."""
    step = WholeStep(runtime, blocks)
    main = nn.ModuleList([_Main(step, place) for place in range(step.places)])
    if control is None:
        return main, None
    return main, nn.ModuleList([_Control(step, block) for block in control])


def _states(handed_on: Any) -> States:
    return handed_on if isinstance(handed_on, tuple) else (handed_on,)
