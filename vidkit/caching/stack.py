"""Stands for a transformer's main blocks during a forward, and runs as much of them as was decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from vidkit.caching.layers import Layers
from vidkit.caching.whole_step import stand_ins
from vidkit.hooks.families import ModelFamily

if TYPE_CHECKING:
    from vidkit.caching.runtime import CacheRuntime


class CachedStack(nn.Module):
    """The model's own forward calls this once instead of its blocks, so embedding and head stay its own.

    Args:
        blocks: the real ones; not registered, so that weights keep their names.
        runtime: decides.
    """

    def __init__(self, blocks: nn.ModuleList, runtime: CacheRuntime) -> None:
        super().__init__()
        self._real = (blocks,)
        self._runtime = (runtime,)

    def forward(self, hidden_states: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """Hidden states `[B, N, C]` after the last block, as far as they are computed."""
        runtime = self._runtime[0]
        return runtime.through(Layers(runtime, list(self._real[0]), hidden_states, args, kwargs))


class SwappedBlocks:
    """Puts others in place of the blocks for the length of a forward, and the blocks back.

    Args:
        model: transformer.
        family: where its blocks are, and whether single tokens may pass them.
    """

    def __init__(self, model: Any, family: ModelFamily) -> None:
        self._model, self._family = model, family
        self._real: dict[str, nn.ModuleList] = {}

    def swap(self, runtime: CacheRuntime) -> None:
        """A forward begins."""
        self.restore()
        family, name = self._family, self._family.control_name
        blocks = family.blocks(self._model)
        if family.token_wise:
            self._put(family.blocks_name, nn.ModuleList([CachedStack(blocks, runtime)]))
            return
        main, control = stand_ins(runtime, blocks, None if name is None else getattr(self._model, name))
        self._put(family.blocks_name, main)
        if name is not None and control is not None:
            self._put(name, control)

    def _put(self, name: str, blocks: nn.ModuleList) -> None:
        self._real[name] = getattr(self._model, name)
        self._model._modules[name] = blocks

    def restore(self) -> None:
        """A forward is over, or died on the way."""
        while self._real:
            name, blocks = self._real.popitem()
            self._model._modules[name] = blocks
