"""The two towers: a transformers CLIP of 4.3 M parameters, so that any CLIP loader reads the result."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor

from scripts.frame_encoder_training import text

SIDE, PATCH, WIDTH = 96, 8, 128  # pixels, pixels, length of an embedding
MEAN, STD = 0.5, 0.28


def make_network() -> Any:
    """An untrained network."""
    from transformers import CLIPConfig, CLIPModel, CLIPTextConfig, CLIPVisionConfig

    words = CLIPTextConfig(
        vocab_size=len(text.vocabulary()) + len(text.SPECIAL),
        hidden_size=160,
        intermediate_size=480,
        num_hidden_layers=4,
        num_attention_heads=5,
        max_position_embeddings=text.TOKENS,
        pad_token_id=text.PAD,
        bos_token_id=text.START,
        eos_token_id=text.END,
        projection_dim=WIDTH,
    )
    vision = CLIPVisionConfig(
        hidden_size=192,
        intermediate_size=640,
        num_hidden_layers=8,
        num_attention_heads=6,
        image_size=SIDE,
        patch_size=PATCH,
        projection_dim=WIDTH,
    )
    return CLIPModel(
        CLIPConfig(text_config=words.to_dict(), vision_config=vision.to_dict(), projection_dim=WIDTH)
    )


def embed_texts(network: Any, ids: Tensor) -> Tensor:
    """Unit embeddings [T, 128] of ids [T, 24]."""
    found = network.get_text_features(input_ids=ids, attention_mask=(ids != text.PAD).long())
    return F.normalize(getattr(found, "pooler_output", found).float(), dim=-1)


def embed_pixels(network: Any, pixels: Tensor) -> Tensor:
    """Unit embeddings [B, 128] of pixels in [0, 1] [B, 3, 96, 96]."""
    found = network.get_image_features(pixel_values=(pixels - MEAN) / STD)
    return F.normalize(getattr(found, "pooler_output", found).float(), dim=-1)


def to_pixels(pictures: Tensor) -> Tensor:
    """uint8 [B, H, W, 3] as floats in [0, 1] [B, 3, H, W]."""
    return pictures.permute(0, 3, 1, 2).float() / 255
