"""A Wan transformer's weights as authors publish them: one file, original names, often in a training state.

Self-Forcing, CausVid and their kin are a dictionary with `generator_ema` or `generator`, whose keys are Wan's
own behind `model.` and what wrappers of training added.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vidkit.errors import ConfigError, ModelError
from vidkit.generation.folder import safetensors_problem
from vidkit.utils.damaged import DAMAGED_ARRAYS
from vidkit.utils.paths import expanded

ENTRIES = ("generator_ema", "generator", "ema", "model_ema", "model", "state_dict")  # in order of preference
SUFFIXES = (".pt", ".pth", ".ckpt", ".bin", ".safetensors")
LISTED = 6  # names that a message lists at most
_WRAPPERS = re.compile(r"_fsdp_wrapped_module\.|_checkpoint_wrapped_module\.|_orig_mod\.|^module\.")
_HUB = re.compile(r"([\w.-]+/[\w.-]+):([\w./-]+)")
_HINT = "give the file that the model's authors publish (Self-Forcing: checkpoints/self_forcing_dmd.pt)"


def checkpoint_file(given: str) -> Path | None:
    """The local file, or None where it names a file on the hub.

    Raises:
        ConfigError: no such file, or a kind of file that is not read.
        ModelError: a file of safetensors that is cut off or has no header.
    """
    path = expanded(given)
    hub = _HUB.fullmatch(given)
    if not path.is_file() and hub is None:
        raise ConfigError(f"no checkpoint file '{given}'", _HINT + ", or OWNER/NAME:FILE on the hub")
    if Path(given).suffix not in SUFFIXES:
        raise ConfigError(
            f"'{given}' is not a checkpoint: its name ends in none of {', '.join(SUFFIXES)}", _HINT
        )
    if not path.is_file():
        return None
    if path.suffix == ".safetensors":
        _refuse_damaged(path)
    return path


def _refuse_damaged(path: Path) -> None:
    problem = safetensors_problem(path)
    if problem:
        raise ModelError(f"the checkpoint '{path}' is damaged: {problem}", "copy the file again")


def fetch_checkpoint(given: str) -> Path:
    """The file, fetched from the hub if it is there.

    Raises:
        ModelError: the hub cannot be reached, or has no such file.
    """
    found = checkpoint_file(given)
    if found is not None:
        return found
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError

    from vidkit.utils.network import check_hub
    from vidkit.utils.quiet import quiet_libraries, root_cause

    repository, _, name = given.partition(":")
    check_hub()
    try:
        with quiet_libraries(progress=True):
            return Path(hf_hub_download(repository, name))
    except (RepositoryNotFoundError, EntryNotFoundError) as error:
        raise ModelError(f"the hub has no file '{name}' in '{repository}'", _HINT) from error
    except (OSError, ValueError) as error:
        raise ModelError(
            f"cannot fetch '{given}': the hub is not reachable ({root_cause(error)[:160]})",
            "fetch the file elsewhere, and set model.checkpoint=FILE",
        ) from error


def read_checkpoint(path: Path) -> tuple[dict[str, Any], str]:
    """Tensors under Wan's original names, and which entry of the file they were.

    Raises:
        ModelError: a file that cannot be read, or holds no weights.
    """
    whole = _load(path)
    entry = next((name for name in ENTRIES if isinstance(whole.get(name), Mapping)), "")
    state = whole[entry] if entry else whole
    import torch

    found = {str(key): value for key, value in state.items() if isinstance(value, torch.Tensor)}
    if not found:
        listed = ", ".join(f"'{key}'" for key in list(whole)[:LISTED])
        raise ModelError(f"the checkpoint '{path}' holds no weights, but {listed or 'nothing'}", _HINT)
    return {_plain(name): value for name, value in found.items()}, entry


def fill_transformer(transformer: Any, path: Path) -> str:
    """Put a checkpoint's weights into a transformer of the same shapes.

    Args:
        transformer: `WanTransformer3DModel`; its tensors keep their devices and precisions.
        path: of the checkpoint.

    Returns:
        Which entry of the file was taken; "": the file is the weights alone.

    Raises:
        ModelError: tensors missing, extra or of another shape, each named.
    """
    from diffusers.loaders.single_file_utils import convert_wan_transformer_to_diffusers

    state, entry = read_checkpoint(path)
    own = dict(transformer.state_dict())
    if any(".self_attn." in name for name in state):  # names of diffusers stay as they are
        state = convert_wan_transformer_to_diffusers(state)
    _check_names(own, state, path)
    import torch

    with torch.no_grad():
        for name, target in own.items():
            target.copy_(state[name])
    return entry


def _check_names(own: Mapping[str, Any], state: Mapping[str, Any], path: Path) -> None:
    problems = []
    missing, extra = sorted(set(own) - set(state)), sorted(set(state) - set(own))
    shapes = [
        f"{name} ({list(state[name].shape)}; here {list(own[name].shape)})"
        for name in sorted(set(own) & set(state))
        if state[name].shape != own[name].shape
    ]
    for what, names in (("lacks", missing), ("has besides", extra), ("has in another shape", shapes)):
        if names:
            problems.append(f"{what} {_listed(names)}")
    if problems:
        raise ModelError(
            f"the checkpoint '{path}' does not fit the transformer: it {'; it '.join(problems)}",
            "check model.checkpoint against the config: both must be the same model (1.3 B or 14 B)",
        )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more


def _load(path: Path) -> dict[str, Any]:
    if path.suffix == ".safetensors":
        _refuse_damaged(path)
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            return dict(load_file(path))
        except SafetensorError as error:  # a header that lacks something, or contradicts itself
            raise ModelError(f"the checkpoint '{path}' is damaged: {error}", "copy the file again") from error
    import zipfile

    import torch

    is_zip = False  # files of torch before 1.6 are not, and cannot be mapped
    try:
        is_zip = zipfile.is_zipfile(path)
        # weights alone: a pickle may otherwise run code
        found = torch.load(path, map_location="cpu", weights_only=True, mmap=is_zip)
    except DAMAGED_ARRAYS as error:
        others = _unsafe_names(path) if is_zip else []
        if others:
            raise ModelError(
                f"the checkpoint '{path}' holds more than weights: {_listed(sorted(others))}",
                "reading that could run code: save its tensors alone, for example as .safetensors",
            ) from error
        first = str(error).strip().splitlines()[0][:160] if str(error).strip() else type(error).__name__
        raise ModelError(f"cannot read the checkpoint '{path}': {first}", "copy the file again") from error
    if not isinstance(found, Mapping):
        raise ModelError(f"the checkpoint '{path}' holds a {type(found).__name__}, no weights", _HINT)
    return dict(found)


def _unsafe_names(path: Path) -> list[str]:
    """What a pickle names besides tensors; nothing where it is too damaged to tell."""
    import torch

    try:
        return torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except DAMAGED_ARRAYS:
        return []


def _plain(name: str) -> str:
    """A name without what wrappers of training put before and into it."""
    return _WRAPPERS.sub("", name).removeprefix("model.diffusion_model.").removeprefix("model.")
