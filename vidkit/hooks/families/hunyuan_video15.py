"""HunyuanVideo-1.5: video and text in one attention, the text after the video and padded.

diffusers passes the padding as a mask of all pairs, which at 720p takes 12.9 GB a layer and keeps fast
kernels away. Valid text comes first, and nothing reads the padding: leaving it out changes no valid row.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from diffusers.models.embeddings import apply_rotary_emb
from torch import Tensor, nn
from torch.utils.weak import WeakIdKeyDictionary

from vidkit.hooks.calls import grid_of
from vidkit.hooks.families.base import Layer, ModelFamily, Projected, TextPlace
from vidkit.hooks.token_grid import TokenGrid

_counts = WeakIdKeyDictionary()  # of valid text tokens by mask: one read from the device a forward


class HunyuanVideo15(ModelFamily):
    """Tokens in raster order, then image, ByT5 and Qwen tokens; a guidance branch is a forward of its own."""

    blocks_name = "transformer_blocks"
    text = TextPlace.AFTER
    processors = ("HunyuanVideo15AttnProcessor2_0",)
    drops_padding = True
    carries = ("hidden_states", "encoder_hidden_states")
    layout = "hunyuan_video15"

    def layers(self, model: Any) -> tuple[Layer, ...]:
        """`attn` of every block."""
        return tuple(Layer(block.attn, i) for i, block in enumerate(self.blocks(model)))

    def grid(self, config: Any, latents: Tensor) -> TokenGrid | None:
        """Patches of `patch_size_t x patch_size x patch_size`."""
        return grid_of(latents, (config.patch_size_t, config.patch_size, config.patch_size))

    def frame_modulation(self, args: tuple[Any, ...], kwargs: dict[str, Any], grid: TokenGrid) -> Tensor:
        """One for all frames."""
        level: Tensor = args[0]
        return level[:, None].expand(-1, grid.frames, -1)

    def is_plain(
        self,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        image_rotary_emb: Any = None,
        **kwargs: Any,
    ) -> bool:
        """Joint attention in which every row of the batch has as much text."""
        if encoder_hidden_states is None:
            return False
        return attention_mask is None or valid_text(attention_mask) is not None

    def project(
        self,
        attention: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        image_rotary_emb: Any = None,
        **kwargs: Any,
    ) -> Projected:
        """Norm of each head, rotary embedding of the video alone; text behind it, without its padding."""
        assert encoder_hidden_states is not None
        heads, given = attention.heads, encoder_hidden_states.shape[1]
        valid = given if attention_mask is None else valid_text(attention_mask) or 0
        text = encoder_hidden_states[:, :valid]
        q, k, v = (
            layer(hidden_states).unflatten(2, (heads, -1))
            for layer in (attention.to_q, attention.to_k, attention.to_v)
        )
        raw_q, raw_k = attention.norm_q(q), attention.norm_k(k)
        q, k = raw_q, raw_k
        if image_rotary_emb is not None:
            q = apply_rotary_emb(raw_q, image_rotary_emb, sequence_dim=1)
            k = apply_rotary_emb(raw_k, image_rotary_emb, sequence_dim=1)
        tq, tk, tv = (
            layer(text).unflatten(2, (heads, -1))
            for layer in (attention.add_q_proj, attention.add_k_proj, attention.add_v_proj)
        )
        if attention.norm_added_q is not None:
            tq = attention.norm_added_q(tq)
        if attention.norm_added_k is not None:
            tk = attention.norm_added_k(tk)
        return Projected(
            torch.cat([q, tq], 1),
            torch.cat([k, tk], 1),
            torch.cat([v, tv], 1),
            torch.cat([raw_q, tq], 1),
            torch.cat([raw_k, tk], 1),
            after=(valid, given),
        )

    def output(self, attention: Any, heads: Tensor, after: Any = None) -> Any:
        """Video and text, each by its own projection; padding comes back as zeros."""
        valid, given = after
        flat = heads.flatten(2, 3)
        video = flat[:, : flat.shape[1] - valid]
        words = attention.to_add_out(flat[:, flat.shape[1] - valid :])
        video = attention.to_out[1](attention.to_out[0](video))
        return video, nn.functional.pad(words, (0, 0, 0, given - valid))

    @contextmanager
    def prepared(self, model: Any) -> Iterator[None]:
        """Padding is left out of the blocks altogether; for processors that take calls without a mask."""
        blocks = self.blocks(model)
        hooks = [block.register_forward_pre_hook(_without_padding, with_kwargs=True) for block in blocks]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()


def valid_text(mask: Tensor) -> int | None:
    """Valid tokens of a text mask `[B, S]`, valid ones first; None: not as many in every row."""
    if mask not in _counts:
        found = set(mask.bool().sum(1).tolist())
        _counts[mask] = found.pop() if len(found) == 1 else None
    count: int | None = _counts[mask]
    return count


@torch.compiler.disable  # type: ignore[untyped-decorator]
def _without_padding(
    block: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Arguments `(video, text, temb, mask, rotary)` of a block with the valid text alone."""
    video, text, temb, mask, *more = args
    count = None if mask is None else valid_text(mask)
    if count is None:
        return args, kwargs
    return (video, text[:, :count], temb, None, *more), kwargs
