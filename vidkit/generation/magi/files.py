"""Where MAGI-1's files are: as published (ckpt/magi, ckpt/vae, ckpt/t5) or as diffusers saves. No torch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vidkit.errors import ModelError
from vidkit.generation.spec import ModelSpec, read_json

WEIGHTS = ("inference_weight.distill", "inference_weight", ".")
T5 = "t5-v1_1-xxl"
HINT = "pass the folder that holds 'ckpt' of sand-ai/MAGI-1, or model.weights=random"


@dataclass(frozen=True)
class MagiFiles:
    """Parts of a published model.

    Attributes:
        transformer: folder of the safetensors.
        vae: folder with config.json.
        text_encoder: folder of T5 with its tokenizer.
        learned_tokens: `special_tokens.npz`; None: not there.
    """

    transformer: Path
    vae: Path
    text_encoder: Path
    learned_tokens: Path | None


def is_published(folder: Path) -> bool:
    """Whether a folder has no index of diffusers, as what the authors published."""
    return not (folder / "model_index.json").is_file()


def find_files(folder: Path, variant: str | None, distilled: bool) -> MagiFiles:
    """The parts of a published model.

    Args:
        folder: holds `ckpt`, or is it.
        variant: folder within `ckpt/magi`, such as `4.5B_base`.
        distilled: whether the weights are asked for by the distilled models' name first.

    Raises:
        ModelError: names what is missing.
    """
    root = folder / "ckpt" if (folder / "ckpt").is_dir() else folder
    if variant is None:
        raise ModelError(
            f"'{folder}' is laid out as published, and model.variant does not say which weights to take",
            "set model.variant=4.5B_base, 4.5B_distill or 24B_base",
        )
    base = root / "magi" / variant
    names = WEIGHTS if distilled else WEIGHTS[1:]
    found = [base / name for name in names if _has_weights(base / name)]
    if not found:
        raise ModelError(f"the model folder lacks '{base / names[0]}' with weights in it", HINT)
    t5 = root / "t5" / T5 if (root / "t5" / T5).is_dir() else root / "t5"
    for part in (root / "vae" / "config.json", t5 / "config.json"):
        if not part.is_file():
            raise ModelError(f"the model folder lacks '{part}'", HINT)
    tokens = [place / "special_tokens.npz" for place in (folder, root, folder / "example" / "assets")]
    return MagiFiles(found[0], root / "vae", t5, next((path for path in tokens if path.is_file()), None))


def check_published(folder: Path, spec: ModelSpec) -> None:
    """Refuse a published folder that is not whole.

    Raises:
        ModelError: names what is missing.
    """
    find_files(folder, spec.variant, spec.is_distilled)


def spec_from_published(spec: ModelSpec, folder: Path) -> ModelSpec:
    """Take the autoencoder's and text encoder's shapes from the folder; the transformer's are the config's.

    Raises:
        ModelError: a config that cannot be read or is not covered.
    """
    from vidkit.models.magi.published import autoencoder_arguments

    files = find_files(folder, spec.variant, spec.is_distilled)
    config = files.vae / "config.json"
    return replace(
        spec,
        vae=autoencoder_arguments(read_json(config), config),
        text_encoder=read_json(files.text_encoder / "config.json"),
    )


def tokenizer_folder(folder: Path) -> Path:
    """Where the tokenizer is, in either layout."""
    if (folder / "tokenizer").is_dir():
        return folder / "tokenizer"
    root = folder / "ckpt" if (folder / "ckpt").is_dir() else folder
    return root / "t5" / T5 if (root / "t5" / T5).is_dir() else root / "t5"


def hub_patterns(variant: str | None) -> list[str]:
    """Files of the hub's repository that a variant needs."""
    return [f"ckpt/magi/{variant}/*", "ckpt/vae/*", "ckpt/t5/*"]


def _has_weights(folder: Path) -> bool:
    names: list[Any] = [*folder.glob("*.safetensors"), *folder.glob("*.safetensors.*")]
    return bool(names)
