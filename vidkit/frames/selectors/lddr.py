"""LDDR's selection: frames whose relevance-weighted features add the most that the earlier ones lack."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from vidkit.frames.similarity import UnitRows
from vidkit.frames.spacing import fill_by_value, min_max
from vidkit.frames.types import Candidates, NoConfig, Segment, Selection

_SPENT = 1e-7  # residual energy below which a frame adds nothing


class Lddr:
    """Greedy Gram-Schmidt on w = r_norm f: take the largest residual, project its direction out, repeat.

    Source: LDDR, arXiv 2605.11477, first stage. Differs: once the energy is spent the most relevant others
    fill, so that K frames are kept; its sharing of tokens is `vision.rule=lddr` with `tokens=`.
    """

    name: ClassVar[str] = "lddr"
    needs: ClassVar[frozenset[str]] = frozenset({"features"})
    uses: ClassVar[frozenset[str]] = frozenset({"relevance", "features"})
    config: ClassVar[type[NoConfig]] = NoConfig
    note: ClassVar[str] = "Gram-Schmidt on relevance-weighted features (arXiv 2605.11477)"

    def select(self, candidates: Candidates, k: int, cfg: NoConfig) -> Selection:
        """K frames; the earlier among equals."""
        assert candidates.features is not None
        unit, n = UnitRows(candidates.features), len(candidates)
        weight = np.ones(n) if candidates.relevance is None else min_max(candidates.relevance)
        energy = weight**2 * np.einsum("nd,nd->n", unit.rows, unit.rows)
        factors = np.zeros((k, n))
        reasons: dict[int, str] = {}
        while len(reasons) < k:
            step, pick = len(reasons), int(np.argmax(energy))
            if energy[pick] <= _SPENT:
                break
            reasons[pick] = "mmr"
            product = weight * weight[pick] * unit.to(pick)
            factors[step] = (product - factors[:step, pick] @ factors[:step]) / np.sqrt(energy[pick])
            energy = np.maximum(energy - factors[step] ** 2, 0.0)
            energy[list(reasons)] = 0.0
        fill_by_value(reasons, weight, k)
        return Selection.of_reasons(self.name, reasons, (Segment(0, n),))
