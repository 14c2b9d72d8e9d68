"""Wan2.1 run block by block, for weights that were trained to see only earlier blocks."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from vidkit.hooks.blocks.skyreels_v2 import SkyReelsBlocks


class WanBlocks(SkyReelsBlocks):
    """Block model on a `WanTransformer3DModel` of text to video: a noise level for each frame, no frame rate.

    Its layers are those of SkyReels-V2, which was made from it.

    Args:
        transformer: of diffusers.
        text_tokens: of a prompt, padding included; for FLOPs only.

    Raises:
        ConfigError: an image branch, or layers that are moved to the device one at a time.
    """

    def __init__(self, transformer: Any, text_tokens: int = 512) -> None:
        super().__init__(transformer, text_tokens=text_tokens)

    def _waves(self, levels: Tensor) -> Tensor:
        """Wan's own embedding takes a flat list of levels."""
        return super()._waves(levels.flatten()).reshape(*levels.shape, -1)

    def _with_rate(self, projected: Tensor) -> Tensor:
        """Wan is not told a frame rate."""
        return projected
