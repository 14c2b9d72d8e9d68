"""Caching for video diffusion transformers: what need not be computed again, and what that saves.

A policy decides for each block at each step: `SKIP`, `FULL` or `TOKENS(index)`; whoever runs the model
carries that out, keeps keys, values and what is reused, and counts.

    handle = vidkit.caching.enable(pipe, vidkit.caching.policy("interval", every=2))

Names are imported on first use: the FLOP model runs without torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vidkit.caching.apply import CacheHandle, enable
    from vidkit.caching.compression import compress_kv
    from vidkit.caching.context import BlockContext, Outcome, RunContext, Signals
    from vidkit.caching.decision import FULL, SKIP, TOKENS, Decision, Kind, tokens_where
    from vidkit.caching.flop_model import ClipSchedule, flops
    from vidkit.caching.flop_report import FlopReport
    from vidkit.caching.magi_flops import MagiClipSchedule
    from vidkit.caching.policies import POLICIES, CachePolicy, Forecast, ReusedValue, policy
    from vidkit.caching.values import ValueStore

__all__ = [
    "FULL",
    "POLICIES",
    "SKIP",
    "TOKENS",
    "BlockContext",
    "CacheHandle",
    "CachePolicy",
    "ClipSchedule",
    "Decision",
    "FlopReport",
    "Forecast",
    "Kind",
    "MagiClipSchedule",
    "Outcome",
    "ReusedValue",
    "RunContext",
    "Signals",
    "ValueStore",
    "compress_kv",
    "enable",
    "flops",
    "policy",
    "tokens_where",
]

_HOMES = {
    "CacheHandle": "apply",
    "enable": "apply",
    "compress_kv": "compression",
    **dict.fromkeys(("BlockContext", "Outcome", "RunContext", "Signals"), "context"),
    **dict.fromkeys(("FULL", "SKIP", "TOKENS", "Decision", "Kind", "tokens_where"), "decision"),
    **dict.fromkeys(("ClipSchedule", "flops"), "flop_model"),
    "FlopReport": "flop_report",
    "MagiClipSchedule": "magi_flops",
    **dict.fromkeys(("POLICIES", "CachePolicy", "Forecast", "ReusedValue", "policy"), "policies"),
    "ValueStore": "values",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
