"""What sparse attention did: density, refreshes, executor; counted on the device, read once at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class CallStats:
    """One transformer forward.

    Attributes:
        transformer: attribute name on the pipeline.
        branch: guidance branch.
        step: denoising step.
        density: kept query-key pairs over all, mean of the layers that ran, dense ones counted as 1.
        sparse_density: the same over sparse layers only; None when all were dense.
        selected_density: what the predictor asked for, over sparse layers; differs from `sparse_density`
            for SVG2.
        refreshed: heads that got a new mask, summed over sparse layers and batch.
        heads: heads that ran sparse, summed likewise.
    """

    transformer: str
    branch: str
    step: int
    density: float
    sparse_density: float | None
    selected_density: float | None
    refreshed: int
    heads: int


@dataclass
class _Open:
    transformer: str
    branch: str
    step: int
    dense_layers: int = 0
    # (executed density, selected density, refreshed heads) of every sparse layer, as the layer gave them
    layers: list[tuple[Tensor, Tensor, Tensor | int]] = field(default_factory=list)
    heads: int = 0


class Recorder:
    """Collects per-layer figures without asking the device; `rows` reads them all at once."""

    def __init__(self) -> None:
        self._open: list[_Open] = []
        self._told = 0

    def begin(self, transformer: str, branch: str, step: int, dense_layers: int) -> None:
        """A forward starts; `dense_layers` of it will not be seen here."""
        self._open.append(_Open(transformer, branch, step, dense_layers))

    def layer(self, density: Tensor, selected: Tensor, refreshed: Tensor | bool, heads: int) -> None:
        """A sparse layer ran: densities `[B, H]`, refreshed heads `[B, H]` bool or all or none."""
        if not self._open:
            return
        row = self._open[-1]
        # kept as they are: arithmetic here would be launches in every layer
        count = refreshed if isinstance(refreshed, Tensor) else heads * refreshed
        row.layers.append((density, selected, count))
        row.heads += heads

    def clear(self) -> None:
        """Forget all rows."""
        self._open.clear()
        self._told = 0

    def fresh_rows(self) -> list[CallStats]:
        """Forwards since the last call of this."""
        rows = [_close(row) for row in self._open[self._told :]]
        self._told = len(self._open)
        return rows

    def rows(self) -> list[CallStats]:
        """Every forward so far."""
        return [_close(row) for row in self._open]


def _close(row: _Open) -> CallStats:
    if not row.layers:
        return CallStats(row.transformer, row.branch, row.step, 1.0, None, None, 0, 0)
    n = len(row.layers)
    executed = _summed_means([density for density, _, _ in row.layers])
    selected = _summed_means([asked for _, asked, _ in row.layers])
    counts = [count for _, _, count in row.layers]
    flags = [count for count in counts if isinstance(count, Tensor)]
    refreshed = sum(count for count in counts if isinstance(count, int))
    refreshed += int(torch.stack(flags).sum()) if flags else 0
    density = (executed + row.dense_layers) / (n + row.dense_layers)
    return CallStats(
        row.transformer,
        row.branch,
        row.step,
        density,
        executed / n,
        selected / n,
        refreshed,
        row.heads,
    )


def _summed_means(densities: list[Tensor]) -> float:
    """Sum over layers of the mean of batch and heads, with one read."""
    return float(torch.stack(densities).double().mean((1, 2)).sum())


def summarize(rows: list[CallStats]) -> dict[str, Any]:
    """Means over a generation.

    Returns:
        `density` over all forwards, `sparse_density` and `selected_density` over sparse layers,
        `reuse_ratio` (heads
        that kept their mask over heads that ran sparse), `predicted_heads` (calls of the predictor, in
        heads), `sparse_calls` and `calls` (forwards).
    """
    sparse = [r for r in rows if r.heads]
    heads = sum(r.heads for r in sparse)
    refreshed = sum(r.refreshed for r in sparse)

    def mean(name: str, of: list[CallStats]) -> float | None:
        return sum(getattr(r, name) for r in of) / len(of) if of else None

    return {
        "density": mean("density", rows),
        "sparse_density": mean("sparse_density", sparse),
        "selected_density": mean("selected_density", sparse),
        "reuse_ratio": 1 - refreshed / heads if heads else None,
        "predicted_heads": refreshed,
        "sparse_calls": len(sparse),
        "calls": len(rows),
    }
