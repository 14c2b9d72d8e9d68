"""Loads a transformers model with its processor, and says what it takes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from vidkit.errors import ModelError, doc_page
from vidkit.serving.engine import Capabilities
from vidkit.utils.network import check_hub
from vidkit.utils.strict_json import load_json

_SAMPLE_BYTES = 1 << 20
_PROCESSOR_FILES = ("processor_config.json", "preprocessor_config.json", "tokenizer_config.json")


@dataclass(slots=True)
class LocalModel:
    """A model ready to generate.

    Attributes:
        model: a transformers model in eval mode.
        processor: of a multimodal model; for a text model the tokenizer itself.
        tokenizer: pads on the left.
        capabilities: what it takes.
        fingerprint: SHA-256 of what decides its replies, hexadecimal.
    """

    model: Any
    processor: Any
    tokenizer: Any
    capabilities: Capabilities
    fingerprint: str


def load_local_model(
    name: str,
    device: str = "auto",
    dtype: str = "auto",
    revision: str | None = None,
    attention: str | None = None,
    processor_options: Mapping[str, Any] | None = None,
) -> LocalModel:
    """Load a chat model from a folder or the hub.

    Args:
        name: folder or hub id.
        device: `auto` takes the first CUDA device, else the CPU.
        dtype: `auto` (as stored), `bf16`, `fp16`, `fp32`.
        revision: of a hub model.
        attention: transformers' `attn_implementation`.
        processor_options: for example `max_pixels`.

    Raises:
        ModelError: missing, incomplete, or of a kind that cannot chat.
        ConfigError: a proxy or certificates that cannot be used to reach the hub.
    """
    if not Path(name).is_dir():
        check_hub()
    import torch
    from transformers import AutoConfig
    from transformers.utils import logging as transformers_logging

    quiet: Any = transformers_logging  # untyped
    quiet.disable_progress_bar()
    dtypes = {"auto": "auto", "bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}
    if dtype not in dtypes:
        raise ModelError(f"unknown dtype '{dtype}'", f"one of {', '.join(dtypes)}")
    place = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    options: dict[str, Any] = {"revision": revision} if revision else {}
    try:
        config = AutoConfig.from_pretrained(name, **options)
        # an omni checkpoint holds a speaker too; only its thinking half reads and writes text
        config = getattr(config, "thinker_config", config)
        model = _model_class(config, name).from_pretrained(
            name, config=config, dtype=dtypes[dtype], **_given(attn_implementation=attention), **options
        )
        processor = _load_processor(name, config, {**options, **(processor_options or {})})
        model = model.to(place).eval()
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(f"cannot load model '{name}': {reason}", "check the folder or the hub id") from error
    tokenizer = getattr(processor, "tokenizer", processor)
    tokenizer.padding_side = "left"
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    if not getattr(processor, "chat_template", None) and not tokenizer.chat_template:
        raise ModelError(f"model '{name}' has no chat template", "use an instruction-tuned model")
    return LocalModel(
        model, processor, tokenizer, _capabilities(processor, config), _fingerprint(name, config)
    )


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _model_class(config: Any, name: str) -> Any:
    from transformers import AutoModelForCausalLM, AutoModelForImageTextToText
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CAUSAL_LM_MAPPING,
        MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING,
    )

    if type(config) in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING:
        return AutoModelForImageTextToText
    if type(config) in MODEL_FOR_CAUSAL_LM_MAPPING:
        return AutoModelForCausalLM
    raise ModelError(
        f"model '{name}' is a '{config.model_type}', which transformers knows no chat head for",
        f"serve it with an OpenAI-compatible server, or write an engine ({doc_page('serving.md')})",
    )


def _load_processor(name: str, config: Any, options: dict[str, Any]) -> Any:
    import transformers

    auto: Any = transformers  # its Auto classes are untyped
    if not _sees(config):
        return auto.AutoTokenizer.from_pretrained(name, **options)
    try:
        return auto.AutoProcessor.from_pretrained(name, **options)
    except ImportError:
        # the video half of Qwen processors wants torchvision; pictures and sound do without it
        return _processor_without_video(name, config, options)


def _processor_without_video(name: str, config: Any, options: dict[str, Any]) -> Any:
    import transformers
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING, processor_class_from_name

    auto: Any = transformers
    made: Any = PROCESSOR_MAPPING.get(type(config), None)
    if made is None:  # a part of an omni model: only the folder knows the class
        names = (_json_file(name, file).get("processor_class") for file in _PROCESSOR_FILES)
        made = next((processor_class_from_name(found) for found in names if found), None)
    if made is None:
        raise ModelError(f"model '{name}' needs torchvision for its processor", "pip install torchvision")
    parts: dict[str, Any] = {}
    for part in made.get_attributes():
        if part == "image_processor":
            parts[part] = auto.AutoImageProcessor.from_pretrained(name, backend="pil", **options)
        elif part == "feature_extractor":
            parts[part] = auto.AutoFeatureExtractor.from_pretrained(name)
        elif part == "tokenizer":
            parts[part] = auto.AutoTokenizer.from_pretrained(name)
    return _assemble(made, parts, parts["tokenizer"].chat_template or _chat_template_file(name))


def _assemble(made: Any, parts: dict[str, Any], chat_template: Any) -> Any:
    class WithoutVideo(made):  # type: ignore[misc]
        # the constructor insists on a video processor; nothing that we send ever reaches it
        def check_argument_for_proper_class(self, argument_name: str, argument: Any) -> Any:
            if argument_name == "video_processor":
                return type(argument)
            return super().check_argument_for_proper_class(argument_name, argument)

    if "video_processor" in made.get_attributes():
        parts["video_processor"] = SimpleNamespace(merge_size=2, model_input_names=[])
    return WithoutVideo(chat_template=chat_template, **parts)


def _chat_template_file(name: str) -> str | None:
    path = _file(name, "chat_template.jinja")
    return path.read_text(encoding="utf-8") if path else None


def _json_file(name: str, file: str) -> dict[str, Any]:
    path = _file(name, file)
    if path is None:
        return {}
    try:
        return dict(load_json(path.read_text(encoding="utf-8"), str(path)))
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(f"cannot read '{path}' as JSON", "copy the model folder again") from error


def _file(name: str, file: str) -> Path | None:
    """A file of a folder or of the hub's cache, None when it is not there."""
    from transformers.utils.hub import cached_file

    path = cached_file(name, file, _raise_exceptions_for_missing_entries=False)
    return Path(path) if path else None


