"""The attention processor that sits on the self-attention of a transformer."""

from __future__ import annotations

import copy
from typing import Any

import torch
from diffusers.models.attention_dispatch import dispatch_attention_fn
from torch import Tensor

from vidkit.attention.compiled import attend_in_graph
from vidkit.attention.drift import pool
from vidkit.attention.runtime import SparseRuntime
from vidkit.errors import ConfigError
from vidkit.hooks.checkpoint import refuse_in_backward
from vidkit.hooks.dense.processor import DenseAttnProcessor, attend_dense
from vidkit.hooks.families import ModelFamily
from vidkit.hooks.graph import new_key
from vidkit.hooks.named_arguments import NamedArguments
from vidkit.hooks.not_pickled import NotPickled


class SparseAttnProcessor(NamedArguments, NotPickled):
    """Self-attention through the runtime; everything else through the processor it replaced.

    Cross-attention, masked attention (block-causal models) and dense phases go to the original processor, so
    they are the very same computation as without us.

    Args:
        original: the processor found on the module; `disable` puts this object back.
        layer: index of the layer in its family's order.
        runtime: state and policy.
        family: of the transformer.
    """

    what = "sparse attention"

    def __init__(self, original: Any, layer: int, runtime: SparseRuntime, family: ModelFamily) -> None:
        self.original, self.layer, self.runtime, self.family = original, layer, runtime, family
        self.key = new_key(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> SparseAttnProcessor:
        original, runtime = copy.deepcopy(self.original, memo), copy.deepcopy(self.runtime, memo)
        return SparseAttnProcessor(original, self.layer, runtime, self.family)

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

    def attention(self, attn: Any, hidden_states: Tensor, *args: Any, **kwargs: Any) -> Any:
        runtime = self.runtime
        # a graph that holds every phase must not be compiled again for each: in_graph is looked at first
        if not self.family.is_plain(*args, **kwargs) or not (runtime.in_graph or runtime.sparse):
            if not torch.compiler.is_compiling() and runtime.recording is None:
                refuse_in_backward(runtime)
            return self.original(attn, hidden_states, *args, **kwargs)
        if runtime.in_graph:
            refuse_unknown(self.original, self.family)
        made = self.family.project(attn, hidden_states, *args, **kwargs)
        q, k, v = made.q, made.k, made.v
        raw = (made.raw_q, made.raw_k) if runtime.policy.pre_rope else (None, None)
        after = made.after
        del made  # whatever is not needed is freed before attention runs
        if torch.compiler.is_compiling():
            heads = attend_in_graph(self.key, q, k, v, *raw)
        else:
            heads = self.attend(q, k, v, *raw)
        return self.family.output(attn, heads.type_as(q), after)

    def head_order(self) -> tuple[int, ...] | None:
        """Heads in order of the ranks that have them; None: as they are."""
        shares = self.runtime.shares
        if shares is None or not self.runtime.sparse:
            return None
        return shares.order(self.runtime.place(self.layer))

    def wants_raw(self) -> bool:
        """Whether drift is measured before RoPE."""
        return self.runtime.policy.pre_rope and self.runtime.sparse

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
            if isinstance(self.original, DenseAttnProcessor):
                return attend_dense(q, k, v, self.original.kernel)
            dense: Tensor = dispatch_attention_fn(q, k, v, backend=self._attention_backend)
            return dense
        pooled = None
        if raw_q is not None and raw_k is not None:
            pooled = pool(raw_q.transpose(1, 2), raw_k.transpose(1, 2))
        q, k, v = (x.transpose(1, 2) for x in (q, k, v))
        return self.runtime.attend(q, k, v, self.layer, pooled).transpose(1, 2)

    def attend_some(self, q: Tensor, k: Tensor, v: Tensor, index: Tensor) -> Tensor:
        """Attention of some tokens to all, for caches that compute no others.

        Args:
            q: of the tokens, `[B, U, H, D]` after norm and RoPE.
            k: of all, `[B, N, H, D]`.
            v: likewise.
            index: which tokens, `[B, U]`, ascending.

        Returns:
            `[B, U, H, D]`; by masks in a sparse phase, dense as long as there are none.
        """
        if self.runtime.sparse:
            q_, k_, v_ = (x.transpose(1, 2) for x in (q, k, v))
            found = self.runtime.attend_some(q_, k_, v_, self.layer, index)
            if found is not None:
                return found.transpose(1, 2)
        if isinstance(self.original, DenseAttnProcessor):
            return attend_dense(q, k, v, self.original.kernel)
        dense: Tensor = dispatch_attention_fn(q, k, v, backend=self._attention_backend)
        return dense


def refuse_unknown(original: Any, family: ModelFamily) -> None:
    """Raise where a whole compiled graph would have to hold a dense phase that only the original knows."""
    found = original.original if isinstance(original, DenseAttnProcessor) else original
    if type(found).__name__ not in family.processors:
        raise ConfigError(
            f"the dense phase of {type(found).__name__} cannot be part of one compiled graph",
            "compile its blocks instead: transformer.compile_repeated_blocks(fullgraph=True)",
        )


def refuse_parallelism(config: Any) -> None:
    """Raise where tokens or heads are split over devices, which masks and reuse know nothing of."""
    if config is not None:
        raise ConfigError(
            "sparse attention does not run under context parallelism",
            "disable it (attention=dense) or run on one device",
        )
