"""Parameters and FLOPs of Wan's VAE, by walking its layers in arithmetic.

A convolution with C_in, C_out and kernel k over P output positions costs 2 * C_in * C_out * prod(k) * P
FLOPs; the mid block's attention over n = h*w positions of one frame costs 4 * n^2 * C. The causal VAE works
on one latent frame at a time: the first makes 1 pixel frame and skips the temporal convolutions, each later
one makes all `temporal_factor` (AutoencoderKLWan of diffusers). Normalisation and activations are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

VAE_DEFAULTS: Mapping[str, Any] = {
    "base_dim": 96,
    "decoder_base_dim": None,
    "z_dim": 16,
    "dim_mult": [1, 2, 4, 4],
    "num_res_blocks": 2,
    "temperal_downsample": [False, True, True],  # diffusers' spelling
    "in_channels": 3,
    "out_channels": 3,
    "patch_size": None,
    "is_residual": False,
}


@dataclass(frozen=True)
class Layer:
    """One convolution (or the attention) at one resolution.

    Attributes:
        weights: C_in * C_out * prod(kernel); 0 for attention.
        bias: C_out, or C for a norm's gain.
        frames: output frames for one later latent frame; 0 on the first latent frame if `later_only`.
        first_frames: output frames for the first latent frame.
        rows: output height.
        columns: output width.
        attention: channels, if this is the attention.
    """

    weights: int
    bias: int
    frames: float
    first_frames: int
    rows: int
    columns: int
    attention: int = 0

    def flops(self, latent_frames: int) -> float:
        frames = self.first_frames + (latent_frames - 1) * self.frames
        positions = self.rows * self.columns
        if self.attention:
            return 4.0 * positions**2 * self.attention * frames
        return 2.0 * self.weights * positions * frames


@dataclass(frozen=True)
class VaeCost:
    """FLOPs of the two directions, parameters, and the largest activation in values."""

    encode_flops: float
    decode_flops: float
    parameters: int
    decode_peak_values: int


def vae_cost(
    vae: Mapping[str, Any], latent_frames: int, height: int, width: int, encoded_frames: int = 0
) -> VaeCost:
    """Cost of decoding a clip and encoding `encoded_frames` latent frames.

    Args:
        vae: constructor arguments of AutoencoderKLWan.
        latent_frames: of the clip.
        height: pixels.
        width: pixels.
        encoded_frames: latent frames that are encoded (1 for a first frame, all for Wan's image to video); 0:
            none.
    """
    patch = vae["patch_size"] or 1
    rows, columns = height // patch, width // patch
    decoder, encoder = list(_decoder(vae, rows, columns)), list(_encoder(vae, rows, columns))
    z = vae["z_dim"]
    quant = Layer(4 * z * z, 2 * z, 1, 1, *_latent_size(vae, rows, columns))
    post = Layer(z * z, z, 1, 1, *_latent_size(vae, rows, columns))
    everything = [*decoder, *encoder, quant, post]
    return VaeCost(
        encode_flops=sum(layer.flops(encoded_frames) for layer in [*encoder, quant])
        if encoded_frames
        else 0.0,
        decode_flops=sum(layer.flops(latent_frames) for layer in [*decoder, post]),
        parameters=sum(layer.weights + layer.bias for layer in everything),
        decode_peak_values=max(
            int(layer.bias * max(layer.frames, layer.first_frames) * layer.rows * layer.columns)
            for layer in decoder
        ),
    )


def _latent_size(vae: Mapping[str, Any], rows: int, columns: int) -> tuple[int, int]:
    factor = 2 ** (len(vae["dim_mult"]) - 1)
    return rows // factor, columns // factor


def _decoder(vae: Mapping[str, Any], rows: int, columns: int) -> Iterator[Layer]:
    base = vae["decoder_base_dim"] or vae["base_dim"]
    multipliers = list(vae["dim_mult"])
    dims = [base * u for u in [multipliers[-1], *multipliers[::-1]]]
    upsample = list(vae["temperal_downsample"])[::-1]
    h, w = _latent_size(vae, rows, columns)
    frames = 1.0
    yield _conv(vae["z_dim"], dims[0], 27, frames, 1, h, w)
    yield from _middle(dims[0], h, w)
    for level, (wide, out) in enumerate(pairwise(dims)):
        # Wan2.2's levels go on with all channels; their shortcuts have no weights
        inner = wide // 2 if level and not vae["is_residual"] else wide
        for _ in range(vae["num_res_blocks"] + 1):
            yield from _residual(inner, out, frames, 1, h, w)
            inner = out
        if level == len(multipliers) - 1:
            break
        if upsample[level]:
            yield _conv(out, 2 * out, 3, frames, 0, h, w)
            frames *= 2
        h, w = 2 * h, 2 * w
        yield _conv(out, out if vae["is_residual"] else out // 2, 9, frames, 1, h, w)
    yield _norm(dims[-1])
    yield _conv(dims[-1], vae["out_channels"], 27, frames, 1, h, w)


def _encoder(vae: Mapping[str, Any], rows: int, columns: int) -> Iterator[Layer]:
    multipliers = list(vae["dim_mult"])
    dims = [vae["base_dim"] * u for u in [1, *multipliers]]
    h, w = rows, columns
    # fed 1 and then 4 pixel frames at a time, whatever the temporal factor (AutoencoderKLWan._encode)
    frames = 4.0
    yield _conv(vae["in_channels"], dims[0], 27, frames, 1, h, w)
    for level, (narrow, out) in enumerate(pairwise(dims)):
        inner = narrow
        for _ in range(vae["num_res_blocks"]):
            yield from _residual(inner, out, frames, 1, h, w)
            inner = out
        if level == len(multipliers) - 1:
            break
        h, w = h // 2, w // 2
        yield _conv(out, out, 9, frames, 1, h, w)
        if vae["temperal_downsample"][level]:
            frames /= 2
            yield _conv(out, out, 3, frames, 0, h, w)
    yield from _middle(dims[-1], h, w, frames)
    yield _norm(dims[-1])
    yield _conv(dims[-1], 2 * vae["z_dim"], 27, frames, 1, h, w)


def _middle(dim: int, h: int, w: int, frames: float = 1.0) -> Iterator[Layer]:
    yield from _residual(dim, dim, frames, 1, h, w)
    yield _norm(dim)
    yield _conv(dim, 3 * dim, 1, frames, 1, h, w)
    yield Layer(0, 0, frames, 1, h, w, attention=dim)
    yield _conv(dim, dim, 1, frames, 1, h, w)
    yield from _residual(dim, dim, frames, 1, h, w)


def _residual(inner: int, out: int, frames: float, first: int, h: int, w: int) -> Iterator[Layer]:
    yield _norm(inner)
    yield _conv(inner, out, 27, frames, first, h, w)
    yield _norm(out)
    yield _conv(out, out, 27, frames, first, h, w)
    if inner != out:
        yield _conv(inner, out, 1, frames, first, h, w)


def _conv(inner: int, out: int, kernel: int, frames: float, first: int, h: int, w: int) -> Layer:
    return Layer(inner * out * kernel, out, frames, first, h, w)


def _norm(dim: int) -> Layer:
    return Layer(0, dim, 0, 0, 0, 0)
