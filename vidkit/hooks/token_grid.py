"""Where the tokens of an attention call sit in the video."""

from __future__ import annotations

from dataclasses import dataclass


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
