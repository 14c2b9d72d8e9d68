"""What a family says of its shapes: what a token is, which sizes fit, what a forward costs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from vidkit.models.transformer_cost import ForwardFlops
from vidkit.models.vae_cost import VaeCost

Config = Mapping[str, Any]  # constructor arguments in diffusers' names


@dataclass(frozen=True)
class Clip:
    """What of a request decides the cost of a forward.

    Attributes:
        tokens: of the video, N.
        text_tokens: that the prompt is padded to.
        seconds: how long the clip plays.
    """

    tokens: int
    text_tokens: int
    seconds: float


class Layout:
    """One family; stateless.

    Attributes:
        title: as users know it.
        transformer_defaults: constructor arguments that a config may leave out.
        vae_defaults: likewise.
        samplers: that its pipeline takes; the first is the published one.
        takes_shift: whether `shift` has an effect on its schedule.
        takes_control: whether it takes a control clip, a mask and reference images.
        fp32_vae: whether upstream recommends its VAE in fp32; otherwise it has the transformer's precision.
    """

    title: str = ""
    transformer_defaults: ClassVar[Config] = {}
    vae_defaults: ClassVar[Config] = {}
    samplers: tuple[str, ...] = ("euler",)
    takes_shift: bool = True
    takes_control: bool = False
    fp32_vae: bool = False

    def patch(self, transformer: Config) -> tuple[int, int, int]:
        """Latent frames, rows and columns of a token."""
        space = int(transformer["patch_size"])
        return int(transformer.get("patch_size_t") or 1), space, space

    def temporal_factor(self, vae: Config) -> int:
        """Pixel frames a latent frame."""
        raise NotImplementedError

    def spatial_factor(self, vae: Config) -> int:
        """Pixels a latent cell."""
        raise NotImplementedError

    def frame_step(self, transformer: Config, vae: Config) -> int:
        """Clips have a multiple of this many frames, and one."""
        return self.temporal_factor(vae)

    def token_frames(self, transformer: Config, latent_frames: int) -> int:
        """Frames of the token grid."""
        return latent_frames // self.patch(transformer)[0]

    def passes(self, transformer: Config, guidance: float) -> int:
        """Samples that a step passes through the transformer."""
        return 2 if guidance > 1 else 1

    def attention_layers(self, transformer: Config) -> int:
        """Layers of self-attention that a table of thresholds has rows for."""
        return int(transformer["num_layers"])

    def forward_flops(self, transformer: Config, clip: Clip) -> ForwardFlops:
        """FLOPs of one sample's forward, padding of the text included."""
        raise NotImplementedError

    def ends_flops(self, transformer: Config, clip: Clip) -> float:
        """Of a forward's FLOPs those outside its layers: embeddings and head."""
        return self.forward_flops({**transformer, "num_layers": 0}, clip).total

    def transformer_parameters(self, transformer: Config) -> int:
        """Every weight, norm and bias."""
        raise NotImplementedError

    def ffn_dim(self, transformer: Config) -> int:
        """Hidden width of the feed-forward layers."""
        return 4 * model_dim(transformer)

    def vae_cost(
        self,
        vae: Config,
        latent_frames: int,
        height: int,
        width: int,
        encoded_frames: int = 0,
        tiled: bool = False,
    ) -> VaeCost:
        """Cost of decoding a clip; `encoded_frames` latent frames are encoded.

        Args:
            vae: constructor arguments.
            latent_frames: of the clip.
            height: pixels.
            width: pixels.
            encoded_frames: of what is given.
            tiled: decoded in overlapping tiles.
        """
        raise NotImplementedError

    def text_tokens(self, transformer: Config, prompt_tokens: int) -> int:
        """Text tokens in a forward's attention, at most."""
        return prompt_tokens


def model_dim(transformer: Config) -> int:
    """Width of the tokens, d."""
    return int(transformer["num_attention_heads"]) * int(transformer["attention_head_dim"])


def linear_size(inner: int, out: int) -> int:
    """Parameters of a linear layer: weights and biases."""
    return inner * out + out


@dataclass
class Tally:
    """Parameters, FLOPs and the largest activation of a stack of convolutions, layer by layer.

    Attributes:
        parameters: weights, biases and gains.
        flops: a multiply-add is 2.
        peak_values: of the largest output.
    """

    parameters: int = 0
    flops: float = 0.0
    peak_values: int = 0

    def conv(self, inner: int, out: int, kernel: int, positions: int = 0, bias: bool = True) -> None:
        """A convolution or linear layer; `kernel`: number of its taps; `positions`: of its output."""
        self.parameters += inner * out * kernel + out * bias
        self.flops += 2.0 * inner * out * kernel * positions
        self.peak_values = max(self.peak_values, out * positions)

    def gain(self, count: int) -> None:
        """Parameters of a norm."""
        self.parameters += count

    def attention(self, positions: int, channels: int) -> None:
        """Softmax attention of all positions among each other."""
        self.flops += 4.0 * positions**2 * channels


def tiles(length: int, size: int, stride: int) -> list[int]:
    """Lengths of overlapping tiles along an axis."""
    return [min(size, length - begin) for begin in range(0, length, stride)]


def whole_cost(encoder: Tally, decoders: list[Tally]) -> VaeCost:
    """Of an encoder's parameters and the decoder's passes, one a tile."""
    return VaeCost(
        encode_flops=encoder.flops,
        decode_flops=math.fsum(one.flops for one in decoders),
        parameters=encoder.parameters + decoders[0].parameters,
        decode_peak_values=max(one.peak_values for one in decoders),
    )
