"""Wan VACE: Wan with control blocks, which attend to all tokens as well and add to some main blocks."""

from __future__ import annotations

from typing import Any

from vidkit.hooks.families.base import Layer
from vidkit.hooks.families.wan import Wan


class WanVACE(Wan):
    """Control tokens are padded to the video's count, so they lie on the same grid.

    What control blocks add is of all tokens, so main blocks cannot take some of them alone.
    """

    token_wise = False
    control_name = "vace_blocks"
    layout = "wan_vace"

    def layers(self, model: Any) -> tuple[Layer, ...]:
        """`attn1` of the main blocks, then of the control blocks."""
        depths = zip(model.config.vace_layers, model.vace_blocks, strict=True)
        control = (Layer(block.attn1, depth, is_main=False) for depth, block in depths)
        return (*super().layers(model), *control)

    def main_args(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Without the control tokens."""
        hidden_states, text, _, *rest = args
        return (hidden_states, text, *rest)
