"""Parameters of the encoders beside a video transformer, by arithmetic. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def text_encoder_parameters(config: Mapping[str, Any]) -> int:
    """Parameters of a text encoder by its config: UMT5, T5, or a language model without its output layer."""
    if not config:
        return 0
    if "d_model" in config:
        return _t5_parameters(config)
    inner = config.get("text_config")
    return _language_model_parameters({**config, **inner} if isinstance(inner, Mapping) else config)


def _t5_parameters(config: Mapping[str, Any]) -> int:
    """Gated feed-forward; relative positions in every layer (UMT5), or in the first (T5)."""
    d, inner = int(config["d_model"]), int(config["num_heads"]) * int(config["d_kv"])
    layers = int(config["num_layers"])
    buckets = int(config.get("relative_attention_num_buckets", 32)) * int(config["num_heads"])
    layer = 4 * d * inner + 3 * d * int(config["d_ff"]) + 2 * d
    shared = config.get("model_type") == "t5"
    return int(config["vocab_size"]) * d + layers * layer + buckets * (1 if shared else layers) + d


def _language_model_parameters(config: Mapping[str, Any]) -> int:
    """Qwen2.5 (queries, keys and values with bias) and Gemma 3 (four norms a layer, and of the heads)."""
    d, layers = int(config["hidden_size"]), int(config["num_hidden_layers"])
    heads = int(config["num_attention_heads"])
    groups = int(config.get("num_key_value_heads") or heads)
    head = int(config.get("head_dim") or d // heads)
    gemma = str(config.get("model_type", "")).startswith("gemma")
    layer = 2 * d * heads * head + 2 * d * groups * head + 3 * d * int(config["intermediate_size"])
    layer += 4 * d + 2 * head if gemma else 2 * d + (heads + 2 * groups) * head
    return int(config["vocab_size"]) * d + layers * layer + d


def connector_parameters(config: Mapping[str, Any]) -> int:
    """Parameters of LTX-2's connectors between text encoder and transformer."""
    if not config:
        return 0
    width = int(config["caption_channels"])
    states = width * int(config["text_proj_in_factor"])
    if config.get("per_modality_projections"):
        outs = [int(config.get("video_hidden_dim", 4096)), int(config.get("audio_hidden_dim", 2048))]
    else:
        outs = [width]
    total = sum(states * out + (out if config.get("proj_bias") else 0) for out in outs)
    for stream in ("video", "audio"):
        heads = int(config[f"{stream}_connector_num_attention_heads"])
        d = heads * int(config[f"{stream}_connector_attention_head_dim"])
        layer = 4 * (d * d + d) + 2 * d + (4 * d * d + 4 * d) + (4 * d * d + d)
        layer += d * heads + heads if config.get(f"{stream}_gated_attn") else 0
        total += int(config[f"{stream}_connector_num_layers"]) * layer
        total += int(config.get(f"{stream}_connector_num_learnable_registers") or 0) * d
    return total


def image_encoder_parameters(config: Mapping[str, Any]) -> int:
    """Parameters of a CLIP vision transformer."""
    d, f = int(config["hidden_size"]), int(config["intermediate_size"])
    patches = (int(config["image_size"]) // int(config["patch_size"])) ** 2
    layer = 4 * (d * d + d) + (d * f + f) + (f * d + d) + 4 * d
    return int(
        d
        + 3 * int(config["patch_size"]) ** 2 * d
        + (patches + 1) * d
        + int(config["num_hidden_layers"]) * layer
        + 4 * d
    )
