"""What the shapes of diffusers' other video models mean, by family: tokens, sizes, FLOPs. No torch."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from vidkit.models.layouts.base import Layout

__all__ = ["LAYOUTS", "Layout", "layout_of"]

# family of a config, and where its layout is
LAYOUTS: dict[str, str] = {
    "wan_vace": "vidkit.models.layouts.wan_vace:WanVACE",
    "hunyuan_video15": "vidkit.models.layouts.hunyuan_video15:HunyuanVideo15",
    "ltx2": "vidkit.models.layouts.ltx2:LTX2",
    "cogvideox": "vidkit.models.layouts.cogvideox:CogVideoX",
}


@cache
def layout_of(family: str) -> Layout | None:
    """The layout of a family; None: one that `ModelSpec` knows itself (Wan, SkyReels-V2, MAGI-1)."""
    if family not in LAYOUTS:
        return None
    module, _, kind = LAYOUTS[family].partition(":")
    layout: Layout = getattr(import_module(module), kind)()
    return layout
