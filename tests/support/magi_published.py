"""A tiny checkpoint in the layout that MAGI-1 is published in, and its forward written out once more.

The forward reads the published names and is plain on purpose: one dense mask over all tokens, keys and values
repeated for every head, the projection's inputs reordered at run time as the layout demands.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor

TINY: dict[str, Any] = {
    "in_channels": 4,
    "out_channels": 4,
    "num_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "attention_head_dim": 16,
    "ffn_dim": 96,
    "text_dim": 24,
    "caption_max_length": 60,
    "chunk_frames": 2,
}
TINY_VAE: dict[str, Any] = {
    "z_dim": 4,
    "embed_dim": 256,
    "num_layers": 1,
    "num_attention_heads": 4,
    "mlp_ratio": 1.0,
    "sample_size": 32,
    "sample_frames": 8,
}

PUBLISHED_VAE_CONFIG: dict[str, Any] = {
    "_class_name": "ViTVAE",
    "model_type": "vit",
    "ddconfig": {
        "double_z": True,
        "z_chans": 4,
        "in_chans": 3,
        "patch_size": 8,
        "patch_length": 4,
        "video_size": 32,
        "video_length": 8,
        "embed_dim": 256,
        "depth": 1,
        "num_heads": 4,
        "mlp_ratio": 1.0,
        "qkv_bias": True,
        "ln_in_attn": True,
        "conv_last_layer": True,
        "with_cls_token": True,
        "norm_code": False,
    },
}


def published_shapes(config: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a checkpoint of the base layout."""
    c = {"gated_linear_unit": False, "duplicate_channels": False, **config}
    heads, d, kv = c["num_attention_heads"], c["attention_head_dim"], c["num_key_value_heads"]
    dim, copies, text = heads * d, 2 if c["duplicate_channels"] else 1, c["text_dim"]
    cond, up = dim // 4, c["ffn_dim"] * (2 if c["gated_linear_unit"] else 1)
    shapes: dict[str, tuple[int, ...]] = {
        "x_embedder.weight": (dim, copies * c["in_channels"], 1, 2, 2),
        "t_embedder.mlp.0.weight": (cond, 256),
        "t_embedder.mlp.0.bias": (cond,),
        "t_embedder.mlp.2.weight": (cond, cond),
        "t_embedder.mlp.2.bias": (cond,),
        "y_embedder.y_proj_xattn.0.weight": (dim, text),
        "y_embedder.y_proj_xattn.0.bias": (dim,),
        "y_embedder.y_proj_adaln.0.weight": (cond, text),
        "y_embedder.y_proj_adaln.0.bias": (cond,),
        "y_embedder.null_caption_embedding": (c["caption_max_length"], text),
        "rope.bands": (d // 8,),
        "videodit_blocks.final_layernorm.weight": (dim,),
        "videodit_blocks.final_layernorm.bias": (dim,),
        "final_linear.linear.weight": (4 * copies * c["out_channels"], dim),
    }
    for i in range(c["num_layers"]):
        at = f"videodit_blocks.layers.{i}."
        here: dict[str, tuple[int, ...]] = {
            "ada_modulate_layer.proj.0.weight": (2 * dim, cond),
            "ada_modulate_layer.proj.0.bias": (2 * dim,),
            "self_attention.linear_qkv.layer_norm.weight": (dim,),
            "self_attention.linear_qkv.layer_norm.bias": (dim,),
            "self_attention.linear_qkv.q.weight": (heads * d, dim),
            "self_attention.linear_qkv.qx.weight": (heads * d, dim),
            "self_attention.linear_qkv.k.weight": (kv * d, dim),
            "self_attention.linear_qkv.v.weight": (kv * d, dim),
            "self_attention.linear_kv_xattn.weight": (2 * kv * d, dim),
            "self_attention.linear_proj.weight": (dim, 2 * heads * d),
            "mlp.layer_norm.weight": (dim,),
            "mlp.layer_norm.bias": (dim,),
            "mlp.linear_fc1.weight": (up, dim),
            "mlp.linear_fc2.weight": (dim, c["ffn_dim"]),
        }
        for norm in ("q_layernorm", "k_layernorm", "q_layernorm_xattn", "k_layernorm_xattn"):
            here |= {f"self_attention.{norm}.weight": (d,), f"self_attention.{norm}.bias": (d,)}
        for norm in ("self_attn_post_norm", "mlp_post_norm"):
            here |= {f"{norm}.weight": (dim,), f"{norm}.bias": (dim,)}
        shapes |= {at + name: shape for name, shape in here.items()}
    return shapes


def published_state(config: dict[str, Any], seed: int = 0) -> dict[str, Tensor]:
    """Random values under the published names."""
    generator = torch.Generator().manual_seed(seed)
    state = {}
    for name, shape in published_shapes(config).items():
        value = torch.randn(shape, generator=generator)
        if len(shape) > 1:
            value /= math.sqrt(math.prod(shape[1:]))
        else:
            value *= 0.2
        state[name] = value.abs() if name == "rope.bands" else value
    return state


def write_published(folder: Path, state: dict[str, Tensor], shards: int = 2) -> Path:
    """Write a checkpoint's folder, in shards with an index."""
    folder.mkdir(parents=True)
    names, where = sorted(state), {}
    for i in range(shards):
        file = f"model-{i + 1:05}-of-{shards:05}.safetensors"
        part = {name: state[name].contiguous() for name in names[i::shards]}
        save_file(part, folder / file)
        where |= dict.fromkeys(part, file)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": where}))
    return folder


def rotary_tables(bands: Tensor, first: int, frames: int, rows: int, columns: int) -> Tensor:
    """Angles `[N, 3 * bands]`, token by token."""
    scale = math.sqrt(rows * columns / 256)

    def place(i: int, count: int) -> float:
        return 0.0 if count == 1 else (i - (count - 1) / 2) / (count - 1) * (count / scale - 1)

    lines = []
    for t in range(first, first + frames):
        for y in range(rows):
            for x in range(columns):
                lines.append(torch.cat([float(p) * bands for p in (t, place(y, rows), place(x, columns))]))
    return torch.stack(lines)


def whole_forward(
    state: dict[str, Tensor],
    config: dict[str, Any],
    latents: Tensor,
    levels: Tensor,
    text: Tensor | None,
    reach: list[int | None] | None = None,
) -> Tensor:
    """Velocity of one clip `[1, C, F, h, w]` at levels `[chunks]`, text `[S, text_dim]` or None."""
    c = {"gated_linear_unit": False, "duplicate_channels": False, "x_rescale_factor": 1.0, **config}
    heads, d, kv = c["num_attention_heads"], c["attention_head_dim"], c["num_key_value_heads"]
    chunks = len(levels)
    x = latents * c["x_rescale_factor"]
    x = torch.cat([x, x], 1) if c["duplicate_channels"] else x
    x = F.conv3d(x, state["x_embedder.weight"], stride=(1, 2, 2))
    frames, rows, columns = x.shape[2:]
    h = x[0].flatten(1).T
    n, per = h.shape[0], h.shape[0] // chunks
    chunk_of = torch.arange(n) // per

    null = state["y_embedder.null_caption_embedding"]
    caption = null[:50] if text is None else text
    y = F.silu(_linear(state, "y_embedder.y_proj_xattn.0", caption))
    part = _linear(state, "y_embedder.y_proj_adaln.0", null[-1] if text is None else null[-2])
    steps = torch.exp(-math.log(1e4) * torch.arange(128) / 128)
    angles = levels[:, None] * 1000 * steps
    waves = torch.cat([angles.cos(), angles.sin()], -1)
    times = _linear(state, "t_embedder.mlp.2", F.silu(_linear(state, "t_embedder.mlp.0", waves)))
    condition = (times + part)[chunk_of]

    back = chunk_of[:, None] - chunk_of[None, :]
    limit = torch.tensor([10**6 if r is None else r for r in (reach or [None] * chunks)])[chunk_of]
    mask = (back >= 0) & (back < limit[:, None])
    angle = rotary_tables(state["rope.bands"], 0, frames, rows, columns)

    def normed(x: Tensor, name: str, one: float = 1.0) -> Tensor:
        weight = state[name + ".weight"] + one
        return F.layer_norm(x, weight.shape, weight, state[name + ".bias"], 1e-6)

    def turned(x: Tensor) -> Tensor:
        size = angle.shape[1]
        a, b, rest = x[..., :size], x[..., size : 2 * size], x[..., 2 * size :]
        cos, sin = angle.cos()[:, None], angle.sin()[:, None]
        return torch.cat([a * cos - b * sin, b * cos + a * sin, rest], -1)

    def softmaxed(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
        k, v = (x.repeat_interleave(heads // kv, 1) for x in (k, v))
        scores = torch.einsum("nhd,mhd->hnm", q, k) / math.sqrt(d)
        scores = scores if mask is None else scores.masked_fill(~mask, -torch.inf)
        return torch.einsum("hnm,mhd->nhd", scores.softmax(-1), v).flatten(1)

    for i in range(c["num_layers"]):
        at = f"videodit_blocks.layers.{i}."
        sa = at + "self_attention."
        gates = torch.tanh(_linear(state, at + "ada_modulate_layer.proj.0", F.silu(condition)))
        gate_attention, gate_mlp = gates.chunk(2, -1)
        z = normed(h, sa + "linear_qkv.layer_norm", 0.0)
        q, k, v, qx = (
            (z @ state[f"{sa}linear_qkv.{m}.weight"].T).view(n, -1, d) for m in ("q", "k", "v", "qx")
        )
        q, k = turned(normed(q, sa + "q_layernorm")), turned(normed(k, sa + "k_layernorm"))
        own = softmaxed(q, k, v, mask)
        kx, vx = (y @ state[sa + "linear_kv_xattn.weight"].T).view(len(y), kv, 2 * d).chunk(2, -1)
        cross = softmaxed(
            normed(qx, sa + "q_layernorm_xattn"), normed(kx, sa + "k_layernorm_xattn"), vx, None
        )
        both = torch.stack([own, cross], 1).view(n, 2, 8, -1).transpose(1, 2).reshape(n, -1)
        out = both @ state[sa + "linear_proj.weight"].T
        h = h + normed(out * gate_attention, at + "self_attn_post_norm")
        z = normed(h, at + "mlp.layer_norm", 0.0) @ state[at + "mlp.linear_fc1.weight"].T
        z = F.silu(z.chunk(2, -1)[0]) * z.chunk(2, -1)[1] if c["gated_linear_unit"] else F.gelu(z)
        z = z @ state[at + "mlp.linear_fc2.weight"].T
        h = h + normed(z * gate_mlp, at + "mlp_post_norm")
    out = normed(h, "videodit_blocks.final_layernorm") @ state["final_linear.linear.weight"].T
    out = out.view(frames, rows, columns, 2, 2, -1).permute(5, 0, 1, 3, 2, 4)
    out = out.reshape(out.shape[0], frames, 2 * rows, 2 * columns)[None, : c["out_channels"]]
    return out / c["x_rescale_factor"]


def _linear(state: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    return x @ state[name + ".weight"].T + state[name + ".bias"]


def write_published_model(folder: Path, variant: str = "4.5B_base", tokens: bool = True) -> Path:
    """A whole tiny model as the authors lay theirs out: ckpt/magi, ckpt/vae, ckpt/t5, learned tokens."""
    import numpy as np
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    from vidkit.models.magi import AutoencoderKLMagi

    distilled = "distill" in variant
    weights = "inference_weight.distill" if distilled else "inference_weight"
    write_published(folder / "ckpt" / "magi" / variant / weights, published_state(TINY))
    torch.manual_seed(0)
    vae = AutoencoderKLMagi(**TINY_VAE)
    (folder / "ckpt" / "vae").mkdir()
    (folder / "ckpt" / "vae" / "config.json").write_text(json.dumps(PUBLISHED_VAE_CONFIG))
    save_file(vae.state_dict(), folder / "ckpt" / "vae" / "diffusion_pytorch_model.safetensors")
    t5 = folder / "ckpt" / "t5" / "t5-v1_1-xxl"
    words = ["<pad>", "</s>", "<unk>", "a", "red", "ball", "rolls", "down", "hill"]
    inner = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    inner.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    made: Any = transformers.PreTrainedTokenizerFast  # untyped
    made(tokenizer_object=inner, pad_token="<pad>", eos_token="</s>", unk_token="<unk>").save_pretrained(t5)
    sizes = {"d_model": TINY["text_dim"], "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2}
    encoder = transformers.T5EncoderModel(transformers.T5Config(vocab_size=len(words), **sizes))
    encoder.save_pretrained(t5)
    if tokens:
        rows = np.random.default_rng(0).normal(size=(20, TINY["text_dim"]))
        np.savez(folder / "special_tokens.npz", other_tokens=rows)
    return folder
