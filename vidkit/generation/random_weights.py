"""Models of real shapes with seeded random values, built where and in the precision they run.

Parameters are created once, on the device and in their final dtype: a 14 B transformer in bf16 never exists
in fp32 or on the host. Speed and memory equal the real model's; the pictures mean nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from vidkit.generation.spec import ModelSpec


def random_model(
    cls: type[Any], arguments: Mapping[str, Any], seed: int, device: torch.device, dtype: torch.dtype
) -> Any:
    """Build `cls(**arguments)` with random weights.

    Parts that `from_pretrained` keeps in fp32 (`_keep_in_fp32_modules`: norms, time embedding) are fp32 here
    too.

    Args:
        cls: a diffusers model class.
        arguments: its constructor arguments; keys starting with '_' are dropped, so a saved config.json
            works.
        seed: of all values.
        device: where the weights are made.
        dtype: of the weights.
    """
    known = {key: value for key, value in arguments.items() if not key.startswith("_") and value is not None}
    with torch.device("meta"):
        model = cls(**known)
    _compute_tables(model)
    keep = tuple(getattr(cls, "_keep_in_fp32_modules", None) or ()) if dtype != torch.float32 else ()
    generator = torch.Generator(device).manual_seed(seed)
    for module_name, module in model.named_modules():
        for name, parameter in list(module._parameters.items()):
            if parameter is None:
                continue
            full_name = f"{module_name}.{name}"
            kept = any(part in full_name.split(".") for part in keep)
            value = torch.empty(parameter.shape, device=device, dtype=torch.float32 if kept else dtype)
            _fill(value, full_name, generator)
            module._parameters[name] = nn.Parameter(value, requires_grad=False)
    for module in model.modules():
        if hasattr(module, "set_neutral"):
            module.set_neutral()
    return model.to(device).eval()  # moves the buffers; .to(dtype) would undo the fp32 parts


def _compute_tables(model: Any) -> None:
    """Buffers that are computed when a model is made, of which meta has no values."""
    config = model.config
    if hasattr(model, "rope") and list(model.rope.buffers()):
        model.rope = type(model.rope)(config.attention_head_dim, config.patch_size, config.rope_max_seq_len)
    embed: Any = getattr(model, "patch_embed", None)
    if "pos_embedding" in getattr(embed, "_buffers", {}):  # CogVideoX
        size = (embed.sample_height, embed.sample_width, embed.sample_frames)
        embed._buffers["pos_embedding"] = embed._get_positional_embeddings(*size)
    for name, fill in (("latents_mean", torch.zeros), ("latents_std", torch.ones)):  # LTX-2
        if name in model._buffers:
            model._buffers[name] = fill(model._buffers[name].shape)


def _fill(value: Tensor, name: str, generator: torch.Generator) -> None:
    leaf = name.rsplit(".", 1)[-1]
    if leaf == "bias":
        value.zero_()
    elif leaf == "gamma" or (value.ndim == 1 and leaf == "weight"):  # norms
        value.fill_(1)
    else:
        fan_in = value[0].numel() if leaf == "weight" else value.shape[-1]
        value.normal_(0, 1 / math.sqrt(fan_in), generator=generator)


def random_embeddings(
    spec: ModelSpec, length: int, seed: int, device: torch.device, dtype: torch.dtype
) -> Tensor:
    """Stand-in for an encoded prompt: [1, length, text_dim]."""
    generator = torch.Generator("cpu").manual_seed(seed)
    size = (1, length, int(spec.transformer["text_dim"]))
    return torch.randn(size, generator=generator).to(device, dtype)


def random_image_embeddings(spec: ModelSpec, seed: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Stand-in for CLIP's hidden states of the first frame: [1, 257, image_dim]."""
    generator = torch.Generator("cpu").manual_seed(seed)
    size = (1, spec.image_tokens, int(spec.transformer["image_dim"]))
    return torch.randn(size, generator=generator).to(device, dtype)
