"""Stands for a transformer's main blocks during a forward, and runs as much of them as was decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

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
        return self._runtime[0].through(list(self._real[0]), hidden_states, args, kwargs)


class SwappedBlocks:
    """Puts a stack in place of the blocks for the length of a forward, and the blocks back."""

    def __init__(self, model: Any, name: str) -> None:
        self._model, self._name = model, name
        self._real: nn.ModuleList | None = None

    def swap(self, runtime: CacheRuntime) -> None:
        """A forward begins."""
        self.restore()
        self._real = getattr(self._model, self._name)
        self._model._modules[self._name] = nn.ModuleList([CachedStack(self._real, runtime)])

    def restore(self) -> None:
        """A forward is over, or died on the way."""
        if self._real is not None:
            self._model._modules[self._name], self._real = self._real, None
