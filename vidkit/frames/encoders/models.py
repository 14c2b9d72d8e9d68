"""Encoders through transformers: which class serves which checkpoint, and loading with clear errors."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vidkit.errors import ModelError
from vidkit.frames.encoders.base import Encoder
from vidkit.frames.encoders.loaded import LoadedModel
from vidkit.utils.device import resolve_device, resolve_dtype
from vidkit.utils.fingerprint import weights_fingerprint
from vidkit.utils.network import check_hub
from vidkit.utils.plugins import is_file_spec, load_class, plugins
from vidkit.utils.quiet import quiet_libraries, root_cause

# model_type of config.json -> encoder family and transformers class
FAMILIES = {
    "clip": ("two-tower", "CLIPModel"),
    "siglip": ("two-tower", "SiglipModel"),
    "siglip2": ("two-tower", "Siglip2Model"),
    "dinov2": ("dino", "Dinov2Model"),
    "dinov2_with_registers": ("dino", "Dinov2WithRegistersModel"),
    "dinov3_vit": ("dino", "DINOv3ViTModel"),
    "blip-2": ("itm", "Blip2ForImageTextRetrieval"),
    "blip": ("itm", "BlipForImageTextRetrieval"),
}
_SMALL = 4 << 20  # bytes of settings and tokenizer files
_CHECK = "give a hub id or a folder in transformers format; without a network, a folder"
_log = logging.getLogger(__name__)


def load_encoder(
    spec: str, device: str = "auto", dtype: str = "auto", revision: str | None = None, pooling: str = "mean"
) -> Encoder:
    """An encoder from a hub id or a folder in transformers format.

    Args:
        spec: `openai/clip-vit-base-patch32`, `facebook/dinov2-base`, a folder, `FILE.py:Class`, or the
            name of a plugin.
        device: auto, cpu, cuda or cuda:N.
        dtype: auto (bf16 on CUDA, fp32 on the CPU), bf16, fp16 or fp32.
        revision: of a hub id.
        pooling: DINO only: "mean" of all last-layer tokens (EFS) or "cls".

    Raises:
        ModelError: missing, unreadable, or of a kind that is not an encoder.
    """
    if is_file_spec(spec) or spec in plugins("encoder"):
        own: Encoder = load_class("encoder", spec, {}, ("encode", "score"))()
        return own
    from vidkit.frames.encoders.dino import DinoEncoder
    from vidkit.frames.encoders.itm import ItmEncoder
    from vidkit.frames.encoders.two_tower import TwoTowerEncoder

    # a folder loads in a moment; the bar is for downloads
    with quiet_libraries(progress=not Path(spec).is_dir(), libraries=("transformers",)):
        loaded = _load(spec, device, dtype, revision)
    family = FAMILIES[loaded.kind][0]
    if family == "two-tower":
        return TwoTowerEncoder(loaded)
    return ItmEncoder(loaded) if family == "itm" else DinoEncoder(loaded, pooling)


def _load(spec: str, device: str, dtype: str, revision: str | None) -> LoadedModel:
    import transformers

    if not Path(spec).is_dir():
        check_hub()
    config = _attempt(spec, lambda: transformers.AutoConfig.from_pretrained(spec, revision=revision))
    kind = str(config.model_type)
    if kind not in FAMILIES:
        raise ModelError(
            f"'{spec}' is a {kind} model, which is not a frame encoder", f"known: {', '.join(FAMILIES)}"
        )
    place = resolve_device(device)
    build = getattr(transformers, FAMILIES[kind][1])
    model = _attempt(
        spec,
        lambda: build.from_pretrained(spec, revision=revision, dtype=resolve_dtype(dtype, place)),
    )
    processor: Any = transformers.AutoImageProcessor
    images = _attempt(spec, lambda: processor.from_pretrained(spec, revision=revision))
    tokenizer = None
    if FAMILIES[kind][0] != "dino":
        tokenizer = _attempt(spec, lambda: _tokenizer(spec, revision))
    marker = revision or str(getattr(config, "_commit_hash", "") or "") or _folder_mark(spec)
    return LoadedModel(model.to(place).eval(), images, tokenizer, spec, marker, kind, _side(images, config))


def _tokenizer(spec: str, revision: str | None) -> Any:
    import transformers

    try:
        return transformers.AutoTokenizer.from_pretrained(spec, revision=revision)
    except AttributeError:  # transformers 5.0 knows no class for SigLIP where sentencepiece is missing
        plain: Any = transformers.PreTrainedTokenizerFast
        return plain.from_pretrained(spec, revision=revision)


def _attempt(spec: str, load: Callable[[], Any]) -> Any:
    try:
        return load()
    except (
        Exception
    ) as error:  # transformers raises OSError, ValueError, RuntimeError and its own for one cause
        first = str(error).strip().splitlines()[0][:160] if str(error).strip() else type(error).__name__
        cause = root_cause(error)[:160]
        why = f"{first.rstrip('.')} ({cause})" if cause else first
        raise ModelError(f"cannot load the encoder '{spec}': {why}", _CHECK) from error


def _folder_mark(spec: str) -> str:
    """What is in a model folder: pieces of its weights with their size and time, its settings whole."""
    folder = Path(spec)
    if not folder.is_dir():
        return "main"
    digest = hashlib.sha256((weights_fingerprint(folder) or "").encode())
    for file in sorted(folder.iterdir()):
        if file.is_file():
            state = file.stat()
            digest.update(f"{file.name}:{state.st_size}:{state.st_mtime_ns};".encode())
            if state.st_size <= _SMALL:
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _side(images: Any, config: Any) -> int:
    size = getattr(images, "size", None) or {}
    numbers = [int(size[name]) for name in ("shortest_edge", "height") if name in size]
    return (
        numbers[0] if numbers else int(getattr(getattr(config, "vision_config", config), "image_size", 224))
    )
