"""Self-attention of the computed tokens over kept keys and values of all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from diffusers.models.attention_dispatch import dispatch_attention_fn
from torch import Tensor

from vidkit.errors import ConfigError
from vidkit.hooks.dense.processor import DenseAttnProcessor, attend_dense
from vidkit.hooks.families import ModelFamily
from vidkit.hooks.not_pickled import NotPickled

if TYPE_CHECKING:
    from vidkit.caching.runtime import CacheRuntime


class CachedAttnProcessor(NotPickled):
    """Keeps keys and values in a full forward; in a partial one, attends from a few tokens to all.

    Args:
        original: the processor found on the module; `disable` puts this object back.
        layer: index of the layer.
        runtime: knows what the forward in progress computes.
        family: of the transformer.
    """

    what = "caching"
    is_outermost = True

    def __init__(self, original: Any, layer: int, runtime: CacheRuntime, family: ModelFamily) -> None:
        self.original, self.layer, self.runtime, self.family = original, layer, runtime, family

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
        if value is not None:
            raise ConfigError(
                "token-wise caching does not run under context parallelism",
                "choose a policy that computes whole steps, or run on one device",
            )
        self.original._parallel_config = value

    # compiled blocks are cut here: what is computed changes from step to step
    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def __call__(self, attn: Any, hidden_states: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """Same contract as the processor it replaced; hidden_states `[B, U, C]` of the computed tokens."""
        memory, index = self.runtime.memory, self.runtime.index
        if memory is None or not self.family.is_plain(*args, **kwargs):
            dense: Tensor = self.original(attn, hidden_states, *args, **kwargs)
            return dense
        made = self.family.project(attn, hidden_states, *args, **kwargs)
        keys, values = made.k, made.v
        if index is None:
            memory.replace(self.layer, keys, values)
        else:
            keys, values = memory.scatter(self.layer, index, keys, values)
        raw = (made.raw_q, made.raw_k)
        heads = self._attend(made.q, keys, values, raw, index)
        out: Tensor = self.family.output(attn, heads.type_as(made.q), made.after)
        return out

    def _attend(
        self, q: Tensor, keys: Tensor, values: Tensor, raw: tuple[Tensor, Tensor], index: Tensor | None
    ) -> Tensor:
        """As the replaced processor would, so that a full forward is the very same."""
        inner = self.original
        if hasattr(inner, "attend_some"):  # sparse attention, which has masks for some tokens too
            made: Tensor
            if index is not None:
                made = inner.attend_some(q, keys, values, index.expand(q.shape[0], -1))
            else:
                made = inner.attend(q, keys, values, *(raw if inner.wants_raw() else ()))
            return made
        if isinstance(self.original, DenseAttnProcessor):
            return attend_dense(q, keys, values, self.original.kernel)
        heads: Tensor = dispatch_attention_fn(q, keys, values, backend=self._attention_backend)
        return heads
