"""The two plain vision transformers that MAGI-1's autoencoder is made of."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

QKV_EPS = 1e-5  # beside the deviation, not under the root


class Attention(nn.Module):
    """Attention over all tokens; queries, keys and values are standardised over the channels of each head."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """`[B, N, C]` to the same."""
        qkv = self.qkv(x).view(*x.shape[:2], 3, self.heads, -1)
        wide = qkv.float()
        mean, deviation = wide.mean(-1, keepdim=True), wide.std(-1, keepdim=True, unbiased=False)
        qkv = ((wide - mean) / (deviation + QKV_EPS)).to(x.dtype)
        q, k, v = (part.transpose(1, 2) for part in qkv.unbind(2))
        out: Tensor = self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        return out


class FeedForward(nn.Module):
    """Two linear layers with GELU between."""

    def __init__(self, dim: int, inner: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, inner)
        self.fc2 = nn.Linear(inner, dim)

    def forward(self, x: Tensor) -> Tensor:
        """`[B, N, C]` to the same."""
        out: Tensor = self.fc2(F.gelu(self.fc1(x)))
        return out


class MagiVaeBlock(nn.Module):
    """A layer: attention without a norm before it, then a normed feed-forward, both added."""

    def __init__(self, dim: int, heads: int, inner: int) -> None:
        super().__init__()
        self.attn = Attention(dim, heads)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = FeedForward(dim, inner)

    def forward(self, x: Tensor) -> Tensor:
        """`[B, N, C]` to the same."""
        x = x + self.attn(x)
        out: Tensor = x + self.mlp(self.norm2(x))
        return out


class _Tower(nn.Module):
    """Class token, learned positions, layers, norm."""

    def __init__(self, dim: int, heads: int, layers: int, inner: int, grid: tuple[int, int, int]) -> None:
        super().__init__()
        self.grid = grid  # of the learned positions: frames, rows, columns
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, grid[0] * grid[1] * grid[2] + 1, dim))
        self.blocks = nn.ModuleList(MagiVaeBlock(dim, heads, inner) for _ in range(layers))
        self.norm = nn.LayerNorm(dim)

    def run(self, x: Tensor, grid: tuple[int, int, int]) -> Tensor:
        """Tokens `[B, N, C]` on a grid, without the class token in the end."""
        token = self.cls_token.expand(x.shape[0], -1, -1)
        x = torch.cat((token, x), dim=1) + self.positions(grid)
        for block in self.blocks:
            x = block(x)
        out: Tensor = self.norm(x)[:, 1:]
        return out

    def positions(self, grid: tuple[int, int, int]) -> Tensor:
        """Learned positions `[1, N + 1, C]`, interpolated where the grid is another."""
        if grid == self.grid:
            return self.pos_embed
        places = self.pos_embed[:, 1:].view(1, *self.grid, -1).permute(0, 4, 1, 2, 3).float()
        places = F.interpolate(places, size=grid, mode="trilinear", align_corners=False)
        places = places.flatten(2).transpose(1, 2).to(self.pos_embed.dtype)
        return torch.cat((self.pos_embed[:, :1], places), dim=1)


class _PatchEmbed(nn.Module):
    def __init__(self, channels: int, dim: int, patch: tuple[int, int, int]) -> None:
        super().__init__()
        self.proj = nn.Conv3d(channels, dim, patch, stride=patch)


class Encoder(_Tower):
    """Pixels to the moments of latents."""

    def __init__(
        self,
        channels: int,
        z_dim: int,
        dim: int,
        heads: int,
        layers: int,
        inner: int,
        patch: tuple[int, int, int],
        grid: tuple[int, int, int],
    ) -> None:
        super().__init__(dim, heads, layers, inner, grid)
        self.patch_embed = _PatchEmbed(channels, dim, patch)
        self.last_layer = nn.Linear(dim, 2 * z_dim)

    def forward(self, pixels: Tensor) -> Tensor:
        """Moments `[B, 2 z, F, h, w]` of pixels `[B, 3, T, H, W]`."""
        x = self.patch_embed.proj(pixels)
        grid = (x.shape[2], x.shape[3], x.shape[4])
        x = self.last_layer(self.run(x.flatten(2).transpose(1, 2), grid))
        moments: Tensor = x.transpose(1, 2).reshape(x.shape[0], -1, *grid)
        return moments


class Decoder(_Tower):
    """Latents to pixels: every token makes a patch of a few channels, a convolution makes them RGB."""

    def __init__(
        self,
        channels: int,
        z_dim: int,
        dim: int,
        heads: int,
        layers: int,
        inner: int,
        patch: tuple[int, int, int],
        grid: tuple[int, int, int],
    ) -> None:
        super().__init__(dim, heads, layers, inner, grid)
        self.patch = patch
        self.proj_in = nn.Linear(z_dim, dim)
        self.last_layer = nn.Conv3d(dim // (patch[0] * patch[1] * patch[2]), channels, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        """Pixels `[B, 3, T, H, W]` of latents `[B, z, F, h, w]`."""
        grid = (z.shape[2], z.shape[3], z.shape[4])
        x = self.run(self.proj_in(z.flatten(2).transpose(1, 2)), grid)
        x = x.view(x.shape[0], *grid, *self.patch, -1).permute(0, 7, 1, 4, 2, 5, 3, 6)
        out: Tensor = self.last_layer(x.flatten(6, 7).flatten(4, 5).flatten(2, 3))
        return out
