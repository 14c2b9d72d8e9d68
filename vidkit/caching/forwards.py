"""What a decision and its execution need of a forward in progress."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from vidkit.hooks.token_grid import TokenGrid

States = tuple[Tensor, ...]  # what a block hands on: the video's tokens, and those of text or sound


class Forward(Protocol):
    """A forward's blocks, as a decision looks at them."""

    @property
    def hidden(self) -> Tensor:
        """Embedded tokens of the video, `[B, N, C]`."""
        ...

    @property
    def looked_at_first_layer(self) -> bool:
        """Whether the first block was computed for the decision."""
        ...

    def time(self, grid: TokenGrid) -> Tensor:
        """Time projection of every latent frame, `[B, F, D]`."""
        ...

    def first_layer(self) -> Tensor:
        """The video after the first block."""
        ...


class TokenForward(Forward, Protocol):
    """One in which some tokens may pass the blocks alone."""

    @property
    def text_tokens(self) -> int:
        """Tokens that the blocks are given beside the video's."""
        ...

    def everything(self) -> tuple[Tensor, Tensor]:
        """Where the kept residual begins, and what came out of the last block."""
        ...

    def some(self, index: Tensor | None) -> tuple[Tensor, Tensor]:
        """The same, where only these tokens `[B, U]` pass the blocks; other rows are as they came."""
        ...
