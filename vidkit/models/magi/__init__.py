"""MAGI-1: the chunk-wise autoregressive video model of Sand AI, written from its published shapes.

Sources of the facts: arXiv 2505.13211, the README and configs of SandAI-org/MAGI-1 (Apache-2.0). The class
names are those that an open pull request of diffusers uses.
"""

from __future__ import annotations

from vidkit.models.magi.autoencoder import AutoencoderKLMagi
from vidkit.models.magi.kv_cache import ChunkKeyValues
from vidkit.models.magi.transformer import MagiTransformer3DModel

__all__ = ["AutoencoderKLMagi", "ChunkKeyValues", "MagiTransformer3DModel"]
