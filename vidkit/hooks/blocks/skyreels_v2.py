"""SkyReels-V2 run block by block: the same modules as its own forward, keys and values kept outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from diffusers.models.attention_dispatch import dispatch_attention_fn
from torch import Tensor

from vidkit.errors import ConfigError
from vidkit.hooks.blocks.rotary import rotary_tables, time_tables
from vidkit.hooks.blocks.skyreels_layer import halves, modulated, tokens_at
from vidkit.hooks.dense.processor import DenseAttnProcessor, attend_dense
from vidkit.hooks.families.wan import rotate
from vidkit.models.block_model import Entered, Exchange
from vidkit.models.transformer_cost import TransformerShape


@dataclass(frozen=True)
class _State:
    """What the layers read beside hidden states.

    Attributes:
        text: embedded prompt `[B, S, C]`.
        time: time embedding of every frame, `[B, m, C]`.
        modulation: its projection, `[B, m, 6, C]`.
        rotary: cosine and sine, `[1, P, 1, D]` each.
        per_frame: tokens of a frame.
        shape: frames, height and width of the latents.
    """

    text: Tensor
    time: Tensor
    modulation: Tensor
    rotary: tuple[Tensor, Tensor]
    per_frame: int
    shape: tuple[int, ...]


class SkyReelsBlocks:
    """Block model on a `SkyReelsV2Transformer3DModel` trained with diffusion forcing.

    Modulation is spread over the tokens of a frame by broadcasting, not by copies, and gathered where only
    some tokens are computed.

    Args:
        transformer: of diffusers.
        fps: index of the frame rate that it is told (0: 16, 1: 24), for models trained with it.
        text_tokens: of a prompt, padding included; for FLOPs only.

    Raises:
        ConfigError: an image branch, or layers that are moved to the device one at a time.
    """

    def __init__(self, transformer: Any, fps: int = 1, text_tokens: int = 512) -> None:
        if transformer.condition_embedder.image_embedder is not None:
            raise ConfigError(
                "block-by-block execution does not know the image branch of this transformer",
                "use a diffusion-forcing model (SkyReels-V2-DF), which takes a first frame as latents",
            )
        if moves_layers(transformer):
            raise ConfigError(
                "block-by-block execution does not go with layers that are moved one at a time",
                "set model.offload=none or model.offload=model",
            )
        self.transformer = transformer
        self.fps, self.text_tokens = fps, text_tokens
        self.layers = len(transformer.blocks)
        t, h, w = transformer.config.patch_size
        self.patch = (int(t), int(h), int(w))
        self._cost = TransformerShape.of(dict(transformer.config))

    def condition(self, text: Tensor) -> Tensor:
        """Embedded prompt, `[B, S, C]`."""
        embedded: Tensor = self.transformer.condition_embedder.text_embedder(text)
        return embedded

    def enter(self, latents: Tensor, levels: Tensor, condition: Any, first_frame: int) -> Entered:
        """Embed a block; levels are timesteps, 0..1000."""
        model = self.transformer
        frames, height, width = (size // p for size, p in zip(latents.shape[2:], self.patch, strict=True))
        hidden = model.patch_embedding(latents).flatten(2).transpose(1, 2)
        time, modulation = self._times(levels.reshape(1, -1), condition)
        per_frame = height * width
        cos, sin = rotary_tables(model.rope, first_frame // self.patch[0], (frames, height, width))
        frame_of = torch.arange(frames, device=hidden.device).repeat_interleave(per_frame)
        state = _State(condition, time, modulation, (cos, sin), per_frame, tuple(latents.shape[2:]))
        return Entered(hidden, frame_of, state, {"time": modulation.flatten(2), "embedded": hidden})

    def _times(self, levels: Tensor, text: Tensor) -> tuple[Tensor, Tensor]:
        """Time embedding `[B, m, C]` and its projection `[B, m, 6, C]`."""
        embedder = self.transformer.condition_embedder
        waves = self._waves(levels)
        waves = waves.to(next(embedder.time_embedder.parameters()).dtype)
        time = embedder.time_embedder(waves).type_as(text)
        projected = embedder.time_proj(embedder.act_fn(time)).unflatten(-1, (6, -1))
        return time, self._with_rate(projected)

    def _waves(self, levels: Tensor) -> Tensor:
        """Sinusoids of levels `[B, m]`, `[B, m, freq_dim]`."""
        made: Tensor = self.transformer.condition_embedder.timesteps_proj(levels)
        return made

    def _with_rate(self, projected: Tensor) -> Tensor:
        """The time projection with that of the frame rate, for models that are told it."""
        model = self.transformer
        if not model.config.inject_sample_info:
            return projected
        rate = torch.tensor([self.fps], dtype=torch.long, device=projected.device)
        told: Tensor = model.fps_projection(model.fps_embedding(rate)).unflatten(1, (6, -1))
        return projected + told

    def run_layers(
        self, entered: Entered, exchange: Exchange, rows: Tensor | None = None, stop: int | None = None
    ) -> Tensor:
        """Run the layers on some tokens of a block, or all."""
        state: _State = entered.state
        hidden, frames, (cos, sin) = entered.hidden, None, state.rotary
        if rows is not None:
            frames = entered.frame_of[rows]
            hidden, cos, sin = (tokens_at(x, rows) for x in (hidden, cos, sin))
        for layer, block in enumerate(self.transformer.blocks[:stop]):
            before, after = halves(block)
            q, k, v = before(block, hidden, state.modulation, cos, sin, state.per_frame, frames)
            keys, values = exchange(layer, k, v, q)
            heads = _attend(block.attn1.processor, q, keys, values)
            hidden = after(block, hidden, heads, state.modulation, state.text, state.per_frame, frames)
        return hidden

    def head(self, entered: Entered, hidden: Tensor, rows: Tensor | None = None) -> Tensor:
        """Velocities of tokens, `[B, n, D]`."""
        model = self.transformer
        time = entered.state.time
        table = model.scale_shift_table
        shift, scale = (table[:, i, None] + time for i in range(2))
        frames = None if rows is None else entered.frame_of[rows]
        normed = modulated(model.norm_out(hidden.float()), scale, shift, entered.state.per_frame, frames)
        out: Tensor = model.proj_out(normed.type_as(hidden))
        return out

    def to_latents(self, entered: Entered, velocities: Tensor) -> Tensor:
        """Tokens' velocities as latents `[B, C, m, h, w]`."""
        t, h, w = self.patch
        frames, height, width = entered.state.shape
        x = velocities.reshape(velocities.shape[0], frames // t, height // h, width // w, t, h, w, -1)
        return x.permute(0, 7, 1, 4, 2, 5, 3, 6).flatten(6, 7).flatten(4, 5).flatten(2, 3)

    def moved(self, keys: Tensor, frames: int) -> Tensor:
        """Keys `[B, n, H, D]` as if they lay so many frames of tokens later: rotations add up."""
        rope = self.transformer.rope
        cos, sin = time_tables(rope, torch.tensor([frames]))
        rest = (1, rope.h_dim + rope.w_dim)
        cos, sin = torch.cat([cos, cos.new_ones(rest)], 1), torch.cat([sin, sin.new_zeros(rest)], 1)
        return rotate(keys, cos[:, None], sin[:, None])

    def pass_flops(self, queries: float, keys: int, frames: int) -> float:
        """FLOPs of some tokens through all layers and the head, their prompt embedded once."""
        return self._cost.pass_flops(queries, keys, self.text_tokens, frames).total


def moves_layers(transformer: Any) -> bool:
    """Whether its layers are moved to the device one at a time, by forwards that are not called here."""
    registry = getattr(transformer, "_diffusers_hook", None)
    grouped = registry is not None and registry.get_hook("group_offloading") is not None
    return grouped or any(parameter.is_meta for parameter in transformer.parameters())


def _attend(processor: Any, q: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Attention by the kernel that the processor would use."""
    while not isinstance(processor, DenseAttnProcessor) and hasattr(processor, "original"):
        processor = processor.original
    if isinstance(processor, DenseAttnProcessor):
        return attend_dense(q, keys, values, processor.kernel)
    backend = getattr(processor, "_attention_backend", None)
    out: Tensor = dispatch_attention_fn(q, keys, values, backend=backend)
    return out