def _sees(config: Any) -> bool:
    return any(hasattr(config, part) for part in ("vision_config", "audio_config"))


def _capabilities(processor: Any, config: Any) -> Capabilities:
    vocabulary = getattr(getattr(config, "get_text_config", lambda: config)(), "vocab_size", None)
    return Capabilities(
        images=hasattr(processor, "image_processor"),
        audio=hasattr(processor, "feature_extractor"),
        video=False,
        top_logprobs=vocabulary,
    )


def _fingerprint(name: str, config: Any) -> str:
    digest = hashlib.sha256(config.to_json_string().encode())
    folder = Path(name)
    if not folder.is_dir():
        digest.update(f"{name}@{getattr(config, '_commit_hash', None)}".encode())
        return digest.hexdigest()
    for path in sorted(folder.iterdir()):
        if path.suffix in {".json", ".jinja", ".txt", ".model"} and path.name != "config.json":
            digest.update(path.name.encode() + path.read_bytes())
        elif path.suffix in {".safetensors", ".bin"}:
            # whole weights would take minutes; the header and both ends tell finetunes apart
            size = path.stat().st_size
            digest.update(f"{path.name} {size}".encode())
            with path.open("rb") as file:
                digest.update(file.read(_SAMPLE_BYTES))
                file.seek(max(0, size - _SAMPLE_BYTES))
                digest.update(file.read(_SAMPLE_BYTES))
    return digest.hexdigest()
