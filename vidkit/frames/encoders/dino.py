"""DINOv2 and DINOv3 features: structure and redundancy, no words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vidkit.errors import ConfigError
from vidkit.frames.encoders.base import Encoded, Picture, Rows, Scored
from vidkit.frames.encoders.loaded import LoadedModel, to_rows
from vidkit.frames.types import FloatArray


class DinoEncoder:
    """Rows are the mean of the last layer's tokens (as EFS is run) or the class token.

    Register tokens, which DINOv3 and one DINOv2 variant carry, never enter the mean.
    """

    needs_query = False
    is_relevance = False

    def __init__(self, loaded: LoadedModel, pooling: str = "mean") -> None:
        if pooling not in ("mean", "cls"):
            raise ConfigError(f"no pooling '{pooling}'", "use mean or cls")
        self._loaded = loaded
        self._pooling = pooling
        self.identity = f"{loaded.identity}-{pooling}"
        self.short_side: int | None = 2 * loaded.side

    def encode(self, pictures: Sequence[Picture], query: str) -> Encoded:
        """Features [B, D]."""
        import torch

        with torch.inference_mode():
            states = self._loaded.model(**self._loaded.pixels(pictures)).last_hidden_state
        if self._pooling == "cls":
            return Encoded(to_rows(states[:, 0]))
        registers = int(getattr(self._loaded.model.config, "num_register_tokens", 0) or 0)
        kept = torch.cat([states[:, :1], states[:, 1 + registers :]], dim=1)
        return Encoded(to_rows(kept.float().mean(dim=1)))

    def score(self, rows: Rows, scores: NDArray[np.float32] | None, times: FloatArray, query: str) -> Scored:
        """These features know no words."""
        return Scored(None)
