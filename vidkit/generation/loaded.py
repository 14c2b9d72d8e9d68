"""A model ready to generate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vidkit.generation.load_options import LoadOptions
from vidkit.generation.spec import RANDOM_LABEL, ModelSpec


@dataclass(frozen=True)
class LoadedModel:
    """A diffusers pipeline and what vidkit knows of it; `pipe.transformer` is where policies hook in."""

    pipe: Any
    spec: ModelSpec
    options: LoadOptions
    labels: tuple[str, ...]
    load_seconds: float

    @property
    def is_random(self) -> bool:
        return RANDOM_LABEL in self.labels
