"""Attention shapes that are measured."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vidkit.errors import ConfigError
from vidkit.hooks.token_grid import TokenGrid


@dataclass(frozen=True)
class Shape:
    """Self-attention of one layer.

    Attributes:
        name: as printed.
        heads: H that are run.
        grid: token grid.
        head_dim: D.
        block: tokens of a block, both sides.
        clusters: SVG2's query and key clusters.
        stride: XAttention's.
    """

    name: str
    heads: int
    grid: TokenGrid
    head_dim: int = 128
    block: int = 128
    clusters: tuple[int, int] = (300, 1000)
    stride: int = 16

    @property
    def dense_flops(self) -> float:
        """Multiply-adds of dense attention, counted twice."""
        return 4.0 * self.heads * self.grid.tokens**2 * self.head_dim

    def qkv(self, device: torch.device, dtype: torch.dtype, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
        """Random q, k, v `[1, H, N, D]`, laid out like `[1, N, H, D]`."""
        generator = torch.Generator(device).manual_seed(seed)
        size = (1, self.grid.tokens, self.heads, self.head_dim)
        q, k, v = (
            torch.randn(size, generator=generator, device=device, dtype=torch.float32)
            .to(dtype)
            .transpose(1, 2)
            for _ in range(3)
        )
        return q, k, v


SHAPES = {
    s.name: s
    for s in (
        Shape("wan-1.3b-480p", 12, TokenGrid(21, 30, 52)),
        Shape("wan-1.3b-720p", 12, TokenGrid(21, 45, 80)),
        Shape("wan-14b-720p-8-of-40-heads", 8, TokenGrid(21, 45, 80)),
        Shape("maze", 4, TokenGrid(16, 12, 12), 64, 64, (16, 48)),
        Shape("odd", 2, TokenGrid(5, 11, 13), 64, 64, (8, 24)),
    )
}
ON_GPU = ("wan-1.3b-480p", "wan-1.3b-720p", "wan-14b-720p-8-of-40-heads")
ON_CPU = ("maze", "odd")


def shapes_for(device: torch.device, names: list[str] | None = None) -> list[Shape]:
    """Named shapes, or those that suit the device.

    Raises:
        ConfigError: unknown name.
    """
    wanted = names or list(ON_GPU if device.type == "cuda" else ON_CPU)
    for name in wanted:
        if name not in SHAPES:
            raise ConfigError(f"unknown shape '{name}'", f"choose from: {', '.join(SHAPES)}")
    return [SHAPES[name] for name in wanted]
