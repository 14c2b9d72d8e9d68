"""Tiny causal models: Wan's transformer at a few thousand parameters, its published layout, chunk plans."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from diffusers import WanTransformer3DModel
from torch import Tensor

from vidkit.generation.causal.loop import ChunkLoop
from vidkit.generation.causal.plan import ChunkPlan
from vidkit.hooks.blocks import WanBlocks

SHAPE = (8, 8, 8)  # channels, rows, columns of the latents
LEVELS = (1.0, 0.8, 0.5)
TRANSFORMER: dict[str, Any] = {
    "patch_size": [1, 2, 2],
    "num_attention_heads": 2,
    "attention_head_dim": 12,
    "in_channels": 8,
    "out_channels": 8,
    "text_dim": 16,
    "freq_dim": 32,
    "ffn_dim": 32,
    "num_layers": 2,
    "cross_attn_norm": True,
    "qk_norm": "rms_norm_across_heads",
    "rope_max_seq_len": 16,
}
# what diffusers calls a part, and what Wan's authors do
_ORIGINAL = {
    "condition_embedder.time_embedder.linear_1": "time_embedding.0",
    "condition_embedder.time_embedder.linear_2": "time_embedding.2",
    "condition_embedder.text_embedder.linear_1": "text_embedding.0",
    "condition_embedder.text_embedder.linear_2": "text_embedding.2",
    "condition_embedder.time_proj": "time_projection.1",
    "attn1": "self_attn",
    "attn2": "cross_attn",
    "to_q": "q",
    "to_k": "k",
    "to_v": "v",
    "to_out.0": "o",
    "ffn.net.0.proj": "ffn.0",
    "ffn.net.2": "ffn.2",
    "proj_out": "head.head",
}


def tiny_transformer(seed: int = 0) -> WanTransformer3DModel:
    """Random weights, large enough that every part of the model shows in what comes out."""
    torch.manual_seed(seed)
    model = WanTransformer3DModel(**TRANSFORMER).eval()
    for parameter in model.parameters():
        parameter.data.normal_(0, 0.15)
    return model


def text(seed: int = 1) -> Tensor:
    return torch.randn((1, 6, 16), generator=torch.Generator().manual_seed(seed))


def plan(frames: int = 12, **changes: Any) -> ChunkPlan:
    """Chunks of 3 latent frames that see everything before them."""
    return ChunkPlan(**{"frames": frames, "chunk": 3, "levels": LEVELS, "window": frames, **changes})


def clip(
    model: WanTransformer3DModel,
    chosen: ChunkPlan,
    texts: list[tuple[int, Tensor]] | None = None,
    seed: int = 5,
    look: Callable[[ChunkLoop, Tensor], None] | None = None,
) -> Tensor:
    """All chunks of a clip, `[1, 8, F, 8, 8]`; `look` sees the loop after each."""
    loop = ChunkLoop(WanBlocks(model), chosen, texts or [(0, text())], SHAPE, seed)
    made = []
    for latents in loop.chunks():
        made.append(latents)
        if look is not None:
            look(loop, latents)
    return torch.cat(made, dim=2)


def original_names(model: WanTransformer3DModel) -> dict[str, Tensor]:
    """Weights under the names of Wan's authors."""
    return {_original(name): value.clone() for name, value in model.state_dict().items()}


def _original(name: str) -> str:
    for ours, theirs in _ORIGINAL.items():
        name = name.replace(ours, theirs)
    name = name.replace("norm2", "norm-").replace("norm3", "norm2").replace("norm-", "norm3")
    if name == "scale_shift_table":
        return "head.modulation"
    return name.replace("scale_shift_table", "modulation")


def write_checkpoint(path: Path, model: WanTransformer3DModel, entry: str = "generator_ema") -> Path:
    """The file that Self-Forcing publishes, at this size: averaged weights, names as FSDP left them."""
    names = original_names(model)
    state = {f"model.{name.replace('.ffn.', '._fsdp_wrapped_module.ffn.')}": x for name, x in names.items()}
    other = {name: torch.zeros_like(value) for name, value in state.items()}
    torch.save({"generator": other, entry: state, "step": 600}, path)
    return path
