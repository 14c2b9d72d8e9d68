"""The attention processor that sits on `attn1` of Wan-family transformers."""

from __future__ import annotations

import copy
from typing import Any

import torch
from diffusers.models.attention_dispatch import dispatch_attention_fn
from torch import Tensor

from vidkit.attention.checkpoint import refuse_in_backward
from vidkit.attention.compiled import attend_in_graph, new_key
from vidkit.attention.reuse import pool
from vidkit.attention.runtime import SparseRuntime
from vidkit.errors import ConfigError
from vidkit.hooks.not_pickled import NotPickled


class SparseAttnProcessor(NotPickled):
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
        self.key = new_key(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> SparseAttnProcessor:
        original, runtime = copy.deepcopy(self.original, memo), copy.deepcopy(self.runtime, memo)
        return SparseAttnProcessor(original, self.layer, runtime)

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
        runtime = self.runtime
        if (
            encoder_hidden_states is not None
            or attention_mask is not None
            # a graph that holds every phase must not be compiled again for each: in_graph is looked at first
            or not (runtime.in_graph or runtime.sparse)
        ):
            if not torch.compiler.is_compiling() and runtime.recording is None:
                refuse_in_backward(runtime)
            dense: Tensor = self.original(
                attn, hidden_states, encoder_hidden_states, attention_mask, rotary_emb, **kwargs
            )
            return dense
        if runtime.in_graph:
            refuse_unknown(self.original)
        q, k, v = project(attn, hidden_states)
        raw = (q, k) if runtime.policy.pre_rope else (None, None)
        if rotary_emb is not None:
            q, k = rotate(q, *rotary_emb), rotate(k, *rotary_emb)
        attend = attend_in_graph if torch.compiler.is_compiling() else SparseAttnProcessor.attend
        out = attend(self, q, k, v, *raw).flatten(2, 3).type_as(q)
        out = attn.to_out[0](out)
        result: Tensor = attn.to_out[1](out)
        return result

    def attend(
        self, q: Tensor, k: Tensor, v: Tensor, raw_q: Tensor | None = None, raw_k: Tensor | None = None
    ) -> Tensor:
        """Attention as the phase of the forward wants it.

        Args:
            q: `[B, N, H, D]` after norm and RoPE.
            k: `[B, N, H, D]`.
            v: `[B, N, H, D]`.
            raw_q: q before RoPE, where drift is measured there.
            raw_k: likewise.

        Returns:
            `[B, N, H, D]`.
        """
        if not self.runtime.sparse:  # a compiled transformer finds out here
            dense: Tensor = dispatch_attention_fn(q, k, v, backend=self._attention_backend)
            return dense
        pooled = None
        if raw_q is not None and raw_k is not None:
            pooled = pool(raw_q.transpose(1, 2), raw_k.transpose(1, 2))
        q, k, v = (x.transpose(1, 2) for x in (q, k, v))
        return self.runtime.attend(q, k, v, self.layer, pooled).transpose(1, 2)


# processors whose dense attention is project, rotate and dispatch, as here
KNOWN = ("WanAttnProcessor", "SkyReelsV2AttnProcessor")


def refuse_unknown(original: Any) -> None:
    """Raise where a whole compiled graph would have to hold a dense phase that only the original knows."""
    if type(original).__name__ not in KNOWN:
        raise ConfigError(
            f"the dense phase of {type(original).__name__} cannot be part of one compiled graph",
            "compile its blocks instead: transformer.compile_repeated_blocks(fullgraph=True)",
        )


def refuse_parallelism(config: Any) -> None:
    """Raise where tokens or heads are split over devices, which masks and reuse know nothing of."""
    if config is not None:
        raise ConfigError(
            "sparse attention does not run under context parallelism",
            "disable it (attention=dense) or run on one device",
        )


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
