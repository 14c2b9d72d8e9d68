"""Greedy MAP of a determinantal point process: relevant frames that span the most volume."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vidkit.frames.similarity import UnitRows
from vidkit.frames.spacing import fill_by_value, min_max
from vidkit.frames.types import Candidates, Segment, Selection


@dataclass(frozen=True)
class DppConfig:
    beta: float = 1.0  # weight of relevance: g = exp(beta r_norm)

    def __post_init__(self) -> None:
        if self.beta < 0:
            raise ValueError(f"beta must be >= 0, got {self.beta}")


class Dpp:
    """Greedy maximisation of log det(diag(g) U U^T diag(g)).

    Source: Chen et al., Fast greedy MAP inference for DPPs, NeurIPS 2018 (incremental Cholesky).
    """

    name: ClassVar[str] = "dpp"
    needs: ClassVar[frozenset[str]] = frozenset({"features"})
    uses: ClassVar[frozenset[str]] = frozenset({"relevance", "features"})
    config: ClassVar[type[DppConfig]] = DppConfig
    note: ClassVar[str] = "determinantal point process, greedy; ahead of wfs-sb and efs on planted events"

    def select(self, candidates: Candidates, k: int, cfg: DppConfig) -> Selection:
        """K frames; once no volume is left, the most relevant others fill."""
        assert candidates.features is not None
        unit, n = UnitRows(candidates.features), len(candidates)
        quality = (
            np.ones(n) if candidates.relevance is None else np.exp(cfg.beta * min_max(candidates.relevance))
        )
        gain = quality**2 * np.einsum("nd,nd->n", unit.rows, unit.rows)
        factors = np.zeros((k, n))
        reasons: dict[int, str] = {}
        while len(reasons) < k:
            step, pick = len(reasons), int(np.argmax(gain))
            if gain[pick] <= 1e-10:
                break
            reasons[pick] = "mmr"
            kernel = quality * quality[pick] * unit.to(pick)
            factors[step] = (kernel - factors[:step, pick] @ factors[:step]) / np.sqrt(gain[pick])
            gain = gain - factors[step] ** 2
            gain[list(reasons)] = -np.inf
        fill_by_value(reasons, quality, k)
        return Selection.of_reasons(self.name, reasons, (Segment(0, n),))
