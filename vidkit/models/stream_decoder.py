"""`AutoencoderKLWan` decoding a clip in parts, as latents come: its causal caches stay between the parts."""

from __future__ import annotations

from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import WanCausalConv3d, unpatchify
from torch import Tensor


class StreamDecoder:
    """Decodes latents part by part; together the parts are what a decoding of all latents at once gives.

    Args:
        vae: of diffusers; its own caches are not touched, so that it may be used for other things meanwhile.
    """

    def __init__(self, vae: Any) -> None:
        self.vae = vae
        count = sum(isinstance(part, WanCausalConv3d) for part in vae.decoder.modules())
        self._caches: list[Any] = [None] * count
        self._begun = False

    @torch.no_grad()
    def push(self, latents: Tensor) -> Tensor:
        """Pictures of the next latent frames.

        Args:
            latents: as the VAE takes them, `[B, z, n, h, w]`.

        Returns:
            RGB in [-1, 1], `[B, 3, T, H, W]`; T = 4 n, and 4 n - 3 for the clip's first part (Wan2.1).
        """
        z = self.vae.post_quant_conv(latents)
        parts = []
        if not self._begun:  # the first latent frame is a single picture
            parts.append(self._decode(z[:, :, :1], first_chunk=True))
            self._begun, z = True, z[:, :, 1:]
        # one at a time, as the VAE itself does: more at once would take more memory, and save little
        parts += [self._decode(frame) for frame in z.split(1, dim=2)] if z.shape[2] else []
        made = torch.cat(parts, dim=2)
        if self.vae.config.patch_size is not None:
            made = unpatchify(made, patch_size=self.vae.config.patch_size)
        return made.clamp(-1, 1)

    def _decode(self, z: Tensor, **first: bool) -> Tensor:
        made: Tensor = self.vae.decoder(z, feat_cache=self._caches, feat_idx=[0], **first)
        return made
