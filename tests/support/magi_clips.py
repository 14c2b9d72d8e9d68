"""A tiny MAGI-1 with random weights, and clips for it."""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
from magi_published import TINY

from vidkit.config.magi_schema import MagiSettings
from vidkit.generation.magi.clip import MagiClip
from vidkit.models.magi import MagiTransformer3DModel
from vidkit.models.magi.transformer import MagiText

FRAMES = TINY["chunk_frames"]


def model_of(distilled: bool = False) -> MagiTransformer3DModel:
    torch.manual_seed(0)
    model = MagiTransformer3DModel(**TINY, distilled=distilled).eval()
    for name, value in model.named_parameters():
        if value.ndim > 1:
            value.data.normal_(0, value[0].numel() ** -0.5)
        elif name.endswith("bias"):
            value.data.normal_(0, 0.1)
    return model


def clip_of(chunks: int = 4, steps: int = 4, guidance: float = 3.0, **changes: Any) -> MagiClip:
    generator = torch.Generator().manual_seed(5)
    noise = torch.randn(1, TINY["in_channels"], chunks * FRAMES, 4, 4, generator=generator)
    texts = [
        MagiText(torch.randn(1, 5 + i % 2, TINY["text_dim"], generator=generator)) for i in range(chunks)
    ]
    settings = dataclasses.replace(MagiSettings(window=2, kv_range=[3, 2]), **changes)
    return MagiClip(noise, texts, None, steps, guidance, 3.0, settings)
