"""How weights are held, and what is said when they cannot be read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from vidkit.errors import ModelError
from vidkit.generation.lora import Lora


@dataclass(frozen=True)
class LoadOptions:
    """How weights are held.

    Attributes:
        offload: what diffusers moves off the accelerator: none, model, sequential, group.
        vae_dtype: fp32 is what upstream recommends for Wan's VAE.
        weights_seed: of random weights.
        checkpoint: weights of the transformer that take the place of the folder's; None: those.
        loras: files merged into the transformers.
        quantize: linear layers of the blocks in 8 bits: none, fp8, int8.
    """

    device: torch.device
    dtype: torch.dtype
    vae_dtype: torch.dtype = torch.float32
    offload: str = "none"
    vae_tiling: bool = False
    vae_slicing: bool = False
    weights_seed: int = 0
    loras: tuple[Lora, ...] = ()
    checkpoint: Path | None = None
    quantize: str = "none"

    @property
    def first_place(self) -> torch.device:
        """Where weights are made or read to: offload starts from the host."""
        return self.device if self.offload == "none" else torch.device("cpu")


def unread(folder: Path, error: Exception) -> ModelError:
    """What to say of a folder that a library could not load; running out of memory is raised as it is."""
    if isinstance(error, torch.OutOfMemoryError):
        raise error
    first_line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return ModelError(
        f"cannot load the model in '{folder}': {first_line}",
        "check that the folder is a whole diffusers model, or copy it again",
    )
