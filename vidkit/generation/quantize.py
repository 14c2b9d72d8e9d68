"""Linear layers in 8 bits, by torchao: weights and activations, on cards whose tensor cores take them."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

from vidkit.errors import ConfigError, MissingDependency, require

if TYPE_CHECKING:
    import torch

# what the card must be, as its compute capability, and how it is called
_NEEDS = {"fp8": ((8, 9), "an Ada or Hopper GPU, or later"), "int8": ((8, 0), "an Ampere GPU, or later")}
_MULTIPLE = 16  # of both sides of a weight, for the scaled matrix products


def check_quantize(kind: str, device: torch.device, offload: str = "none") -> None:
    """Refuse 8 bits where they cannot be, before weights are loaded.

    Raises:
        ConfigError: the device has no such matrix product.
        MissingDependency: torchao is not installed.
    """
    if kind == "none":
        return
    import torch

    least, words = _NEEDS[kind]
    if device.type != "cuda":
        raise ConfigError(
            f"model.quantize={kind} needs a CUDA device, and this run is on {device.type}",
            "set model.quantize=none",
        )
    if torch.cuda.get_device_capability(device) < least:
        raise ConfigError(
            f"model.quantize={kind} needs {words}, and this is {torch.cuda.get_device_name(device)}",
            "set model.quantize=none" + (" or int8" if kind == "fp8" else ""),
        )
    if offload in ("sequential", "group"):
        raise ConfigError(
            f"model.quantize={kind} does not go together with model.offload={offload}",
            "set model.offload=none or model",
        )
    if importlib.util.find_spec("torchao") is None:
        raise MissingDependency(
            f"model.quantize={kind} needs the package 'torchao', which is not installed",
            "pip install 'vidkit[quantize]'",
        )


def quantize_blocks(transformer: Any, kind: str) -> int:
    """Put the linear layers of a transformer's blocks into 8 bits; embeddings and the output stay.

    Args:
        transformer: of a class in `vidkit.hooks.families`, its weights final (LoRA merged).
        kind: `fp8` (rows scaled one by one) or `int8`.

    Returns:
        How many layers were changed.
    """
    from torch import nn

    from vidkit.hooks.compiled_blocks import repeated_blocks
    from vidkit.hooks.families import family_of

    torchao: Any = require("torchao.quantization", extra="quantize")
    if kind == "fp8":
        config = torchao.Float8DynamicActivationFloat8WeightConfig(granularity=torchao.PerRow())
    else:
        config = torchao.Int8DynamicActivationInt8WeightConfig()
    layers = {
        id(part)
        for block in repeated_blocks(transformer, family_of(transformer))
        for part in block.modules()
        if isinstance(part, nn.Linear) and part.in_features % _MULTIPLE == part.out_features % _MULTIPLE == 0
    }
    torchao.quantize_(transformer, config, filter_fn=lambda module, name: id(module) in layers)
    return len(layers)
