"""What the published config of MAGI-1's autoencoder says. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vidkit.errors import ModelError

COPY_HINT = "copy the checkpoint again, or choose the config that it belongs to"
_VAE_FIXED = {  # what published configs say and this autoencoder takes for granted
    "double_z": True,
    "ln_in_attn": True,
    "qkv_bias": True,
    "with_cls_token": True,
    "norm_code": False,
    "use_rope": False,
    "use_final_proj": False,
}
_VAE_ARGUMENTS = {
    "in_chans": "in_channels",
    "z_chans": "z_dim",
    "embed_dim": "embed_dim",
    "depth": "num_layers",
    "num_heads": "num_attention_heads",
    "mlp_ratio": "mlp_ratio",
    "patch_size": "patch_size",
    "patch_length": "patch_length",
    "video_size": "sample_size",
    "video_length": "sample_frames",
}


def autoencoder_arguments(config: Mapping[str, Any], file: Path) -> dict[str, Any]:
    """Arguments of `AutoencoderKLMagi` from a published config.

    Raises:
        ModelError: names the setting that is not covered.
    """
    sizes = config.get("ddconfig")
    if not isinstance(sizes, dict):
        raise ModelError(
            f"'{file}' has no 'ddconfig', which MAGI-1's autoencoder is published with",
            COPY_HINT,
        )
    for name, value in _VAE_FIXED.items():
        found = sizes.get(name, value)
        if found != value:
            raise ModelError(f"'{file}' sets {name}={found}, but only {name}={value} is read", COPY_HINT)
    return {ours: sizes[theirs] for theirs, ours in _VAE_ARGUMENTS.items() if theirs in sizes}
