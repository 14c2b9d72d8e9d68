"""Causal VAEs decoding a clip in parts, as latents come: their caches stay between the parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import WanCausalConv3d, unpatchify
from torch import Tensor


class StreamDecoder:
    """`AutoencoderKLWan` part by part; together the parts are what a decoding of all latents at once gives.

    Args:
        vae: of diffusers; its own caches are not touched, so that it may be used for other things meanwhile.
        at_once: latent frames that pass the decoder together, from the second on; memory grows with them.
        compiler: compiles the steps behind the first three, which all have the same shapes; None: nothing is.
    """

    def __init__(
        self, vae: Any, at_once: int = 1, compiler: Callable[[Callable[..., Any]], Any] | None = None
    ) -> None:
        self.vae, self._at_once = vae, at_once
        count = sum(isinstance(part, WanCausalConv3d) for part in vae.decoder.modules())
        self._caches: list[Any] = [None] * count
        self._calls = 0
        self._compiled = None if compiler is None else compiler(self._steady)

    def parts(self, latents: Tensor) -> Sequence[Tensor]:
        """Latents `[B, z, F, h, w]` as `push` may take them one after the other: a frame each."""
        return torch.split(latents, 1, dim=2)

    @torch.no_grad()
    def push(self, latents: Tensor) -> Tensor:
        """Pictures of the next latent frames.

        Args:
            latents: as the VAE takes them, `[B, z, n, h, w]`.

        Returns:
            RGB in [-1, 1], `[B, 3, T, H, W]`; T = 4 n, and 4 n - 3 for the clip's first part (Wan2.1).
        """
        onload(self.vae)
        z = self.vae.post_quant_conv(latents)
        parts = []
        if not self._calls:  # the first latent frame is a single picture
            parts.append(self._decode(z[:, :, :1], first_chunk=True))
            z = z[:, :, 1:]
        parts += [self._decode(frames) for frames in z.split(self._at_once, dim=2)] if z.shape[2] else []
        made = torch.cat(parts, dim=2)
        if self.vae.config.patch_size is not None:
            made = unpatchify(made, patch_size=self.vae.config.patch_size)
        return made.clamp(-1, 1)

    def _decode(self, z: Tensor, **first: bool) -> Tensor:
        made: Tensor
        # by then caches are as long as they will be, and laid out in memory as they will be
        steady = self._calls >= 3 and z.shape[2] == self._at_once
        self._calls += 1
        if self._compiled is not None and steady:
            made, self._caches = self._compiled(z, self._caches)
        else:
            made = self.vae.decoder(z, feat_cache=self._caches, feat_idx=[0], **first)
        return made

    def _steady(self, z: Tensor, caches: list[Any]) -> tuple[Tensor, list[Any]]:
        """A step that hands its caches on instead of changing a list: one graph, whatever came before."""
        kept = list(caches)
        made: Tensor = self.vae.decoder(z, feat_cache=kept, feat_idx=[0])
        return made, kept


def channels_last(vae: Any) -> None:
    """Lay the decoder's weights out with channels last, for which GPUs have faster convolutions.

    Pictures differ by rounding.
    """
    for part in vae.decoder.modules():
        weight = getattr(part, "weight", None)
        if isinstance(part, torch.nn.Conv2d | torch.nn.Conv3d) and weight is not None:
            layout = torch.channels_last if weight.dim() == 4 else torch.channels_last_3d
            weight.data = weight.data.contiguous(memory_format=layout)


class CogVideoXStreamDecoder:
    """`AutoencoderKLCogVideoX` part by part, cut where the VAE itself cuts: other cuts give other pictures.

    Args:
        vae: of diffusers.
    """

    def __init__(self, vae: Any) -> None:
        self.vae = vae
        self._cache: Any = None

    def parts(self, latents: Tensor) -> Sequence[Tensor]:
        """Latents `[B, z, F, h, w]` two frames at a time; an odd one goes with the first."""
        frames, size = latents.shape[2], self.vae.num_latent_frames_batch_size
        first = min(frames, size + frames % size)
        return torch.split(latents, [first, *[size] * ((frames - first) // size)], dim=2)

    @torch.no_grad()
    def push(self, latents: Tensor) -> Tensor:
        """Pictures of the next part; RGB in about [-1, 1], `[B, 3, T, H, W]`."""
        onload(self.vae)
        z = latents if self.vae.post_quant_conv is None else self.vae.post_quant_conv(latents)
        made: Tensor
        made, self._cache = self.vae.decoder(z, conv_cache=self._cache)
        return made


def onload(vae: Any) -> None:
    """Bring a VAE that is offloaded as a whole to its device, as its own `decode` would."""
    hook = getattr(vae, "_hf_hook", None)
    if hook is not None and hasattr(hook, "pre_forward"):
        hook.pre_forward(vae)
