"""MAGI-1: the chunk-wise autoregressive video model of Sand AI, written from its published shapes.

Sources of the facts: arXiv 2505.13211, the README and configs of SandAI-org/MAGI-1 (Apache-2.0). The class
names are those that an open pull request of diffusers uses. Schedule and cost need no torch, so the classes
are imported when they are asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vidkit.models.magi.autoencoder import AutoencoderKLMagi
    from vidkit.models.magi.kv_cache import ChunkKeyValues
    from vidkit.models.magi.transformer import MagiTransformer3DModel

__all__ = ["AutoencoderKLMagi", "ChunkKeyValues", "MagiTransformer3DModel"]

_WHERE = {
    "AutoencoderKLMagi": "autoencoder",
    "ChunkKeyValues": "kv_cache",
    "MagiTransformer3DModel": "transformer",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
