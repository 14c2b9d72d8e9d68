"""What sparse attention did: density, refreshes, executor; counted on the device, read once at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from vidkit.hooks.reports import ForwardLog


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


@dataclass
class Totals:
    """Sums over forwards, which is all that means need.

    Attributes:
        calls: forwards.
        sparse_calls: forwards with a sparse layer.
        density: summed over forwards.
        sparse_density: summed over sparse forwards.
        selected_density: likewise.
        refreshed: heads that got a new mask.
        heads: heads that ran sparse.
    """

    calls: int = 0
    sparse_calls: int = 0
    density: float = 0.0
    sparse_density: float = 0.0
    selected_density: float = 0.0
    refreshed: int = 0
    heads: int = 0

    def add(self, row: CallStats) -> None:
        """Count a forward."""
        self.calls += 1
        self.density += row.density
        if row.heads:
            self.sparse_calls += 1
            self.sparse_density += row.sparse_density or 0.0
            self.selected_density += row.selected_density or 0.0
        self.refreshed += row.refreshed
        self.heads += row.heads

    def summary(self) -> dict[str, Any]:
        """Means.

        Returns:
            `density` over all forwards, `sparse_density` and `selected_density` over sparse ones,
            `reuse_ratio` (heads that kept their mask over heads that ran sparse), `predicted_heads` (calls
            of the predictor, in heads), `sparse_calls` and `calls` (forwards).
        """
        n, sparse = self.calls, self.sparse_calls
        return {
            "density": self.density / n if n else None,
            "sparse_density": self.sparse_density / sparse if sparse else None,
            "selected_density": self.selected_density / sparse if sparse else None,
            "reuse_ratio": 1 - self.refreshed / self.heads if self.heads else None,
            "predicted_heads": self.refreshed,
            "sparse_calls": sparse,
            "calls": n,
        }


class Recorder:
    """Collects per-layer figures without asking the device, and reads those of a forward when it is over.

    Tensors are kept of the forward in progress, numbers of the last forwards (`ForwardLog`), sums of all.
    """

    def __init__(self) -> None:
        self._open: list[_Open] = []
        self._log: ForwardLog[CallStats] = ForwardLog()
        self._totals = Totals()

    def begin(self, transformer: str, branch: str, step: int, dense_layers: int) -> None:
        """A forward starts; `dense_layers` of it will not be seen here."""
        self.settle()
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

    def settle(self) -> None:
        """Turn what is open into numbers; reads the device."""
        for row in self._open:
            closed = _close(row)
            self._log.append(closed)
            self._totals.add(closed)
        self._open.clear()

    def clear(self) -> None:
        """Forget all forwards."""
        self._open.clear()
        self._log.clear()
        self._totals = Totals()

    def fresh_rows(self) -> list[CallStats]:
        """Forwards since the last call of this, as far as they are kept."""
        self.settle()
        return self._log.fresh()

    def rows(self) -> list[CallStats]:
        """The last forwards so far."""
        self.settle()
        return self._log.rows()

    def summary(self) -> dict[str, Any]:
        """Means over all forwards, see `Totals.summary`."""
        self.settle()
        return self._totals.summary()


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
    """Means over some forwards, see `Totals.summary`."""
    totals = Totals()
    for row in rows:
        totals.add(row)
    return totals.summary()
