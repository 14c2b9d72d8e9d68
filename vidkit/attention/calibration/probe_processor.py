"""Stands on the probed layer's self-attention: measures all its probes at once, then replays one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from diffusers.models.attention_dispatch import dispatch_attention_fn
from torch import Tensor

from vidkit.attention.calibration.heads import HeadOutputs, SparseHeads
from vidkit.attention.processor import project, rotate
from vidkit.errors import ConfigError
from vidkit.hooks.token_grid import TokenGrid


class Measured(Exception):  # noqa: N818  (no error: it leaves a forward early)
    """The layer's attention is known; the rest of the forward is not needed."""


class ProbeProcessor:
    """Sits on the probed layer: measures its heads and candidates at once, then replays one choice."""

    def __init__(
        self, original: Any, heads: SparseHeads, layer: int, grid: TokenGrid | None,
        pairs: Sequence[tuple[int, int]],
    ) -> None:  # fmt: skip
        self.original, self.heads, self.layer, self.grid = original, heads, layer, grid
        self.pairs = list(pairs)
        self._attention_backend = original._attention_backend
        self._parallel_config = None
        self.outputs: HeadOutputs | None = None
        self.choice: tuple[int, int] | None = None

    def __call__(
        self, attn: Any, hidden_states: Tensor, encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None, rotary_emb: tuple[Tensor, Tensor] | None = None, **kwargs: Any,
    ) -> Tensor:  # fmt: skip
        if attention_mask is not None:
            raise ConfigError("block-causal attention cannot be calibrated: it runs dense",
                              "calibrate with bidirectional attention (causal_block_size unset)")  # fmt: skip
        if self.choice is None:
            self.outputs = self._measure(attn, hidden_states, rotary_emb)
            raise Measured
        assert self.outputs is not None
        mixed = self.outputs.dense.clone()
        mixed[:, :, self.choice[0]] = self.outputs.sparse[self.choice]
        result: Tensor = attn.to_out[1](attn.to_out[0](mixed.flatten(2, 3)))
        return result

    def _measure(self, attn: Any, hidden_states: Tensor, rotary: tuple[Tensor, Tensor] | None) -> HeadOutputs:
        q, k, v = project(attn, hidden_states)
        if rotary is not None:
            q, k = rotate(q, *rotary), rotate(k, *rotary)
        dense = dispatch_attention_fn(q, k, v, backend=self._attention_backend).type_as(q)
        return self.heads.outputs(dense, q, k, v, self.layer, self.grid, self.pairs)
