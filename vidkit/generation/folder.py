"""Where a model's files are, and whether they are whole.

No torch: damage is found before anything is loaded.
"""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import Any

from vidkit.errors import ModelError, doc_page
from vidkit.generation.spec import ModelSpec, read_json, spec_from_folder
from vidkit.utils import json_depth
from vidkit.utils.paths import expanded

HUB_HINT = "pass model.path=... or model.weights=random"
_WEIGHTLESS = (
    *("tokenizer", "tokenizer_2", "scheduler", "image_processor", "feature_extractor"),
    *("guider", "processor"),
)
_PIPELINES = {
    "WanPipeline": "wan",
    "WanImageToVideoPipeline": "wan",
    "WanVideoToVideoPipeline": "wan",
    "SkyReelsV2DiffusionForcing": "skyreels_df",
    "Magi": "magi",
    "WanVACEPipeline": "wan_vace",
    "HunyuanVideo15Pipeline": "hunyuan_video15",
    "LTX2Pipeline": "ltx2",
    "CogVideoXPipeline": "cogvideox",
}
# not run by `vidkit generate`, but their transformers have an adapter in vidkit.hooks.families
_FROM_PYTHON = ("WanAnimate", "ChronoEdit", "HunyuanVideo15", "CogVideoX", "LTX2")
_PART = re.compile(r"\w[\w.-]{0,99}")


def embedded_folder(name: str = "maze") -> Path:
    """The model that ships inside the package.

    Raises:
        ModelError: this installation has no such model.
    """
    folder = Path(str(resources.files("vidkit.models"))) / "assets" / name
    if not (folder / "model_index.json").is_file():
        raise ModelError(
            f"this installation lacks the embedded model '{name}'",
            "reinstall vidkit, or " + HUB_HINT,
        )
    return folder


def local_folder(path: str) -> Path | None:
    """The folder `path` names, or None if it reads as a hub id ('owner/name').

    Raises:
        ModelError: it reads as a path, but no folder is there.
    """
    folder = expanded(path)
    if folder.is_dir():
        return folder
    looks_local = path.startswith((".", "/", "~")) or path.count("/") != 1 or folder.exists()
    if looks_local:
        what = "is not a folder" if folder.exists() else "does not exist"
        raise ModelError(
            f"model folder '{path}' {what}", "pass a hub id ('owner/name') or a local diffusers folder"
        )
    return None


def check_folder(folder: Path, family: str) -> None:
    """Check a diffusers folder: right pipeline, all parts present, weight files whole.

    Raises:
        ModelError: names the file and what is wrong with it.
    """
    index = read_json(folder / "model_index.json")
    _check_family(index, folder, family)
    for part, entry in index.items():
        if not _PART.fullmatch(part):
            raise ModelError(
                f"'{folder / 'model_index.json'}' lists a part '{part[:40]}',"
                " which cannot be the name of a folder",
                "copy the model folder again",
            )
        if part.startswith("_") or not isinstance(entry, list) or not entry or entry[0] is None:
            continue
        if not (folder / part).is_dir():
            raise ModelError(
                f"the model folder lacks '{folder / part}', which its model_index.json lists",
                "copy the model folder again",
            )
        if part not in _WEIGHTLESS:
            read_json(folder / part / "config.json")
            _check_weights(folder / part)


def read_spec(folder: Path) -> ModelSpec:
    """Check a diffusers folder and read its shapes.

    Raises:
        ModelError: damaged, or a pipeline that vidkit does not run.
    """
    family = _family_of(read_json(folder / "model_index.json"), folder)
    check_folder(folder, family)
    return spec_from_folder(ModelSpec(folder.name, family, {}, {}), folder)


def _check_family(index: dict[str, Any], folder: Path, family: str) -> None:
    found = _family_of(index, folder)
    if found != family:
        raise ModelError(
            f"'{folder}' holds a {index['_class_name']}, but this config is for the family '{family}'",
            f"choose a config of the family '{found}', or set model.family={found}",
        )


def _family_of(index: dict[str, Any], folder: Path) -> str:
    pipeline = str(index.get("_class_name", ""))
    for prefix, family in _PIPELINES.items():
        if pipeline.startswith(prefix):
            return family
    use = f"use a model in diffusers format of one of: {', '.join(sorted(set(_PIPELINES.values())))}"
    if pipeline.startswith(_FROM_PYTHON):
        use += f"; sparse attention runs on this one from Python ({doc_page('attention.md')})"
    raise ModelError(
        f"'{folder}' holds a {pipeline or 'nameless'} pipeline, which vidkit generate does not run", use
    )


def _check_weights(part: Path) -> None:
    shards = sorted(part.glob("*.safetensors"))
    for index in part.glob("*.safetensors.index.json"):
        listed = set(read_json(index).get("weight_map", {}).values())
        for name in sorted(listed - {shard.name for shard in shards}):
            raise ModelError(f"the model folder lacks '{part / name}'", "copy the model folder again")
    if not shards and not any(part.glob("*.bin")):
        raise ModelError(f"the model folder has no weights in '{part}'", "copy the model folder again")
    for shard in shards:
        problem = safetensors_problem(shard)
        if problem:
            raise ModelError(f"the weights '{shard}' are damaged: {problem}", "copy the model folder again")


def safetensors_problem(path: Path) -> str | None:
    """Compare a safetensors header with the size: finds cut-off copies without reading the weights."""
    try:
        size = path.stat().st_size
        file = open(path, "rb")  # noqa: SIM115
    except OSError as error:
        return str(error.strerror)
    with file:
        head = file.read(8)
        length = int.from_bytes(head, "little")
        if len(head) < 8 or 8 + length > size:
            if head.startswith(b"version "):
                return "this is a Git LFS pointer, not the file itself"
            return f"{size} bytes, the header is cut off"
        try:
            header = json_depth.loads(file.read(length))
            ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
            return "the header is not readable"
    expected = 8 + length + max(ends, default=0)
    return None if size == expected else f"{size} bytes, the header promises {expected}"
