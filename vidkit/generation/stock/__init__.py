"""Families that run on diffusers' own pipelines as they are: one file each, imported when one is met."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from vidkit.generation.stock.base import Stock

__all__ = ["STOCKS", "Stock", "stock_of"]

# family of a config, and where its pipeline is driven from
STOCKS: dict[str, str] = {
    "wan_vace": "vidkit.generation.stock.wan_vace:WanVACE",
    "hunyuan_video15": "vidkit.generation.stock.hunyuan_video15:HunyuanVideo15",
    "ltx2": "vidkit.generation.stock.ltx2:LTX2",
    "cogvideox": "vidkit.generation.stock.cogvideox:CogVideoX",
}


@cache
def stock_of(family: str) -> Stock | None:
    """What drives a family's pipeline; None: Wan, SkyReels-V2 and MAGI-1, which run otherwise."""
    if family not in STOCKS:
        return None
    module, _, kind = STOCKS[family].partition(":")
    stock: Stock = getattr(import_module(module), kind)()
    return stock
