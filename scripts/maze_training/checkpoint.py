"""`checkpoint.pt` of a run: what its parts hold, and how far it came."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch


class Part(Protocol):
    """A network, its average or an optimiser."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any]) -> Any: ...


def save(folder: Path, parts: Mapping[str, Part], facts: Mapping[str, float]) -> None:
    """Write the states of the parts and the facts; a killed run keeps the checkpoint before."""
    path = folder / "checkpoint.pt"
    held = path.with_suffix(".tmp")
    torch.save({name: part.state_dict() for name, part in parts.items()} | dict(facts), held)
    held.replace(path)


def restore(folder: Path, parts: Mapping[str, Part], device: torch.device) -> dict[str, Any] | None:
    """Give the parts their states back, in place, and return the facts; None without a checkpoint."""
    path = folder / "checkpoint.pt"
    if not path.exists():
        return None
    state = torch.load(path, map_location=device, weights_only=True)
    for name, part in parts.items():
        part.load_state_dict(state.pop(name))
    return state
