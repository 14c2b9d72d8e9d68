"""Arguments of attention that diffusers passes only to processors that name them."""

from __future__ import annotations

from typing import Any

from torch import Tensor


class NamedArguments:
    """An attention processor that takes those of every family; `attention` gets the ones that were passed.

    Some attention modules of diffusers look at the signature of `__call__` and drop what it does not name,
    whatever it takes as keywords.
    """

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        *args: Any,
        image_rotary_emb: Any = None,
        query_rotary_emb: Any = None,
        key_rotary_emb: Any = None,
        perturbation_mask: Any = None,
        all_perturbed: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Same contract as the processor it stands for; hidden_states `[B, N, C]`."""
        named = {
            "image_rotary_emb": image_rotary_emb,
            "query_rotary_emb": query_rotary_emb,
            "key_rotary_emb": key_rotary_emb,
            "perturbation_mask": perturbation_mask,
            "all_perturbed": all_perturbed,
        }
        kwargs |= {name: value for name, value in named.items() if value is not None}
        return self.attention(attn, hidden_states, *args, **kwargs)

    def attention(self, attn: Any, hidden_states: Tensor, *args: Any, **kwargs: Any) -> Any:
        """The attention of one layer."""
        raise NotImplementedError
