"""Where the tokens of an attention call sit in the video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class TokenGrid:
    """Token grid of one transformer call, raster order (frame, row, column).

    Attributes:
        frames: latent frames after patching.
        rows: token rows per frame.
        columns: tokens per row.
        before: tokens of text before the video in the same attention.
        after: tokens of text behind it.
    """

    frames: int
    rows: int
    columns: int
    before: int = 0
    after: int = 0

    @property
    def per_frame(self) -> int:
        """Tokens of one frame."""
        return self.rows * self.columns

    @property
    def tokens(self) -> int:
        """Tokens of the whole grid, N without text."""
        return self.frames * self.per_frame


def patched(velocity: Tensor, grid: TokenGrid) -> Tensor:
    """`[B, C, F, H, W]` to one row a token, `[B, N, D]`."""
    B, C, F, H, W = velocity.shape
    t, h, w = F // grid.frames, H // grid.rows, W // grid.columns
    cells = velocity.view(B, C, grid.frames, t, grid.rows, h, grid.columns, w)
    return cells.permute(0, 2, 4, 6, 1, 3, 5, 7).reshape(B, grid.tokens, C * t * h * w)


def unpatched(tokens: Tensor, shape: Sequence[int], grid: TokenGrid) -> Tensor:
    """The other way; shape `(B, C, F, H, W)`."""
    B, C, F, H, W = shape
    t, h, w = F // grid.frames, H // grid.rows, W // grid.columns
    cells = tokens.view(B, grid.frames, grid.rows, grid.columns, C, t, h, w)
    return cells.permute(0, 4, 1, 5, 2, 6, 3, 7).reshape(B, C, F, H, W)
