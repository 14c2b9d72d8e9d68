"""Rotary tables of Wan's kind for some frames of a clip, however far into it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

THETA = 10000.0  # base of diffusers' Wan and SkyReels-V2 tables


def rotary_tables(rope: Any, first_frame: int, grid: tuple[int, int, int]) -> tuple[Tensor, Tensor]:
    """Cosine and sine of a block's tokens, `[1, P, 1, D]` each, as `rope` gives them for a whole clip.

    Positions in time beyond the table of `rope` are computed in double precision, so that a clip has no
    longest length.

    Args:
        rope: `WanRotaryPosEmbed` or `SkyReelsV2RotaryPosEmbed` of diffusers.
        first_frame: position in time of the block's first frame of tokens.
        grid: frames, rows and columns of tokens.
    """
    frames, rows, columns = grid
    tables = rope.freqs_cos, rope.freqs_sin
    time = time_tables(rope, torch.arange(first_frame, first_frame + frames))
    found = []
    for table, along_time in zip(tables, time, strict=True):
        _, down, across = table.split([rope.t_dim, rope.h_dim, rope.w_dim], dim=1)
        parts = [
            along_time[:, None, None].expand(-1, rows, columns, -1),
            down[None, :rows, None].expand(frames, -1, columns, -1),
            across[None, None, :columns].expand(frames, rows, -1, -1),
        ]
        found.append(torch.cat(parts, dim=-1).reshape(1, frames * rows * columns, 1, -1))
    return found[0], found[1]


def time_tables(rope: Any, positions: Tensor) -> tuple[Tensor, Tensor]:
    """The temporal part of the tables, `[n, t_dim]` each, for whole positions in time (negative ones too)."""
    tables = rope.freqs_cos[:, : rope.t_dim], rope.freqs_sin[:, : rope.t_dim]
    if len(positions) and int(positions[0]) >= 0 and int(positions[-1]) < len(tables[0]):
        index = positions.to(tables[0].device)
        return tables[0][index], tables[1][index]
    place = torch.arange(0, rope.t_dim, 2, dtype=torch.float64)
    angles = torch.outer(positions.double(), THETA ** (-place / rope.t_dim)).repeat_interleave(2, dim=1)
    return angles.cos().to(tables[0]), angles.sin().to(tables[1])
