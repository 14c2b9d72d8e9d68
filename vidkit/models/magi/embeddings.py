"""What MAGI-1 knows of positions, times and captions before its first layer."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FREQUENCIES = 256  # values of a time before its MLP
TIME_SCALE = 1000.0  # t in 0 (noise) .. 1 (clean) is embedded as 0..1000
NULL_TOKENS = 50  # rows of the null caption that are read
REFERENCE_SIDE = 16  # token rows and columns of the clips that positions in space are scaled to


class LearnedRotary(nn.Module):
    """Rotary embedding over (frame, row, column) with learned frequencies.

    Of D channels of a head, `6 * (D // 8)` are turned: D // 8 frequencies for each axis, two channels each;
    the rest passes. Frames count from the start of the clip. Rows and columns count from the middle, scaled
    so that a picture of any size and shape spans the area of 16 x 16 tokens.
    """

    def __init__(self, head_dim: int) -> None:
        super().__init__()
        count = head_dim // 8
        self.bands = nn.Parameter(10000.0 ** (-torch.arange(count, dtype=torch.float32) / count))

    @torch.no_grad()
    def set_neutral(self) -> None:
        """The frequencies that training starts from."""
        count = self.bands.shape[0]
        self.bands.copy_(10000.0 ** (-torch.arange(count, dtype=torch.float32) / count))

    def forward(self, first_frame: int, frames: int, rows: int, columns: int) -> tuple[Tensor, Tensor]:
        """Cosines and sines `[frames * rows * columns, 3 * (D // 8)]`, fp32, in raster order."""
        bands = self.bands.float()
        scale = math.sqrt(rows * columns) / REFERENCE_SIDE
        time = torch.arange(first_frame, first_frame + frames, device=bands.device, dtype=torch.float32)
        axes = (time, _centred(rows, scale, bands.device), _centred(columns, scale, bands.device))
        places = torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1).flatten(0, 2)
        angles = (places.unsqueeze(-1) * bands).flatten(1)
        return angles.cos(), angles.sin()


def _centred(count: int, scale: float, device: torch.device) -> Tensor:
    """Places of `count` tokens around 0; their ends lie where those of `count / scale` tokens would."""
    if count == 1:
        return torch.zeros(1, device=device)
    places = torch.arange(count, device=device, dtype=torch.float32) - (count - 1) / 2
    return places * ((count / scale - 1) / (count - 1))


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn the leading channels of x `[B, N, H, D]`; tables `[N, R]` turn channel i with channel R + i."""
    size = cos.shape[-1]
    first, second, rest = x[..., :size], x[..., size : 2 * size], x[..., 2 * size :]
    c, s = cos.unsqueeze(1), sin.unsqueeze(1)
    return torch.cat((first * c - second * s, second * c + first * s, rest), dim=-1)


class TimeEmbedder(nn.Module):
    """A noise level to a vector, by cosines, sines and two linear layers."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(FREQUENCIES, dim)
        self.linear_2 = nn.Linear(dim, dim)

    def forward(self, time: Tensor, rounded_to: torch.dtype) -> Tensor:
        """Vectors `[..., dim]` of times `[...]`.

        Args:
            time: 0 noise .. 1 clean; of a distilled model also the step's size.
            rounded_to: precision that cosines and sines go through, as in training.
        """
        half = FREQUENCIES // 2
        steps = torch.arange(half, device=time.device, dtype=torch.float32) / half
        angles = time.float().unsqueeze(-1) * TIME_SCALE * torch.exp(-math.log(10000.0) * steps)
        waves = torch.cat((angles.cos(), angles.sin()), dim=-1).to(rounded_to)
        out: Tensor = self.linear_2(F.silu(self.linear_1(waves.to(self.linear_1.weight.dtype))))
        return out


class CaptionEmbedder(nn.Module):
    """Captions for cross-attention, and the part of the condition that says whether there is one.

    `null_caption` stands for an absent caption. Its last row, projected, is added to the condition without a
    caption, the last but one with any.
    """

    def __init__(self, text_dim: int, max_length: int, dim: int, condition_dim: int) -> None:
        super().__init__()
        self.cross_proj = nn.Linear(text_dim, dim)
        self.condition_proj = nn.Linear(text_dim, condition_dim)
        self.null_caption = nn.Parameter(torch.zeros(max_length, text_dim))

    def forward(self, captions: Tensor | None, guided: bool) -> tuple[Tensor, Tensor]:
        """Text `[B, S, dim]` of captions `[B, S, text_dim]`, None: the null one; part of the condition."""
        weight = self.cross_proj.weight
        if captions is None:
            captions = self.null_caption[:NULL_TOKENS].unsqueeze(0)
        text = F.silu(self.cross_proj(captions.to(weight.dtype)))
        part = self.condition_proj(self.null_caption[-2 if guided else -1].to(weight.dtype))
        return text, part


class OffsetLayerNorm(nn.Module):
    """Layer norm whose gain is stored less one."""

    def __init__(self, dim: int, eps: float, offset: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((dim,), 1.0 - offset))
        self.bias = nn.Parameter(torch.zeros(dim))
        self.eps, self.offset = eps, offset

    @torch.no_grad()
    def set_neutral(self) -> None:
        """Gain 1, no bias."""
        self.weight.fill_(1.0 - self.offset)
        self.bias.zero_()

    def forward(self, x: Tensor) -> Tensor:
        """Normed x `[..., dim]`, in the precision of x."""
        out = F.layer_norm(
            x.to(self.weight.dtype), self.weight.shape, self.weight + self.offset, self.bias, self.eps
        )
        return out.to(x.dtype)
