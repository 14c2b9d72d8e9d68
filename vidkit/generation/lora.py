"""LoRA files: read, checked against the model, and added to its weights.

Weights are merged, so that a run with LoRA is as fast as one without.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidkit.errors import ConfigError, ModelError, require
from vidkit.generation.folder import safetensors_problem
from vidkit.utils.paths import expanded

_SHOWN = 3  # names of layers in a message
_PARTS = ("transformer", "transformer_2")


@dataclass(frozen=True)
class Lora:
    """One file.

    Attributes:
        path: .safetensors.
        scale: of its change; 0 changes nothing.
        part: attribute of the pipeline that it is for; empty: every transformer.
    """

    path: Path
    scale: float = 1.0
    part: str = ""


def parse_loras(text: str | None) -> tuple[Lora, ...]:
    """`a.safetensors:0.8,b.safetensors@transformer_2` to files, scales and parts.

    Raises:
        ConfigError: an empty entry, a scale that is no number, or a file that is not there.
    """
    return tuple(_parse(entry.strip()) for entry in text.split(",")) if text else ()


def check_loras(loras: Sequence[Lora]) -> tuple[Lora, ...]:
    """The same files, if each is a whole .safetensors: told before minutes are spent on the model's weights.

    Raises:
        ModelError: a file that is not.
    """
    for lora in loras:
        problem = safetensors_problem(lora.path)
        if problem:
            raise ModelError(f"cannot read the LoRA '{lora.path}': {problem}", "copy the file again")
    return tuple(loras)


def _parse(entry: str) -> Lora:
    rest, _, part = entry.rpartition("@")
    if part not in _PARTS:
        rest, part = entry, ""
    path, colon, scale = rest.rpartition(":")
    if not colon:
        path, scale = rest, "1"
    try:
        factor = float(scale)
    except ValueError:
        path, factor = rest, 1.0  # a colon of the name
    if not math.isfinite(factor):
        raise ConfigError(f"the scale of lora={entry} must be a finite number", "write lora=PATH:0.8")
    found = expanded(path)
    if not path or not os.path.isfile(found):
        raise ConfigError(
            f"no LoRA file '{path}'", "write lora=PATH or lora=PATH:SCALE, several with commas between them"
        )
    if found.suffix != ".safetensors":
        raise ConfigError(f"'{path}' is not a .safetensors file", "convert the LoRA to safetensors")
    return Lora(found, factor, part)


def add_loras(pipe: Any, loras: Sequence[Lora], model: str) -> None:
    """Merge LoRA files into a pipeline's transformers.

    Args:
        pipe: of diffusers, with weights on any device.
        loras: in order.
        model: its name, for messages.

    Raises:
        ModelError: a damaged file, or a LoRA of another model; the message lists names of layers.
        MissingDependency: peft is not installed.
    """
    if not loras:
        return
    require("peft", extra="lora")
    parts = [name for name in _PARTS if getattr(pipe, name, None) is not None]
    for lora in loras:
        if lora.part and lora.part not in parts:
            raise ConfigError(
                f"lora={lora.path}@{lora.part}: '{model}' has no '{lora.part}'", f"it has: {', '.join(parts)}"
            )
    for part in parts:
        names, scales = [], []
        for number, lora in enumerate(loras):
            if lora.part in ("", part):
                state, metadata = read_lora(pipe, lora, getattr(pipe, part), model)
                names.append(f"lora_{number}")
                scales.append(lora.scale)
                _put(pipe, getattr(pipe, part), state, names[-1], metadata)
        if names:
            transformer = getattr(pipe, part)
            transformer.set_adapters(names, scales)
            transformer.fuse_lora(safe_fusing=True, adapter_names=names)
            transformer.unload_lora()


def _put(pipe: Any, transformer: Any, state: dict[str, Any], name: str, metadata: Any) -> None:
    """Put adapters on a transformer, by its pipeline where that can."""
    if hasattr(pipe, "load_lora_into_transformer"):
        pipe.load_lora_into_transformer(
            state, transformer=transformer, adapter_name=name, _pipeline=pipe, metadata=metadata
        )
    else:
        transformer.load_lora_adapter(state, prefix="transformer", adapter_name=name, metadata=metadata)


def read_lora(pipe: Any, lora: Lora, transformer: Any, model: str) -> tuple[dict[str, Any], Any]:
    """Weights of a LoRA under diffusers' names, checked against the transformer; and its metadata (alphas).

    Raises:
        ModelError: a damaged file, or a LoRA of another model.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(lora.path, framework="pt") as file:
            keys = sorted(file.keys())
    except (SafetensorError, OSError) as error:
        raise ModelError(f"cannot read the LoRA '{lora.path}': {error}", "copy the file again") from error
    try:
        if hasattr(pipe, "lora_state_dict"):
            found = pipe.lora_state_dict(str(lora.path), return_lora_metadata=True)
        else:
            found = _plain_state(lora.path)
    except (ValueError, KeyError, RuntimeError, IndexError) as error:
        raise _foreign(lora, keys, transformer, model) from error
    state = {key.removeprefix("transformer."): value for key, value in found[0].items()}
    wrong = misfits(state, transformer)
    if wrong or not any(".lora_" in key for key in state):
        raise _foreign(lora, wrong or keys, transformer, model)
    return {f"transformer.{key}": value for key, value in state.items()}, found[-1]


def _plain_state(path: Path) -> tuple[dict[str, Any], Any]:
    """Weights as diffusers names them, and the metadata, of pipelines without a reader of their own."""
    from diffusers.loaders.lora_base import _fetch_state_dict

    unused = ("weight_name", "cache_dir", "proxies", "token", "revision", "subfolder")
    state, metadata = _fetch_state_dict(
        str(path),
        use_safetensors=True,
        local_files_only=True,
        force_download=False,
        user_agent={},
        allow_pickle=False,
        **dict.fromkeys(unused),
    )
    return {key.removeprefix("diffusion_model."): value for key, value in state.items()}, metadata


def misfits(state: Mapping[str, Any], transformer: Any) -> list[str]:
    """Layers of a LoRA that the transformer does not have, or has in another size."""
    modules = dict(transformer.named_modules())
    wrong: list[str] = []
    for key, value in state.items():
        name, mark, kind = key.partition(".lora_")
        if not mark:
            continue
        weight = getattr(modules.get(name), "weight", None)
        if weight is None:
            wrong.append(name)
        elif kind == "A.weight" and value.shape[1] != weight.shape[1]:
            wrong.append(f"{name} (of {value.shape[1]} inputs; here {weight.shape[1]})")
        elif kind == "B.weight" and value.shape[0] != weight.shape[0]:
            wrong.append(f"{name} (of {value.shape[0]} outputs; here {weight.shape[0]})")
    return list(dict.fromkeys(wrong))


def _foreign(lora: Lora, names: Sequence[str], transformer: Any, model: str) -> ModelError:
    from torch import nn

    own = [name for name, part in transformer.named_modules() if isinstance(part, nn.Linear)]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ModelError(
        f"the LoRA '{lora.path}' is for another model than '{model}': it changes"
        f" {', '.join(names[:_SHOWN])}{more}",
        f"layers here are called {', '.join(own[len(own) // 2 : len(own) // 2 + _SHOWN])}",
    )
