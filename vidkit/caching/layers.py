"""A forward's main blocks, run one after the other on all tokens or on some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from torch import Tensor

from vidkit.hooks.token_grid import TokenGrid

if TYPE_CHECKING:
    from vidkit.caching.runtime import CacheRuntime


class Layers:
    """The blocks of one forward, and what is given to each."""

    def __init__(
        self,
        runtime: CacheRuntime,
        blocks: Sequence[Any],
        hidden: Tensor,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> None:
        self.runtime, self.blocks, self._hidden = runtime, blocks, hidden
        self.args, self.kwargs = args, dict(kwargs)
        self._first: Tensor | None = None
        self._gathered: Tensor | None = None

    @property
    def hidden(self) -> Tensor:
        """Embedded tokens, `[B, N, C]`."""
        return self._hidden

    @property
    def text_tokens(self) -> int:
        """Tokens of the prompt, those of an image included."""
        return int(self.args[0].shape[1])

    @property
    def looked_at_first_layer(self) -> bool:
        """Whether the first block was computed for the decision."""
        return self._first is not None

    def time(self, grid: TokenGrid) -> Tensor:
        """Time projection of every latent frame, `[B, F, D]`."""
        return self.runtime.family.frame_modulation(self.args, self.kwargs, grid)

    def first_layer(self) -> Tensor:
        """Hidden states after the first block, all tokens; computed once."""
        if self._first is None:
            self.runtime.prepare(None)
            self._first = self.blocks[0](self.hidden, *self.args, **self.kwargs)
        return self._whole_first()

    def everything(self) -> tuple[Tensor, Tensor]:
        """Where the kept residual begins, and what came out of the last block."""
        self.runtime.prepare(None)
        out, blocks = self.hidden, self.blocks
        if self._first is not None:
            out, blocks = self._first, blocks[1:]
        for block in blocks:
            out = block(out, *self.args, **self.kwargs)
        return self._base(), out

    def some(self, index: Tensor | None) -> tuple[Tensor, Tensor]:
        """The same, where only these tokens `[B, U]` pass the blocks; other rows are as they came."""
        base = self._base()
        if index is None:
            return base, base
        self.runtime.prepare(index)
        wide = index[..., None].expand(-1, -1, self.hidden.shape[2])
        part, args = self.hidden.gather(1, wide), self.runtime.family.token_args(self.args, index)
        for block in self.blocks:
            part = block(part, *args, **self.kwargs)
        return base, base.scatter(1, wide, part)

    def _base(self) -> Tensor:
        return self.hidden if self._first is None else self._whole_first()

    def _whole_first(self) -> Tensor:
        """All tokens after the first block, where ranks have some each."""
        assert self._first is not None
        whole = self.runtime.whole
        if whole is None:
            return self._first
        if self._gathered is None:
            self._gathered = whole(self._first)
        return self._gathered
