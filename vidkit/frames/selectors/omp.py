"""Orthogonal matching pursuit of the query by frame features: needs a joint image-text space."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from vidkit.errors import ConfigError
from vidkit.frames.similarity import UnitRows
from vidkit.frames.spacing import fill_by_value
from vidkit.frames.types import Candidates, NoConfig, Segment, Selection


class Omp:
    """Pick the frame closest to what is left of the query, project its direction out, repeat."""

    name: ClassVar[str] = "omp"
    needs: ClassVar[frozenset[str]] = frozenset({"features", "query_features"})
    uses: ClassVar[frozenset[str]] = frozenset({"features", "query_features"})
    config: ClassVar[type[NoConfig]] = NoConfig
    note: ClassVar[str] = "orthogonal matching pursuit; needs a two-tower encoder (CLIP, SigLIP)"

    def select(self, candidates: Candidates, k: int, cfg: NoConfig) -> Selection:
        """K frames; once the query is used up, the most similar ones fill.

        Raises:
            ConfigError: features and query do not live in one space.
        """
        assert candidates.features is not None and candidates.query_features is not None
        unit, query = UnitRows(candidates.features).rows, candidates.query_features
        n, width = unit.shape
        if query.size != width:
            raise ConfigError(
                f"omp compares frames of {width} numbers with a query of {query.size}",
                "use one two-tower encoder for both (features=encoder)",
            )
        residual = query / max(float(np.linalg.norm(query)), 1e-12)
        original = unit @ residual
        score, directions = original.copy(), np.empty((0, width))
        reasons: dict[int, str] = {}
        free = np.ones(n, dtype=bool)
        while len(reasons) < k and float(np.linalg.norm(residual)) > 1e-9:
            pick = int(np.argmax(np.where(free, score, -np.inf)))
            free[pick] = False
            reasons[pick] = "top" if not reasons else "mmr"
            fresh = unit[pick] - directions.T @ (directions @ unit[pick])
            length = float(np.linalg.norm(fresh))
            if length > 1e-9:  # a frame inside the span of the earlier ones explains nothing new
                fresh /= length
                directions = np.vstack([directions, fresh])
                residual = residual - (fresh @ residual) * fresh
                score = unit @ residual
        fill_by_value(reasons, original, k)
        return Selection.of_reasons(self.name, reasons, (Segment(0, n),))
