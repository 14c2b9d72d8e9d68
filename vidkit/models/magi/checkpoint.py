"""MAGI-1's published files: which tensor goes where, and whether all are there.

A checkpoint is a folder of safetensors with `model.safetensors.index.json`, or one `model.safetensors`. Names
and shapes are compared before any value is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from vidkit.errors import ModelError
from vidkit.models.magi.autoencoder import AutoencoderKLMagi
from vidkit.models.magi.published import COPY_HINT, autoencoder_arguments
from vidkit.models.magi.transformer import MagiTransformer3DModel
from vidkit.utils.strict_json import load_json

INDEX, SINGLE = "model.safetensors.index.json", "model.safetensors"
PROJECTION_GROUPS = 8  # the output projection's inputs alternate between video and caption in so many groups
_FILE_NAME = re.compile(r"[\w-][\w.-]{0,120}")
LISTED = 12  # names that a message lists at most

# ours, and what a published name has in its place; longer ones first
_NAMES = {
    "patch_embedding.": "x_embedder.",
    "time_embedder.linear_1.": "t_embedder.mlp.0.",
    "time_embedder.linear_2.": "t_embedder.mlp.2.",
    "caption_embedder.cross_proj.": "y_embedder.y_proj_xattn.0.",
    "caption_embedder.condition_proj.": "y_embedder.y_proj_adaln.0.",
    "caption_embedder.null_caption": "y_embedder.null_caption_embedding",
    "norm_out.": "videodit_blocks.final_layernorm.",
    "proj_out.": "final_linear.linear.",
}
_BLOCK_NAMES = {
    "modulation.": "ada_modulate_layer.proj.0.",
    "attn.norm.": "self_attention.linear_qkv.layer_norm.",
    "attn.to_q.": "self_attention.linear_qkv.q.",
    "attn.to_k.": "self_attention.linear_qkv.k.",
    "attn.to_v.": "self_attention.linear_qkv.v.",
    "attn.to_q_text.": "self_attention.linear_qkv.qx.",
    "attn.to_kv_text.": "self_attention.linear_kv_xattn.",
    "attn.to_out.": "self_attention.linear_proj.",
    "attn.norm_q.": "self_attention.q_layernorm.",
    "attn.norm_k.": "self_attention.k_layernorm.",
    "attn.norm_q_text.": "self_attention.q_layernorm_xattn.",
    "attn.norm_k_text.": "self_attention.k_layernorm_xattn.",
    "norm_attn_out.": "self_attn_post_norm.",
    "ffn.norm.": "mlp.layer_norm.",
    "ffn.up.": "mlp.linear_fc1.",
    "ffn.down.": "mlp.linear_fc2.",
    "norm_ffn_out.": "mlp_post_norm.",
}


def published_name(name: str) -> str:
    """The published name of one of our transformer's tensors."""
    if name.startswith("blocks."):
        _, number, rest = name.split(".", 2)
        return f"videodit_blocks.layers.{number}.{_renamed(rest, _BLOCK_NAMES)}"
    return _renamed(name, _NAMES)


def read_transformer(
    folder: Path, arguments: Mapping[str, Any], device: torch.device, dtype: torch.dtype
) -> MagiTransformer3DModel:
    """A transformer with published weights.

    Args:
        folder: holds the safetensors (`inference_weight` of a published variant).
        arguments: of `MagiTransformer3DModel`.
        device: where the weights go, one tensor at a time.
        dtype: of the layers; embeddings and norms that the model keeps in fp32 are fp32.

    Raises:
        ModelError: files that cannot be read, or tensors missing, extra or of another shape, each named.
    """
    with torch.device("meta"):
        model: MagiTransformer3DModel = MagiTransformer3DModel(**arguments)
    kept = MagiTransformer3DModel._keep_in_fp32_modules

    def placed(name: str, value: Tensor) -> Tensor:
        if name.endswith("attn.to_out.weight"):
            value = _video_then_caption(value)
        keep = any(part in name.split(".") for part in kept)
        return value.to(device, torch.float32 if keep else dtype)

    _fill(model, folder, _weight_files(folder), published_name, placed)
    model.eval()
    return model


