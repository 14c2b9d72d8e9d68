"""Stands on the probed layer's self-attention: measures all its probes at once, then replays one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from diffusers.models.attention_dispatch import dispatch_attention_fn
from torch import Tensor

from vidkit.attention.calibration.heads import HeadOutputs, SparseHeads
from vidkit.errors import ConfigError
from vidkit.hooks.families import ModelFamily
from vidkit.hooks.named_arguments import NamedArguments
from vidkit.hooks.token_grid import TokenGrid


class Measured(Exception):  # noqa: N818  (no error: it leaves a forward early)
    """The layer's attention is known; the rest of the forward is not needed."""


class ProbeProcessor(NamedArguments):
    """Sits on the probed layer: measures its heads and candidates at once, then replays one choice."""

    def __init__(
        self,
        original: Any,
        family: ModelFamily,
        heads: SparseHeads,
        layer: int,
        grid: TokenGrid | None,
        pairs: Sequence[tuple[int, int]],
    ) -> None:
        self.original, self.heads, self.layer, self.grid = original, heads, layer, grid
        self.family, self.pairs = family, list(pairs)
        # of classes that take none, diffusers' default
        self._attention_backend = getattr(original, "_attention_backend", None)
        self._parallel_config = None
        self.outputs: HeadOutputs | None = None
        self.choice: tuple[int, int] | None = None
        self.after: Any = None

    def attention(self, attn: Any, hidden_states: Tensor, *args: Any, **kwargs: Any) -> Any:
        if not self.family.is_plain(*args, **kwargs):
            raise ConfigError(
                "block-causal attention cannot be calibrated: it runs dense",
                "calibrate with bidirectional attention (causal_block_size unset)",
            )
        if self.choice is None:
            self.outputs = self._measure(attn, hidden_states, *args, **kwargs)
            raise Measured
        assert self.outputs is not None
        mixed = self.outputs.dense.clone()
        mixed[:, :, self.choice[0]] = self.outputs.sparse[self.choice]
        return self.family.output(attn, mixed, self.after)

    def _measure(self, attn: Any, hidden_states: Tensor, *args: Any, **kwargs: Any) -> HeadOutputs:
        made = self.family.project(attn, hidden_states, *args, **kwargs)
        dense = dispatch_attention_fn(made.q, made.k, made.v, backend=self._attention_backend).type_as(made.q)
        self.after = made.after
        grid = None if self.grid is None else self.family.text.grid(self.grid, made.q.shape[1])
        return self.heads.outputs(dense, made.q, made.k, made.v, self.layer, grid, self.pairs)
