"""MAGI-1 run chunk by chunk: the same modules as its own forward, keys and values kept outside."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from vidkit.errors import ConfigError
from vidkit.models.block_model import Entered, Exchange
from vidkit.models.magi.block import Piece
from vidkit.models.magi.cost import MagiShape
from vidkit.models.magi.transformer import MagiCaption, MagiText


@dataclass(frozen=True)
class MagiCondition:
    """What a chunk's layers read beside its noise level.

    Attributes:
        caption: of the chunk.
        step_size: of distilled models, see `MagiTransformer3DModel.condition_of`.
    """

    caption: MagiCaption
    step_size: float | None = None


@dataclass(frozen=True)
class _State:
    """A chunk on its way.

    Attributes:
        caption: of the chunk.
        condition: noise level and caption's part, `[B, condition_dim]`.
        rotary: cosines and sines, `[P, R]` each.
        grid: frames, rows and columns of tokens.
    """

    caption: MagiCaption
    condition: Tensor
    rotary: tuple[Tensor, Tensor]
    grid: tuple[int, int, int]


class MagiBlocks:
    """Block model on a `MagiTransformer3DModel`; a block is a chunk.

    Args:
        transformer: its layers on one device.
        text_tokens: of a caption; for FLOPs only.

    Raises:
        ConfigError: layers that are moved to the device one at a time.
    """

    def __init__(self, transformer: Any, text_tokens: int = 800) -> None:
        registry = getattr(transformer, "_diffusers_hook", None)
        grouped = registry is not None and registry.get_hook("group_offloading") is not None
        if grouped or any(parameter.is_meta for parameter in transformer.parameters()):
            raise ConfigError(
                "block-by-block execution does not go with layers that are moved one at a time",
                "set model.offload=none or model.offload=model",
            )
        self.transformer, self.text_tokens = transformer, text_tokens
        self.layers: int = transformer.layers
        self.patch: tuple[int, int, int] = transformer.patch
        self._cost = MagiShape.of(dict(transformer.config))

    def condition(self, text: Tensor | MagiText, step_size: float | None = None) -> MagiCondition:
        """What the layers read of a caption `[B, S, text_dim]`."""
        given = MagiText(text) if isinstance(text, Tensor) else text
        return MagiCondition(self.transformer.caption(given), step_size)

    def enter(self, latents: Tensor, levels: Tensor, condition: Any, first_frame: int) -> Entered:
        """Embed a chunk; levels are t of its frames, 0 noise .. 1 clean, all alike.

        Raises:
            ConfigError: frames at different levels.
        """
        level = levels.flatten()[:1]
        if not bool((levels == level).all()):
            raise ConfigError(
                "frames of a chunk are at different noise levels, and MAGI-1 takes one per chunk",
                "choose blocks of whole chunks",
            )
        hidden = self.transformer.embed(latents)
        grid = self.transformer.grid(latents)
        rotary = self.transformer.rope(first_frame // self.patch[0], *grid)
        batch = latents.shape[0]
        vector = self.transformer.condition_of(level.expand(batch), condition.caption, condition.step_size)
        per_frame = grid[1] * grid[2]
        frame_of = torch.arange(grid[0], device=hidden.device).repeat_interleave(per_frame)
        state = _State(condition.caption, vector, rotary, grid)
        time = vector.unsqueeze(1).expand(-1, grid[0], -1)
        return Entered(hidden, frame_of, state, {"time": time, "embedded": hidden})

    def run_layers(
        self, entered: Entered, exchange: Exchange, rows: Tensor | None = None, stop: int | None = None
    ) -> Tensor:
        """Run the layers on some tokens of a chunk, or all."""
        state: _State = entered.state
        hidden, rotary = entered.hidden, state.rotary
        if rows is not None:
            hidden, rotary = hidden[:, rows], (rotary[0][rows], rotary[1][rows])
        caption = state.caption
        piece = Piece(0, hidden.shape[1], state.condition, caption.text, caption.mask)
        for layer, block in enumerate(self.transformer.blocks[:stop]):
            hidden = block(hidden, rotary, [piece], [functools.partial(exchange, layer)])
        return hidden

    def head(self, entered: Entered, hidden: Tensor, rows: Tensor | None = None) -> Tensor:
        """Velocities of tokens, `[B, n, D]`, fp32; it treats all tokens alike, whichever they are."""
        out: Tensor = self.transformer.project_out(hidden)
        return out

    def to_latents(self, entered: Entered, velocities: Tensor) -> Tensor:
        """Tokens' velocities as latents `[B, C, m, h, w]`."""
        out: Tensor = self.transformer.unpatch(velocities, *entered.state.grid)
        return out

    def pass_flops(self, queries: float, keys: int, frames: int) -> float:
        """FLOPs of some tokens through all layers and the head."""
        return self._cost.pass_flops(queries, keys, self.text_tokens).total

    @property
    def token_values(self) -> int:
        """D, values of a token's velocity."""
        config = self.transformer.config
        return int(config.out_channels) * math.prod(self.patch) * (2 if config.duplicate_channels else 1)