def read_autoencoder(folder: Path, device: torch.device, dtype: torch.dtype) -> AutoencoderKLMagi:
    """The autoencoder with published weights; its config.json says its sizes.

    Args:
        folder: holds `config.json` and `diffusion_pytorch_model.safetensors`.
        device: where the weights go.
        dtype: of all of them.

    Raises:
        ModelError: as `read_transformer`, and for a config that this autoencoder does not cover.
    """
    config = folder / "config.json"
    with torch.device("meta"):
        model: AutoencoderKLMagi = AutoencoderKLMagi(**autoencoder_arguments(_json(config), config))
    file = folder / "diffusion_pytorch_model.safetensors"
    _fill(model, folder, [file], str, lambda name, value: value.to(device, dtype))
    model.eval()
    return model


def _fill(
    model: nn.Module,
    folder: Path,
    files: list[Path],
    rename: Callable[[str], str],
    placed: Callable[[str, Tensor], Tensor],
) -> None:
    """Give every parameter of a model on the meta device its value."""
    ours = {rename(name): name for name, _ in model.named_parameters()}
    shapes = {rename(name): tuple(value.shape) for name, value in model.named_parameters()}
    found: dict[str, tuple[int, ...]] = {}
    try:
        for file in files:
            with safe_open(file, framework="pt") as opened:
                found |= {name: tuple(opened.get_slice(name).get_shape()) for name in opened.keys()}  # noqa: SIM118
        _compare(folder, shapes, found)
        for file in files:
            with safe_open(file, framework="pt") as opened:
                for name in opened.keys():  # noqa: SIM118  # not a mapping
                    _assign(model, ours[name], placed(ours[name], opened.get_tensor(name)))
    except (OSError, SafetensorError) as error:
        raise ModelError(f"cannot read the weights in '{folder}': {error}", COPY_HINT) from error


def _compare(
    folder: Path, expected: Mapping[str, tuple[int, ...]], found: Mapping[str, tuple[int, ...]]
) -> None:
    problems = []
    if any(name.endswith((".weight_scale", ".input_scale")) for name in found):
        raise ModelError(
            f"'{folder}' holds 8-bit weights, which are not read",
            "pass the variant without 'quant' in its name",
        )
    missing = [name for name in expected if name not in found]
    extra = [name for name in found if name not in expected]
    other = [
        f"{name} is {_size(found[name])}, not {_size(shape)}"
        for name, shape in expected.items()
        if name in found and found[name] != shape
    ]
    for what, names in (("missing", missing), ("not known", extra), ("of another shape", other)):
        if names:
            more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
            problems.append(f"{what}: {', '.join(names[:LISTED])}{more}")
    if problems:
        raise ModelError(f"the tensors in '{folder}' do not fit the model; {'; '.join(problems)}", COPY_HINT)


def _weight_files(folder: Path) -> list[Path]:
    if (folder / INDEX).is_file():
        listed = _json(folder / INDEX).get("weight_map")
        if not isinstance(listed, dict):
            raise ModelError(f"'{folder / INDEX}' has no 'weight_map'", COPY_HINT)
        for name in listed.values():
            if not (isinstance(name, str) and _FILE_NAME.fullmatch(name)):
                raise ModelError(
                    f"'{folder / INDEX}' names {str(name)[:160]!r}, which is not a file in its folder",
                    COPY_HINT,
                )
        files = [folder / name for name in sorted(set(listed.values()))]
    else:
        files = [folder / SINGLE]
    for file in files:
        if not file.is_file():
            packed = file.with_name(file.name + ".zst")
            if packed.is_file():
                raise ModelError(f"'{packed}' is compressed", f"unpack it: zstd -d '{packed}'")
            raise ModelError(f"the checkpoint lacks '{file}'", COPY_HINT)
    return files


def _video_then_caption(weight: Tensor) -> Tensor:
    """Columns of the output projection from alternating groups to the video's half, then the caption's."""
    rows = weight.shape[0]
    return weight.view(rows, PROJECTION_GROUPS, 2, -1).transpose(1, 2).reshape(rows, -1)


def _assign(model: nn.Module, name: str, value: Tensor) -> None:
    path, _, leaf = name.rpartition(".")
    model.get_submodule(path)._parameters[leaf] = nn.Parameter(value, requires_grad=False)


def _renamed(name: str, table: Mapping[str, str]) -> str:
    for ours, theirs in table.items():
        if name.startswith(ours):
            return theirs + name.removeprefix(ours)
    return name


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "a number"


def _json(path: Path) -> dict[str, Any]:
    try:
        value = load_json(path.read_text(encoding="utf-8"), str(path))
    except (OSError, ValueError) as error:
        raise ModelError(f"cannot read '{path}' as JSON", COPY_HINT) from error
    if not isinstance(value, dict):
        raise ModelError(f"'{path}' does not hold a JSON object", COPY_HINT)
    return value
