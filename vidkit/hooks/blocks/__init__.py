"""Transformers of diffusers as block models: run on some tokens of one block at a time."""

from __future__ import annotations

from vidkit.hooks.blocks.skyreels_v2 import SkyReelsBlocks, moves_layers
from vidkit.hooks.blocks.wan import WanBlocks

__all__ = ["SkyReelsBlocks", "WanBlocks", "moves_layers"]
