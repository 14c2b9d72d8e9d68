"""MAGI-1's autoencoder: a vision transformer each way, 8 x 8 pixels and 4 frames to a latent."""

from __future__ import annotations

from typing import ClassVar

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.autoencoders.vae import DecoderOutput, DiagonalGaussianDistribution
from diffusers.models.modeling_outputs import AutoencoderKLOutput
from diffusers.models.modeling_utils import ModelMixin
from diffusers.utils.accelerate_utils import apply_forward_hook
from torch import Tensor

from vidkit.models.magi.tiling import Tiles, tiled
from vidkit.models.magi.vit import Decoder, Encoder


class AutoencoderKLMagi(ModelMixin, ConfigMixin):  # type: ignore[misc]
    """Autoencoder of MAGI-1. T pixel frames make T / 4 latent frames; the first is like any other.

    All tokens of what is encoded or decoded at once see each other, so tiles change the outcome a little;
    released weights were used with tiles of 12 frames of 256 x 256 pixels (`enable_tiling`).

    Args:
        in_channels: of pixels.
        out_channels: of pixels.
        z_dim: channels of a latent.
        embed_dim: width of both transformers.
        num_layers: of each.
        num_attention_heads: of each.
        mlp_ratio: inner width of the feed-forward over the width.
        patch_size: pixels a latent, along rows and columns.
        patch_length: frames a latent.
        sample_size: pixels a side of the clips that positions were learned on.
        sample_frames: frames of those clips.
        scaling_factor: latents of the transformer are this times the autoencoder's.
    """

    _supports_gradient_checkpointing = False
    _no_split_modules: ClassVar[list[str]] = ["MagiVaeBlock"]

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(
        self,
        in_channels: int = 3,
        out_channels: int = 3,
        z_dim: int = 16,
        embed_dim: int = 1024,
        num_layers: int = 24,
        num_attention_heads: int = 16,
        mlp_ratio: float = 4.0,
        patch_size: int = 8,
        patch_length: int = 4,
        sample_size: int = 256,
        sample_frames: int = 16,
        scaling_factor: float = 0.18215,
    ) -> None:
        super().__init__()
        patch = (patch_length, patch_size, patch_size)
        grid = (sample_frames // patch_length, sample_size // patch_size, sample_size // patch_size)
        if embed_dim % (patch_length * patch_size**2):
            raise ValueError(
                f"embed_dim={embed_dim} is not a multiple of a patch's {patch_length * patch_size**2} pixels"
            )
        inner = int(embed_dim * mlp_ratio)
        sizes = (z_dim, embed_dim, num_attention_heads, num_layers, inner, patch, grid)
        self.encoder = Encoder(in_channels, *sizes)
        self.decoder = Decoder(out_channels, *sizes)
        self.use_tiling = self.use_slicing = False
        self._tile, self._overlap = (12, 256, 256), 0.25

    def enable_tiling(
        self, frames: int = 12, height: int = 256, width: int = 256, overlap: float = 0.25
    ) -> None:
        """Work in tiles.

        Args:
            frames: pixel frames of a tile; tiles do not overlap in time.
            height: pixels.
            width: pixels.
            overlap: share of a tile's height and width that neighbours have in common.

        Raises:
            ValueError: tiles or overlaps that are not a whole number of latents.
        """
        length, patch = self.config.patch_length, self.config.patch_size
        strides = [side * (1 - overlap) for side in (height, width)]
        whole = frames % length == 0 and all(side % patch == 0 for side in (height, width, *strides))
        if min(frames, height, width) < 1 or not 0 <= overlap < 1 or not whole:
            raise ValueError(
                f"tiles of {frames} frames, {height}x{width}, overlap {overlap} are not a whole number of"
                f" latents ({length} frames, {patch} pixels)"
            )
        self.use_tiling, self._tile, self._overlap = True, (frames, height, width), overlap

    def disable_tiling(self) -> None:
        """Work on whole clips."""
        self.use_tiling = False

    def enable_slicing(self) -> None:
        """Work on one clip of a batch at a time."""
        self.use_slicing = True

    def disable_slicing(self) -> None:
        """Work on whole batches."""
        self.use_slicing = False

    @apply_forward_hook  # type: ignore[untyped-decorator]  # or offload would not bring the weights
    def encode(
        self, x: Tensor, return_dict: bool = True
    ) -> AutoencoderKLOutput | tuple[DiagonalGaussianDistribution]:
        """Distribution of latents `[B, z, T / 4, H / 8, W / 8]`, before scaling.

        Args:
            x: pixels in -1..1, `[B, 3, T, H, W]`; a single frame counts as four alike.
            return_dict: a plain tuple if not.

        Raises:
            ValueError: a size that is no whole number of patches.
        """
        length, patch = self.config.patch_length, self.config.patch_size
        if x.shape[2] == 1:
            x = x.expand(-1, -1, length, -1, -1)
        if x.shape[2] % length or x.shape[3] % patch or x.shape[4] % patch:
            raise ValueError(
                f"{x.shape[2]} frames of {x.shape[3]}x{x.shape[4]} are not a whole number of patches of"
                f" {length} frames, {patch} pixels"
            )
        moments = torch.cat([self._encode(part) for part in self._slices(x)])
        posterior = DiagonalGaussianDistribution(moments)
        return AutoencoderKLOutput(latent_dist=posterior) if return_dict else (posterior,)

    @apply_forward_hook  # type: ignore[untyped-decorator]  # or offload would not bring the weights
    def decode(self, z: Tensor, return_dict: bool = True) -> DecoderOutput | tuple[Tensor]:
        """Pixels `[B, 3, 4 F, 8 h, 8 w]` of latents `[B, z, F, h, w]`, before scaling; not clamped."""
        pixels = torch.cat([self._decode(part) for part in self._slices(z)])
        return DecoderOutput(sample=pixels) if return_dict else (pixels,)

    def forward(
        self, sample: Tensor, sample_posterior: bool = False, generator: torch.Generator | None = None
    ) -> DecoderOutput:
        """Pixels to latents and back."""
        (posterior,) = self.encode(sample, return_dict=False)
        z = posterior.sample(generator=generator) if sample_posterior else posterior.mode()
        return DecoderOutput(sample=self.decode(z, return_dict=False)[0])

    def _slices(self, x: Tensor) -> list[Tensor]:
        return list(torch.split(x, 1)) if self.use_slicing else [x]

    def _encode(self, x: Tensor) -> Tensor:
        if not self.use_tiling:
            out: Tensor = self.encoder(x)
            return out
        length, patch = self.config.patch_length, self.config.patch_size
        return tiled(x, Tiles(self._tile, self._stride(), (1 / length, 1 / patch, 1 / patch)), self.encoder)

    def _decode(self, z: Tensor) -> Tensor:
        if not self.use_tiling:
            out: Tensor = self.decoder(z)
            return out
        length, patch = self.config.patch_length, self.config.patch_size
        factors = (length, patch, patch)
        size = tuple(n // f for n, f in zip(self._tile, factors, strict=True))
        stride = tuple(n // f for n, f in zip(self._stride(), factors, strict=True))
        return tiled(z, Tiles(_three(size), _three(stride), (length, patch, patch)), self.decoder)

    def _stride(self) -> tuple[int, int, int]:
        frames, height, width = self._tile
        return frames, int(height * (1 - self._overlap)), int(width * (1 - self._overlap))


def _three(sizes: tuple[int, ...]) -> tuple[int, int, int]:
    return sizes[0], sizes[1], sizes[2]
