"""One layer of MAGI-1: self- and cross-attention side by side, then the feed-forward, gated and normed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vidkit.models.magi.embeddings import OffsetLayerNorm, rotate

# keys, values and queries of a piece's tokens, [B, n, H, D] each, to keys and values that it attends to
Look = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Piece:
    """Neighbouring tokens of a forward that share a noise level, a caption and what they see: a chunk's.

    Attributes:
        start: first token within the forward.
        stop: one past the last.
        condition: noise level and caption's part, `[B, condition_dim]`.
        text: embedded caption `[B, S, C]`.
        text_mask: which of its tokens count, `[B, S]`; None: all.
    """

    start: int
    stop: int
    condition: Tensor
    text: Tensor
    text_mask: Tensor | None = None


@dataclass(frozen=True)
class Shape:
    """Sizes of a layer."""

    dim: int
    heads: int
    kv_heads: int
    head_dim: int
    ffn_dim: int
    condition_dim: int
    gated: bool
    eps: float
    gain_offset: float


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    """A grouped-query attention; q `[B, n, H, D]`, k, v `[B, T, Hkv, D]`; head h reads h // (H / Hkv)."""
    if q.shape[2] != k.shape[2] and (mask is not None or (q.is_cuda and q.dtype == torch.float32)):
        # kernels that take grouped heads take neither; the others' place would be a matrix of all pairs
        k, v = (x.repeat_interleave(q.shape[2] // k.shape[2], dim=2) for x in (k, v))
    q, k, v = (x.transpose(1, 2) for x in (q, k, v))
    attn_mask = None if mask is None else mask[:, None, None, :]
    return F.scaled_dot_product_attention(
        q, k, v, attn_mask=attn_mask, enable_gqa=q.shape[1] != k.shape[1]
    ).transpose(1, 2)


class MagiAttention(nn.Module):
    """Queries to the video and to the caption from one norm, both outcomes through one projection."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        inner, kv = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
        self.heads, self.kv_heads = shape.heads, shape.kv_heads
        self.norm = nn.LayerNorm(shape.dim, eps=shape.eps)
        self.to_q = nn.Linear(shape.dim, inner, bias=False)
        self.to_k = nn.Linear(shape.dim, kv, bias=False)
        self.to_v = nn.Linear(shape.dim, kv, bias=False)
        self.to_q_text = nn.Linear(shape.dim, inner, bias=False)
        self.to_kv_text = nn.Linear(shape.dim, 2 * kv, bias=False)  # of each head its key, then its value
        self.norm_q = OffsetLayerNorm(shape.head_dim, shape.eps, shape.gain_offset)
        self.norm_k = OffsetLayerNorm(shape.head_dim, shape.eps, shape.gain_offset)
        self.norm_q_text = OffsetLayerNorm(shape.head_dim, shape.eps, shape.gain_offset)
        self.norm_k_text = OffsetLayerNorm(shape.head_dim, shape.eps, shape.gain_offset)
        self.to_out = nn.Linear(
            2 * inner, shape.dim, bias=False
        )  # of the video's outcome, then the caption's

    def forward(
        self, hidden: Tensor, rotary: tuple[Tensor, Tensor], pieces: Sequence[Piece], looks: Sequence[Look]
    ) -> Tensor:
        """Attention's outcome `[B, n, C]` for hidden states `[B, n, C]`."""
        normed = self.norm(hidden)
        q, k = self.norm_q(self._split(self.to_q(normed)).float()), self._split(self.to_k(normed)).float()
        q, k = rotate(q, *rotary).to(hidden.dtype), rotate(self.norm_k(k), *rotary).to(hidden.dtype)
        v = self._split(self.to_v(normed))
        q_text = self.norm_q_text(self._split(self.to_q_text(normed)))
        video, text = [], []
        for piece, look in zip(pieces, looks, strict=True):
            own = slice(piece.start, piece.stop)
            video.append(attend(q[:, own], *look(k[:, own], v[:, own], q[:, own])))
            text.append(self._to_text(q_text[:, own], piece))
        both = (_joined(video).flatten(2), _joined(text).flatten(2))
        out: Tensor = self.to_out(torch.cat(both, dim=-1))
        return out

    def _split(self, x: Tensor) -> Tensor:
        return x.view(*x.shape[:-1], -1, self.norm_q.weight.shape[0])

    def _to_text(self, q: Tensor, piece: Piece) -> Tensor:
        pairs = self._split(self.to_kv_text(piece.text))
        k, v = pairs[:, :, 0::2], pairs[:, :, 1::2]
        return attend(q, self.norm_k_text(k), v, piece.text_mask)


class MagiFeedForward(nn.Module):
    """Norm, two linear layers, GELU or SwiGLU between them."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.gated = shape.gated
        self.norm = nn.LayerNorm(shape.dim, eps=shape.eps)
        self.up = nn.Linear(shape.dim, shape.ffn_dim * (2 if shape.gated else 1), bias=False)
        self.down = nn.Linear(shape.ffn_dim, shape.dim, bias=False)

    def forward(self, hidden: Tensor) -> Tensor:
        """`[B, n, C]` to the same."""
        x = self.up(self.norm(hidden))
        if self.gated:
            gate, value = x.chunk(2, dim=-1)
            x = F.silu(gate) * value
        else:
            x = F.gelu(x)
        out: Tensor = self.down(x)
        return out


class MagiTransformerBlock(nn.Module):
    """`x + norm(gate * f(x))` twice; gates in -1..1 come from the condition."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.modulation = nn.Linear(shape.condition_dim, 2 * shape.dim)
        self.attn = MagiAttention(shape)
        self.norm_attn_out = OffsetLayerNorm(shape.dim, shape.eps, shape.gain_offset)
        self.ffn = MagiFeedForward(shape)
        self.norm_ffn_out = OffsetLayerNorm(shape.dim, shape.eps, shape.gain_offset)

    def forward(
        self, hidden: Tensor, rotary: tuple[Tensor, Tensor], pieces: Sequence[Piece], looks: Sequence[Look]
    ) -> Tensor:
        """Hidden states `[B, n, C]` after this layer.

        Args:
            hidden: `[B, n, C]`.
            rotary: cosines and sines `[n, R]`.
            pieces: cover the n tokens in order.
            looks: of each piece, what it attends to.
        """
        gates = [self._gates(piece) for piece in pieces]
        out = self.attn(hidden, rotary, pieces, looks)
        hidden = self._added(hidden, out, [gate for gate, _ in gates], pieces, self.norm_attn_out)
        out = self.ffn(hidden)
        return self._added(hidden, out, [gate for _, gate in gates], pieces, self.norm_ffn_out)

    def _gates(self, piece: Piece) -> tuple[Tensor, Tensor]:
        """Of attention and feed-forward, `[B, 1, C]` each."""
        found = self.modulation(F.silu(piece.condition.to(self.modulation.weight.dtype)))
        attention, feed = torch.tanh(found.float()).to(found.dtype).float().unsqueeze(1).chunk(2, dim=-1)
        return attention, feed

    def _added(
        self,
        hidden: Tensor,
        out: Tensor,
        gates: Sequence[Tensor],
        pieces: Sequence[Piece],
        norm: OffsetLayerNorm,
    ) -> Tensor:
        # piece by piece: an fp32 copy of all tokens would double the memory of a window
        parts = [
            (norm(out[:, own].float() * gate) + hidden[:, own].float()).to(hidden.dtype)
            for gate, own in zip(gates, (slice(piece.start, piece.stop) for piece in pieces), strict=True)
        ]
        return _joined(parts)


def _joined(parts: Sequence[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(tuple(parts), dim=1)
