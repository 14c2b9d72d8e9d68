"""The attention processor that sits on `attn1` of Wan-family transformers."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from vidkit.attention.reuse import Pooled, pool
from vidkit.attention.runtime import SparseRuntime
from vidkit.errors import ConfigError


class SparseAttnProcessor:
    """Self-attention through the runtime; everything else through the processor it replaced.

    Cross-attention, masked attention (block-causal models) and dense phases go to the original processor, so
    they are the very same computation as without us.

    Args:
        original: the processor found on the module; `disable` puts this object back.
        layer: index of the transformer block.
        runtime: state and policy.
    """

    def __init__(self, original: Any, layer: int, runtime: SparseRuntime) -> None:
        self.original, self.layer, self.runtime = original, layer, runtime

    # diffusers sets these two on every processor (set_attention_backend, enable_parallelism)
    @property
    def _attention_backend(self) -> Any:
        return self.original._attention_backend

    @_attention_backend.setter
    def _attention_backend(self, value: Any) -> None:
        self.original._attention_backend = value

    @property
    def _parallel_config(self) -> Any:
        return self.original._parallel_config

    @_parallel_config.setter
    def _parallel_config(self, value: Any) -> None:
        refuse_parallelism(value)
        self.original._parallel_config = value

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        rotary_emb: tuple[Tensor, Tensor] | None = None,
        **kwargs: Any,
    ) -> Tensor:
        """Same contract as diffusers' WanAttnProcessor; hidden_states `[B, N, C]`."""
        if encoder_hidden_states is not None or attention_mask is not None or not self.runtime.sparse:
            dense: Tensor = self.original(
                attn, hidden_states, encoder_hidden_states, attention_mask, rotary_emb, **kwargs
            )
            return dense
        q, k, v = project(attn, hidden_states)
        before = (q, k)
        if rotary_emb is not None:
            q, k = rotate(q, *rotary_emb), rotate(k, *rotary_emb)
        out = _attend(self, q, k, v, *before).flatten(2, 3).type_as(q)
        out = attn.to_out[0](out)
        result: Tensor = attn.to_out[1](out)
        return result


def refuse_parallelism(config: Any) -> None:
    """Raise where tokens or heads are split over devices, which masks and reuse know nothing of."""
    if config is not None:
        raise ConfigError(
            "sparse attention does not run under context parallelism",
            "disable it (attention=dense) or run on one device",
        )


@torch.compiler.disable  # type: ignore[untyped-decorator]
def _attend(
    processor: SparseAttnProcessor, q: Tensor, k: Tensor, v: Tensor, raw_q: Tensor, raw_k: Tensor
) -> Tensor:
    """Cross into the runtime, outside compiled graphs; `[B, N, H, D]` in and out.

    Takes the processor, not its layer number: a number in the graph would recompile the block for each layer.
    """
    runtime = processor.runtime
    pooled: Pooled | None = None
    if runtime.policy.pre_rope:
        pooled = pool(raw_q.transpose(1, 2), raw_k.transpose(1, 2))
    q, k, v = (x.transpose(1, 2) for x in (q, k, v))
    return runtime.attend(q, k, v, processor.layer, pooled).transpose(1, 2)


def project(attn: Any, hidden_states: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Q, K, V `[B, N, H, D]` of a self-attention module, normed, before rotary embedding."""
    if getattr(attn, "fused_projections", False):
        q, k, v = attn.to_qkv(hidden_states).chunk(3, dim=-1)
    else:
        q, k, v = attn.to_q(hidden_states), attn.to_k(hidden_states), attn.to_v(hidden_states)
    q, k = attn.norm_q(q), attn.norm_k(k)
    q, k, v = (x.unflatten(2, (attn.heads, -1)) for x in (q, k, v))
    return q, k, v


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary embedding of neighbouring pairs; x `[B, N, H, D]`, doubled tables `[1, N, 1, D]`."""
    even, odd = x.reshape(*x.shape[:-1], -1, 2).unbind(-1)
    c, s = cos[..., 0::2], sin[..., 1::2]
    return torch.stack((even * c - odd * s, even * s + odd * c), dim=-1).flatten(-2).type_as(x)
