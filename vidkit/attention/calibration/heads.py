"""Attention of one layer's heads: dense, sparse at each threshold, and dense within rounding."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from vidkit.attention.calibration.floor import nudged
from vidkit.attention.calibration.probe_log import FLOOR
from vidkit.attention.executors import ExecutorChooser
from vidkit.attention.plan import BlockPlan
from vidkit.attention.predictors import MaskPredictor, PlanState
from vidkit.hooks.token_grid import TokenGrid


@dataclass
class HeadOutputs:
    """Dense and sparse attention outputs of one layer, before the output projection.

    Attributes:
        dense: `[B, N, H, D]`.
        sparse: `[B, N, D]` by (head, candidate); candidates with the same mask share one entry, full masks
            have none. Of candidate `FLOOR`: the dense output, nudged.
        sparsity: by (head, candidate), mean over the batch.
        same_as: by (head, candidate) the first candidate with the same mask.
    """

    dense: Tensor
    sparse: dict[tuple[int, int], Tensor]
    sparsity: dict[tuple[int, int], float]
    same_as: dict[tuple[int, int], int]


def of_heads(plan: BlockPlan, heads: Sequence[int]) -> BlockPlan:
    """The plan of some heads, in this order."""
    names = ("counts", "indices", "q_order", "k_order", "selected_density")
    parts = {name: getattr(plan, name) for name in names}
    return replace(plan, **{n: x[:, list(heads)] for n, x in parts.items() if x is not None})


@contextlib.contextmanager
def clustered_once(predictor: MaskPredictor) -> Iterator[None]:
    """Within the block, clusters are found once: they depend on Q, K and the seed, not on the threshold.

    For one layer's Q and K only. Predictors without clusters are left alone.
    """
    original = getattr(predictor, "_cluster", None)
    if original is None:
        yield
        return
    known: dict[str, tuple[Any, dict[str, Tensor]]] = {}

    def cluster(side: str, x: Tensor, wanted: int, state: PlanState, *rest: Any) -> Any:
        if side not in known:
            found = original(side, x, wanted, state, *rest)
            known[side] = found, {n: t for n, t in state.extra.items() if n.endswith(f"_{side}")}
        state.extra.update(known[side][1])
        return known[side][0]

    vars(predictor)["_cluster"] = cluster
    try:
        yield
    finally:
        del vars(predictor)["_cluster"]


class SparseHeads:
    """Computes what the probes of a layer put in a head's place.

    Args:
        predictor: whose masks are probed.
        candidates: thresholds.
        seed: of the predictor's random starts and of nudges.
    """

    def __init__(self, predictor: MaskPredictor, candidates: Sequence[float], seed: int) -> None:
        self.predictor, self.candidates, self.seed = predictor, list(candidates), seed
        self.executor = ExecutorChooser()

    def outputs(
        self,
        dense: Tensor,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        layer: int,
        grid: TokenGrid | None,
        pairs: Sequence[tuple[int, int]],
    ) -> HeadOutputs:
        """Attention of the (head, candidate) pairs; q, k, v `[B, N, H, D]`.

        Masks are predicted for all heads (random starts are drawn for a whole layer), attention is computed
        for the pairs alone. Pairs of candidate `FLOOR` need neither.
        """
        floor = [head for head, c in pairs if c == FLOOR]
        pairs = [(head, c) for head, c in pairs if c != FLOOR]
        q, k, v = (x.transpose(1, 2) for x in (q, k, v))
        made = HeadOutputs(dense, {}, {}, {})
        for head in floor:
            made.sparse[head, FLOOR] = nudged(dense[:, :, head], self._seed(layer))
            made.sparsity[head, FLOOR], made.same_as[head, FLOOR] = 0.0, FLOOR
        masks: dict[tuple[int, int], Tensor] = {}
        with clustered_once(self.predictor):
            plans = {c: self.plan(q, k, v, self.candidates[c], layer, grid) for c in {c for _, c in pairs}}
        for c in sorted(plans):
            heads = [head for head, other in pairs if other == c]
            plan = of_heads(plans[c], heads)
            for n, head in enumerate(heads):
                masks[head, c] = plan.pack()[:, n]
                same = (x for x in range(c + 1) if (head, x) in masks)
                # clusterings share a seed, so equal maps mean equal orders
                made.same_as[head, c] = next(x for x in same if torch.equal(masks[head, x], masks[head, c]))
                sparsity = float((1 - plan.head_density[:, n].mean()).clamp(0, 1))
                # exactly full lists are exactly 0, whatever the rounding of the density
                made.sparsity[head, c] = 0.0 if sparsity < 1e-7 else sparsity
            new = [n for n, h in enumerate(heads) if made.same_as[h, c] == c and made.sparsity[h, c] > 0]
            if new:
                here = [heads[n] for n in new]
                out = self.executor.attend(q[:, here], k[:, here], v[:, here], of_heads(plan, new))
                made.sparse.update({(head, c): out[:, n] for n, head in enumerate(here)})
        return made

    def plan(
        self, q: Tensor, k: Tensor, v: Tensor, tau: float, layer: int, grid: TokenGrid | None
    ) -> BlockPlan:
        """Plan of all heads at one threshold, from nothing cached."""
        state = PlanState(seed=self._seed(layer), values=v)
        self.predictor.refresh(q, k, torch.full(q.shape[:2], tau, device=q.device), state, None, grid)
        return self.predictor.plan(q.shape[2], state, grid)

    def _seed(self, layer: int) -> int:
        """That of the runtime."""
        return (self.seed + 1_000_003 * layer) % 2**63
