"""Caching for video diffusion transformers: what need not be computed again, and what that saves.

Names are imported on first use: the FLOP model runs without torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vidkit.caching.compression import compress_kv
    from vidkit.caching.flop_model import ClipSchedule, FlopReport, flops

__all__ = ["ClipSchedule", "FlopReport", "compress_kv", "flops"]

_HOMES = {
    "ClipSchedule": "flop_model",
    "FlopReport": "flop_model",
    "compress_kv": "compression",
    "flops": "flop_model",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
