"""The training forward of `SkyReelsV2Transformer3DModel`, and heads that teach it to solve before it draws.

Same weights and same result as the diffusers module (a test compares them), but modulation is kept a frame
rather than a token, block-causal attention is one call per block on its prefix instead of a dense mask, and
each block is compiled. `SolverHeads` read the first frame's tokens after chosen layers and predict how many
moves each place is from the ball and from the goal, with a horizon that grows with depth: a flood fill of
four moves per layer. They are used in training only and are not part of the shipped model.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from diffusers import SkyReelsV2Transformer3DModel
from torch import Tensor, nn

from scripts.maze_training.bank import FAR_CLASS, NEVER, OUTSIDE, Batch

CONFIG: dict[str, Any] = dict(
    patch_size=(1, 2, 2),
    num_attention_heads=4,
    attention_head_dim=64,
    in_channels=8,
    out_channels=8,
    text_dim=64,
    freq_dim=256,
    ffn_dim=768,
    num_layers=12,
    cross_attn_norm=True,
    qk_norm="rms_norm_across_heads",
    eps=1e-6,
    rope_max_seq_len=64,
    num_frame_per_block=1,
)
SIDE = 12  # tokens a side of a frame
#: layer (counted from 1) -> how many moves its head must know; the last of them know everything
HORIZONS = {2: 4, 3: 8, 4: 12, 5: 16, 6: 20, 7: FAR_CLASS, 8: FAR_CLASS, 9: FAR_CLASS}
PATH_LAYERS = (7, 8, 9)
_PARTS = (2 * (FAR_CLASS + 1), 1, NEVER + 1)  # of a head's output: two distances, on the path, when


def build(layers: int = 12) -> SkyReelsV2Transformer3DModel:
    """A fresh transformer whose blocks start near the identity."""
    model = SkyReelsV2Transformer3DModel(**(CONFIG | {"num_layers": layers}))
    nn.init.zeros_(model.proj_out.weight)
    nn.init.zeros_(model.proj_out.bias)
    nn.init.zeros_(model.condition_embedder.time_proj.weight)
    nn.init.zeros_(model.condition_embedder.time_proj.bias)
    with torch.no_grad():
        model.scale_shift_table.mul_(0.3)
        for block in model.blocks:
            nn.init.zeros_(block.attn2.to_out[0].weight)
            nn.init.zeros_(block.attn2.to_out[0].bias)
            block.scale_shift_table.mul_(0.3)
            block.scale_shift_table[:, 2] += 0.5  # gates open from the start
            block.scale_shift_table[:, 5] += 0.5
    return model


def _rms(module: nn.RMSNorm, x: Tensor) -> Tensor:
    wide = x.float()
    return (wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + module.eps) * module.weight).to(x.dtype)


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    a, b = x.float().unflatten(-1, (-1, 2)).unbind(-1)
    return torch.stack([a * cos - b * sin, a * sin + b * cos], dim=-1).flatten(-2).to(x.dtype)


def _self_attention(attn: nn.Module, x: Tensor, cos: Tensor, sin: Tensor, tokens_a_block: int) -> Tensor:
    q, k, v = _rms(attn.norm_q, attn.to_q(x)), _rms(attn.norm_k, attn.to_k(x)), attn.to_v(x)
    q, k, v = (t.unflatten(2, (attn.heads, -1)).transpose(1, 2) for t in (q, k, v))
    q, k = _rotate(q, cos, sin), _rotate(k, cos, sin)
    if tokens_a_block:
        parts = []
        for start in range(0, x.shape[1], tokens_a_block):
            end = start + tokens_a_block
            parts.append(F.scaled_dot_product_attention(q[:, :, start:end], k[:, :, :end], v[:, :, :end]))
        out = torch.cat(parts, dim=2)
    else:
        out = F.scaled_dot_product_attention(q, k, v)
    return attn.to_out[0](out.transpose(1, 2).flatten(2))


def _cross_attention(attn: nn.Module, x: Tensor, text: Tensor) -> Tensor:
    q, k, v = _rms(attn.norm_q, attn.to_q(x)), _rms(attn.norm_k, attn.to_k(text)), attn.to_v(text)
    q, k, v = (t.unflatten(2, (attn.heads, -1)).transpose(1, 2) for t in (q, k, v))
    return attn.to_out[0](F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


def _modulated(x: Tensor, scale: Tensor, shift: Tensor, eps: float) -> Tensor:
    frames = scale.shape[1]
    normed = F.layer_norm(x.float(), x.shape[-1:], eps=eps).unflatten(1, (frames, -1))
    return (normed * (1 + scale) + shift).flatten(1, 2)


def _gated(x: Tensor, update: Tensor, gate: Tensor) -> Tensor:
    return x + (update.float().unflatten(1, (gate.shape[1], -1)) * gate).flatten(1, 2)


def run_block(
    block: nn.Module, x: Tensor, text: Tensor, temb: Tensor, cos: Tensor, sin: Tensor, tokens_a_block: int
) -> Tensor:
    """One transformer block; x [B, L, C] in float32, temb [B, F, 6, C]."""
    table = (block.scale_shift_table[:, None] + temb.float())[:, :, :, None]  # [B, F, 6, 1, C]
    shift_a, scale_a, gate_a, shift_f, scale_f, gate_f = table.unbind(2)
    eps = block.norm1.eps
    x = _gated(
        x,
        _self_attention(block.attn1, _modulated(x, scale_a, shift_a, eps), cos, sin, tokens_a_block),
        gate_a,
    )
    normed = F.layer_norm(x, x.shape[-1:], block.norm2.weight, block.norm2.bias, block.norm2.eps)
    x = x + _cross_attention(block.attn2, normed, text).float()
    return _gated(x, block.ffn(_modulated(x, scale_f, shift_f, eps)), gate_f)


compiled_block = run_block


def compile_blocks() -> None:
    global compiled_block
    torch._dynamo.config.cache_size_limit = 64
    compiled_block = torch.compile(run_block, dynamic=False)


def forward(
    model: SkyReelsV2Transformer3DModel,
    x: Tensor,
    level: Tensor,
    text: Tensor,
    causal_frames: int = 0,
    layers: int | None = None,
    keep: tuple[int, ...] = (),
    compiled: bool = True,
) -> tuple[Tensor, dict[int, Tensor]]:
    """Velocity [B, 8, F, 24, 24] and the first frame's tokens after the layers in `keep`.

    Args:
        model: the transformer.
        x: noisy latents [B, 8, F, 24, 24].
        level: noise level of each frame [B, F] in [0, 1].
        text: prompt embeddings [B, S, 64].
        causal_frames: frames a block of block-causal attention; 0: bidirectional.
        layers: stop after so many layers (then the velocity is zeros); None: all.
        keep: layers, counted from 1, whose output for frame 0 is wanted.
        compiled: use the compiled blocks if there are any; sampling meets too many shapes for that to pay.
    """
    batch, _, frames = x.shape[:3]
    cos, sin = model.rope(x)
    cos, sin = cos[..., 0::2].transpose(1, 2).float(), sin[..., 1::2].transpose(1, 2).float()
    tokens = model.patch_embedding(x).flatten(2).transpose(1, 2).float()
    temb, projected, text, _ = model.condition_embedder(level * 1000, text, None)
    projected = projected.unflatten(-1, (6, -1))
    held: dict[int, Tensor] = {}
    a_frame = tokens.shape[1] // frames
    run = compiled_block if compiled else run_block
    for index, block in enumerate(model.blocks[:layers], start=1):
        tokens = run(block, tokens, text, projected, cos, sin, causal_frames * a_frame)
        if index in keep:
            held[index] = tokens[:, :a_frame]
    if layers is not None:
        return torch.zeros_like(x), held
    shift, scale = (model.scale_shift_table[:, None] + temb.float()[:, :, None]).unsqueeze(3).unbind(2)
    out = model.proj_out(_modulated(tokens, scale, shift, model.norm_out.eps))
    side_h, side_w = x.shape[3] // 2, x.shape[4] // 2
    out = out.view(batch, frames, side_h, side_w, 2, 2, -1).permute(0, 6, 1, 2, 4, 3, 5)
    return out.reshape(batch, -1, frames, side_h * 2, side_w * 2), held


class SolverHeads(nn.Module):
    """Distances, the path, and when the player is where, read off the first frame's tokens; training only."""

    def __init__(self, width: int = 256) -> None:
        super().__init__()
        outputs = 4 * sum(_PARTS)  # of four latent pixels
        self.heads = nn.ModuleDict({str(layer): nn.Linear(width, outputs) for layer in HORIZONS})

    def loss(self, held: dict[int, Tensor], batch: Batch, clean: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Mean loss over layers for samples whose first frame is clean, and accuracies of the last layer."""
        truth, path = _as_tokens(batch.distance), _as_tokens(batch.on_path[:, None])[..., 0]
        when = _as_tokens(batch.arrival[:, None])[..., 0].long()
        inside = (truth[..., 0] != OUTSIDE) & clean[:, None, None]
        total = torch.zeros((), device=truth.device)
        metrics: dict[str, Tensor] = {}
        for layer, horizon in HORIZONS.items():
            if layer not in held:
                continue
            out = self.heads[str(layer)](held[layer]).float().unflatten(-1, (4, -1))
            reach, way, time = out.split(_PARTS, dim=-1)
            logits = reach.unflatten(-1, (2, -1))  # [B, N, 4, 2, 24]
            wanted = truth.long().clamp_max(horizon)
            chosen = inside[..., None].expand_as(wanted)
            flat = F.cross_entropy(logits.flatten(0, 3), wanted.flatten(), reduction="none")
            total = total + (flat * chosen.flatten()).sum() / chosen.sum().clamp_min(1)
            if layer in PATH_LAYERS:
                binary = F.binary_cross_entropy_with_logits(way[..., 0], path.float(), reduction="none")
                total = total + (binary * inside).sum() / inside.sum().clamp_min(1)
                late, metrics["when"] = _time_loss(time, when, clean)
                total = total + late
                wrong = ((way[..., 0] > 0) != path.bool()) & inside
                metrics["solved"] = 1 - (wrong.flatten(1).any(1) & clean).sum() / clean.sum().clamp_min(1)
                right = (logits.argmax(-1) == wanted) & chosen
                metrics["distance"] = right.sum() / chosen.sum().clamp_min(1)
        return total / len(HORIZONS), metrics


def _time_loss(logits: Tensor, when: Tensor, clean: Tensor) -> tuple[Tensor, Tensor]:
    """Cross entropy of the player's times of arrival, and the share of them that is right.

    Places where it never comes are by far the most: they count as much together as the others together.
    """
    error = F.cross_entropy(logits.flatten(0, 2), when.flatten(), reduction="none").view_as(when)
    reached = (when != NEVER) & clean[:, None, None]
    never = (when == NEVER) & clean[:, None, None]
    loss = sum((error * part).sum() / part.sum().clamp_min(1) for part in (reached, never))
    right = ((logits.argmax(-1) == when) & reached).sum() / reached.sum().clamp_min(1)
    return torch.as_tensor(loss), right


def _as_tokens(maps: Tensor) -> Tensor:
    """[B, K, 24, 24] to [B, 144, 4, K]: the four latent pixels of each token."""
    batch, kinds = maps.shape[:2]
    return (
        maps.view(batch, kinds, SIDE, 2, SIDE, 2)
        .permute(0, 2, 4, 3, 5, 1)
        .reshape(batch, SIDE * SIDE, 4, kinds)
    )
