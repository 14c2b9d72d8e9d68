"""Self-attention on tokens that are split over ranks."""

from __future__ import annotations

from typing import Any

import torch
from diffusers.models.attention_dispatch import dispatch_attention_fn
from torch import Tensor

from vidkit.hooks.dense.processor import DenseAttnProcessor, attend_dense
from vidkit.hooks.families import ModelFamily
from vidkit.hooks.graph import define, new_key, owner_of
from vidkit.hooks.parallel.exchange import RankGroup


class RankAttnProcessor:
    """Projects a rank's own tokens, and lets them attend to everybody's.

    With heads exchanged (Ulysses), a rank computes some heads for all tokens, by whatever sat on the layer
    before: a dense kernel, or sparse attention. Without (ring), its own queries of all heads see every rank's
    keys and values.

    Args:
        original: the processor found on the module.
        family: of the transformer.
        ranks: that share the clip.
        exchanges_heads: Ulysses; else ring.
    """

    def __init__(self, original: Any, family: ModelFamily, ranks: RankGroup, exchanges_heads: bool) -> None:
        self.original, self.family, self.ranks = original, family, ranks
        self.exchanges_heads = exchanges_heads
        self.key = new_key(self)

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        rotary_emb: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Same contract as the processor it replaced; hidden_states `[B, N/W, C]`."""
        made = self.family.project(
            attn, hidden_states, encoder_hidden_states, attention_mask, rotary_emb, **kwargs
        )
        q, k, v = made.q, made.k, made.v
        raw = (made.raw_q, made.raw_k) if self._wants_raw() else (None, None)
        if torch.compiler.is_compiling():
            heads = torch.ops.vidkit.attend_ranks(self.key, q, k, v, *raw)
        else:
            heads = self.attend(q, k, v, *raw)
        return self.family.output(attn, heads.type_as(q), made.after)

    def attend(
        self, q: Tensor, k: Tensor, v: Tensor, raw_q: Tensor | None = None, raw_k: Tensor | None = None
    ) -> Tensor:
        """Attention of a rank's tokens `[B, N/W, H, D]` to those of all."""
        ranks = self.ranks
        if not self.exchanges_heads:
            k, v = ranks.gathered(torch.stack([k, v]), dim=2).unbind(0)
            return self._inner(q, k, v)
        order = inverse = None
        heads_of = getattr(self.original, "head_order", None)
        if heads_of is not None and (found := heads_of()) is not None:
            order = torch.tensor(found, device=q.device)
            inverse = torch.argsort(order)
        q, k, v = (ranks.to_heads(x, order) for x in (q, k, v))
        raw = [None if x is None else ranks.to_heads(x, order) for x in (raw_q, raw_k)]
        return ranks.to_tokens(self._inner(q, k, v, *raw).to(q.dtype), inverse)

    def _inner(
        self, q: Tensor, k: Tensor, v: Tensor, raw_q: Tensor | None = None, raw_k: Tensor | None = None
    ) -> Tensor:
        """What sat on the layer, on whole sequences."""
        original = self.original
        if hasattr(original, "head_order"):  # sparse attention, dense steps of it included
            out: Tensor = original.attend(q, k, v, raw_q, raw_k)
        elif isinstance(original, DenseAttnProcessor):
            out = attend_dense(q, k, v, original.kernel)
        else:
            out = dispatch_attention_fn(q, k, v, backend=getattr(original, "_attention_backend", None))
        return out

    def _wants_raw(self) -> bool:
        wanted = getattr(self.original, "wants_raw", None)
        return bool(wanted is not None and wanted())


def _attend(
    key: Tensor, q: Tensor, k: Tensor, v: Tensor, raw_q: Tensor | None, raw_k: Tensor | None
) -> Tensor:
    out: Tensor = owner_of(key).attend(q, k, v, raw_q, raw_k)
    return out.contiguous()


def _attend_like(
    key: Tensor, q: Tensor, k: Tensor, v: Tensor, raw_q: Tensor | None, raw_k: Tensor | None
) -> Tensor:
    return torch.empty_like(q, memory_format=torch.contiguous_format)


define(
    "attend_ranks",
    "(Tensor key, Tensor q, Tensor k, Tensor v, Tensor? raw_q, Tensor? raw_k) -> Tensor",
    _attend,
    _attend_like,
)
