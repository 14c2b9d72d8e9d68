"""`AutoencoderKLWan` over whole clips at once, with temporal taps folded into channels.

diffusers runs this autoencoder chunk by chunk with feature caches: right for long videos, slow for short
ones (one launch per layer and chunk; on CPUs a slow 3-D convolution). The caches amount to a causal
convolution over the whole clip, so the same modules can be run over all frames at once, as 2-D convolutions
on channels-last memory. The result is the same to rounding; a test compares both. Memory grows with the
clip, so this is for clips that fit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKLWan
from torch import Tensor, nn

NormSilu = Callable[[Tensor, Tensor], Tensor]


def norm_silu(rows: Tensor, gamma: Tensor) -> Tensor:
    """RMS norm over the channels of `rows [R, C]`, then SiLU."""
    wide = rows.float()
    scale = wide.square().sum(1, keepdim=True).clamp_min(1e-24).rsqrt() * rows.shape[1] ** 0.5
    return F.silu(wide * scale * gamma).to(rows.dtype)


class WholeClip:
    """Whole-clip encoder and decoder of one autoencoder.

    Args:
        vae: an autoencoder of the Wan2.1 kind (no residual shortcuts, no patching).
        activation: norm and activation of `[R, C]` rows; training passes a compiled one.

    Raises:
        ValueError: an autoencoder this does not cover; see `supports`.
    """

    def __init__(self, vae: AutoencoderKLWan, activation: NormSilu = norm_silu) -> None:
        if not self.supports(vae):
            raise ValueError(
                "whole-clip passes cover AutoencoderKLWan without residual blocks, patches or extra attention"
            )
        self.vae = vae
        self.activation = activation

    @staticmethod
    def supports(vae: nn.Module) -> bool:
        """Whether `vae` is of the kind this class can run."""
        config: Any = getattr(vae, "config", None)
        plain = isinstance(vae, AutoencoderKLWan) and not config.is_residual and config.patch_size is None
        return bool(plain and not config.attn_scales)

    def encode(self, clip: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance [B, z, F, h, w] of RGB clips in [-1, 1], [B, 3, T, H, W] with T = 4k + 1."""
        encoder = self.vae.encoder
        x = _conv(encoder.conv_in, clip.permute(0, 2, 3, 4, 1).contiguous())
        for layer in encoder.down_blocks:
            x = self._block(layer, x) if hasattr(layer, "conv1") else _resample(layer, x)
        x = self._middle(encoder.mid_block, x)
        x = _conv(self.vae.quant_conv, _conv(encoder.conv_out, self._norm(encoder.norm_out, x)))
        mean, log_variance = x.permute(0, 4, 1, 2, 3).chunk(2, dim=1)
        return mean, log_variance.clamp(-30, 20)

    def decode(self, z: Tensor) -> Tensor:
        """RGB clips [B, 3, T, H, W] from latents [B, z, F, h, w]; not clamped, as training needs it."""
        decoder = self.vae.decoder
        x = _conv(decoder.conv_in, _conv(self.vae.post_quant_conv, z.permute(0, 2, 3, 4, 1).contiguous()))
        x = self._middle(decoder.mid_block, x)
        for block in decoder.up_blocks:
            for resnet in block.resnets:
                x = self._block(resnet, x)
            if block.upsamplers is not None:
                x = _resample(block.upsamplers[0], x)
        return _conv(decoder.conv_out, self._norm(decoder.norm_out, x)).permute(0, 4, 1, 2, 3)

    def _norm(self, module: Any, x: Tensor) -> Tensor:
        return self.activation(x.reshape(-1, x.shape[-1]), module.gamma.flatten()).view(x.shape)

    def _block(self, module: Any, x: Tensor) -> Tensor:
        h = _conv(module.conv1, self._norm(module.norm1, x))
        h = _conv(module.conv2, self._norm(module.norm2, h))
        return h + (x if isinstance(module.conv_shortcut, nn.Identity) else _conv(module.conv_shortcut, x))

    def _middle(self, module: Any, x: Tensor) -> Tensor:
        x = _attention(module.attentions[0], self._block(module.resnets[0], x))
        return self._block(module.resnets[1], x)


def _conv2d(x: Tensor, weight: Tensor, bias: Tensor | None, stride: int = 1, padding: int = 0) -> Tensor:
    """A 2-D convolution of every frame; x [B, T, H, W, C], contiguous."""
    flat = x.flatten(0, 1).permute(0, 3, 1, 2)
    out = F.conv2d(flat, weight, bias, stride=stride, padding=padding).permute(0, 2, 3, 1)
    return out.reshape(x.shape[0], x.shape[1], *out.shape[1:])


def _folded(weight: Tensor) -> Tensor:
    """Temporal taps as input channels: [O, I, 3, h, w] to [O, 3 I, h, w]."""
    return weight.permute(0, 2, 1, 3, 4).flatten(1, 2)


def _past(x: Tensor) -> Tensor:
    """Each frame beside the two before it, [B, T, H, W, 3 C]; zeros before the clip."""
    padded = torch.cat([torch.zeros_like(x[:, :1]).expand(-1, 2, -1, -1, -1), x], dim=1)
    return torch.cat([padded[:, k : k + x.shape[1]] for k in range(3)], dim=-1)


def _conv(module: Any, x: Tensor) -> Tensor:
    """A causal 3-D convolution with stride 1."""
    weight: Tensor = module.weight
    if weight.shape[2] == 1:
        return _conv2d(x, weight[:, :, 0], module.bias)
    return _conv2d(_past(x), _folded(weight), module.bias, padding=weight.shape[-1] // 2)


def _attention(module: Any, x: Tensor) -> Tensor:
    """Attention inside each frame, one head."""
    h = F.normalize(x.float(), dim=-1).to(x.dtype) * (module.norm.scale * module.norm.gamma.flatten())
    qkv = F.linear(h, module.to_qkv.weight[:, :, 0, 0], module.to_qkv.bias).flatten(0, 1).flatten(1, 2)
    q, k, v = qkv.unsqueeze(1).chunk(3, dim=-1)
    out = F.scaled_dot_product_attention(q, k, v).squeeze(1).view(x.shape)
    return F.linear(out, module.proj.weight[:, :, 0, 0], module.proj.bias) + x


def _resample(module: Any, x: Tensor) -> Tensor:
    if module.mode.startswith("upsample"):
        if module.mode == "upsample3d" and x.shape[1] > 1:
            # the first frame stays single; the others do not see it, as in the chunked path
            rest = _conv2d(_past(x[:, 1:]), _folded(module.time_conv.weight), module.time_conv.bias)
            pairs = torch.stack(rest.chunk(2, dim=-1), dim=2).flatten(1, 2)
            x = torch.cat([x[:, :1], pairs], dim=1)
        x = x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
        return _conv2d(x, module.resample[1].weight, module.resample[1].bias, padding=1)
    padded = F.pad(x, (0, 0, 0, 1, 0, 1))
    x = _conv2d(padded, module.resample[1].weight, module.resample[1].bias, stride=2)
    if module.mode == "downsample3d" and x.shape[1] > 1:
        taps = torch.cat([x[:, 0:-2:2], x[:, 1:-1:2], x[:, 2::2]], dim=-1)
        down = _conv2d(taps, _folded(module.time_conv.weight), module.time_conv.bias)
        x = torch.cat([x[:, :1], down], dim=1)
    return x
