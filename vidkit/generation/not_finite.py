"""Latents that hold NaN or infinity: the run stops where they first appear, and keeps its record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vidkit.errors import NotFinite

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["NotFinite", "check_finite"]


def check_finite(
    latents: Tensor, block_frames: int, blocks: Sequence[int], step: int, offset: int = 0
) -> None:
    """Refuse to go on.

    Args:
        latents: of a window, `[1, C, F, h, w]`.
        block_frames: latent frames a block.
        blocks: those that changed.
        step: row of the schedule, from 0.
        offset: first latent frame of the window in the clip.

    Raises:
        NotFinite: one of them holds NaN or infinity.
    """
    import torch  # a dry run knows the error without torch

    if bool(torch.isfinite(latents).all()):
        return
    frames = {block: latents[:, :, block * block_frames : (block + 1) * block_frames] for block in blocks}
    block = next((n for n, x in frames.items() if not bool(torch.isfinite(x).all())), blocks[0])
    first = offset + block * block_frames
    raise NotFinite(
        f"the latents hold NaN or infinity after step {step}, in block {block} (latent frames"
        f" {first}..{first + block_frames - 1})",
        "try dtype=bf16 or dtype=fp32, or another cache threshold; the record of the steps so far is kept",
    )
