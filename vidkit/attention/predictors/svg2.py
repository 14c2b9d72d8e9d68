"""SVG2, semantic permutation: cluster queries and keys, keep cluster pairs by top-p, run on sorted blocks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from vidkit_kernels.cluster_cover import cover_pairs, kept_share
from vidkit_kernels.kmeans import kmeans, unsupported_reason
from vidkit_kernels.label_sort import sort_by_label
from vidkit_kernels.packed_mask import words_for
from vidkit_kernels.top_p import select_top_p

from vidkit.attention.keep import check_rules
from vidkit.attention.plan import BlockPlan
from vidkit.attention.predictors.base import BackendChooser, PlanState, active_or_all, check_blocks
from vidkit.attention.predictors.cluster_start import ClusterStart, first_centroids
from vidkit.errors import ConfigError
from vidkit.hooks.token_grid import TokenGrid

MAX_WARM_ITERATIONS = 10


@dataclass(frozen=True)
class SVG2Config:
    """Settings of SVG2."""

    query_clusters: int = 300  # Cq; capped at the number of tokens
    key_clusters: int = 1000  # Ck, capped likewise
    min_kc_ratio: float = 0.1  # share of key clusters kept for each query cluster in any case, [0, 1]
    start: str = "tokens"  # first centroids: random tokens as published, grid (boxes of the video), or sample
    first_iterations: int = 50  # k-means rounds from random tokens, with start=tokens
    sample_iterations: int = 8  # rounds on 8 tokens a cluster, with start=sample
    final_iterations: int = 2  # rounds over all tokens after start=sample or grid
    # rounds from the last refresh's centroids; one more for every 4 steps of age, at most 10
    warm_iterations: int = 2
    block_q: int = 128  # tokens of an executed query block
    block_k: int = 128  # tokens of an executed key block
    # only `first_frame`: its keys form a cluster of their own that every query keeps
    always_keep: tuple[str, ...] = ()
    # keep the sorted orders (8 bytes per token and side) instead of sorting labels at each call
    cache_permutation: bool = False

    def __post_init__(self) -> None:
        check_blocks(self.block_q, self.block_k)
        if self.query_clusters < 1 or not 1 <= self.key_clusters < 32_767:
            raise ConfigError(
                f"svg2 needs 1 to 32766 clusters, got {self.query_clusters} and {self.key_clusters}"
            )
        if not 0 <= self.min_kc_ratio <= 1:
            raise ConfigError(f"min_kc_ratio must be in [0, 1], got {self.min_kc_ratio}")
        if self.start not in list(ClusterStart):
            raise ConfigError(
                f"start={self.start!r} is not a start of k-means", f"choose from: {', '.join(ClusterStart)}"
            )
        for name in ("first_iterations", "sample_iterations", "final_iterations"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be >= 1, got {getattr(self, name)}")
        if not 1 <= self.warm_iterations <= MAX_WARM_ITERATIONS:
            raise ConfigError(
                f"warm_iterations must be in [1, {MAX_WARM_ITERATIONS}], got {self.warm_iterations}"
            )
        object.__setattr__(self, "always_keep", check_rules(self.always_keep, ("first_frame",)))


class SVG2Predictor:
    """Semantic-aware permutation. Source: SVG2 (arXiv 2505.18875) and its Wan settings.

    Q and K are clustered apart; cluster pairs are scored by centroid products weighted with the key cluster's
    size. What is cached is the whole plan (labels, cluster map, centroids): a map under new labels would be
    wrong. Differs: runs on fixed blocks after the sort, keeping a block when any kept pair touches it (a
    superset, so recall can only rise); state per branch, cleared with the generation.
    """

    name = "svg2"
    uses_age = True
    config = SVG2Config

    def __init__(self, cfg: SVG2Config) -> None:
        self.block_q, self.block_k = cfg.block_q, cfg.block_k
        self.query_clusters, self.key_clusters = cfg.query_clusters, cfg.key_clusters
        self.cfg, self.always_keep = cfg, cfg.always_keep
        self._backend = BackendChooser("svg2 clusters are")

    def describe(self) -> dict[str, Any]:
        """Parameters for records and tables; how k-means starts is none: a table holds for all starts."""
        return {
            "name": self.name,
            "block_q": self.block_q,
            "block_k": self.block_k,
            "query_clusters": self.query_clusters,
            "key_clusters": self.key_clusters,
            "min_kc_ratio": self.cfg.min_kc_ratio,
            "first_iterations": self.cfg.first_iterations,
            "warm_iterations": self.cfg.warm_iterations,
            "always_keep": list(self.always_keep),
        }

    def refresh(
        self,
        q: Tensor,
        k: Tensor,
        tau: Tensor,
        state: PlanState,
        active: Tensor | None,
        grid: TokenGrid | None,
    ) -> None:
        """Cluster, score and select for the active heads."""
        first, N = state.empty, q.shape[2]
        flags = active_or_all(None if first else active, q.shape[0], q.shape[1], q.device)
        rounds = self._rounds(state, flags, first)
        offsets_q, cq = self._cluster("q", q, self.query_clusters, state, flags, rounds, None, grid)
        sink = self._sink_tokens(grid, N)
        offsets_k, ck = self._cluster("k", k, self.key_clusters, state, flags, rounds, sink, grid)
        C = ck.shape[2]
        scores = cluster_scores(cq, ck, offsets_k.diff(dim=-1)[..., :C])
        if first:
            words = words_for(scores.shape[-1])
            state.packed = torch.zeros(*scores.shape[:-1], words, dtype=torch.int32, device=q.device)
        assert state.packed is not None
        keep = math.floor(self.cfg.min_kc_ratio * C)
        select_top_p(scores, tau, min_keep=max(keep, 1), active=flags, out=state.packed)
        density = kept_share(state.packed, offsets_q, offsets_k, C, N)
        state.extra["density"] = density if first else torch.where(flags, density, state.extra["density"])

    def plan(self, N: int, state: PlanState, grid: TokenGrid | None) -> BlockPlan:
        """Sort by cluster and cover the kept cluster pairs with blocks."""
        assert state.packed is not None
        C = self._clusters(self.key_clusters, N)
        order_q, offsets_q = self._order("q", state, self._clusters(self.query_clusters, N))
        order_k, offsets_k = self._order("k", state, C + bool(self.always_keep))
        counts, indices = cover_pairs(state.packed, offsets_q, offsets_k, C, N, self.block_q, self.block_k)
        return BlockPlan(
            counts,
            indices,
            N,
            N,
            self.block_q,
            self.block_k,
            q_order=order_q,
            k_order=order_k,
            selected_density=state.extra["density"],
        )

    def _clusters(self, wanted: int, N: int) -> int:
        return min(wanted, N)

    def _sink_tokens(self, grid: TokenGrid | None, N: int) -> int | None:
        if "first_frame" not in self.always_keep:
            return None
        if grid is None or grid.tokens != N:
            raise ConfigError(
                "always_keep=first_frame needs the token grid", "pass grid=TokenGrid(frames, rows, columns)"
            )
        return grid.per_frame

    def _rounds(self, state: PlanState, flags: Tensor, first: bool) -> tuple[Tensor, int]:
        """k-means rounds of each head `[B, H]` int32, and how many the host has to launch."""
        if first:
            published = self.cfg.start == ClusterStart.tokens
            count = self.cfg.first_iterations if published else self.cfg.final_iterations
            return flags.to(torch.int32) * count, count
        age = torch.zeros_like(flags, dtype=torch.int32) if state.age is None else state.age
        each = (self.cfg.warm_iterations + age // 4).clamp_max(MAX_WARM_ITERATIONS) * flags
        oldest = MAX_WARM_ITERATIONS * 4 if state.max_age is None else state.max_age
        most = self.cfg.warm_iterations if state.age is None else self.cfg.warm_iterations + oldest // 4
        return each, min(most, MAX_WARM_ITERATIONS)

    def _cluster(
        self,
        side: str,
        x: Tensor,
        wanted: int,
        state: PlanState,
        flags: Tensor,
        rounds: tuple[Tensor, int],
        sink: int | None,
        grid: TokenGrid | None,
    ) -> tuple[Tensor, Tensor]:
        """Labels and centroids of one side into the state.

        Returns the clusters' offsets `[B, H, C(+1) + 1]`, 0 for idle heads, and centroids.
        """
        C, extra = self._clusters(wanted, x.shape[2]), state.extra
        backend = self._backend(x, unsupported_reason(x.shape[-1]))
        if state.empty:
            how, seed = ClusterStart(self.cfg.start), state.seed + (side == "k")
            start = first_centroids(x, C, how, seed, grid, self.cfg.sample_iterations, backend, state.heads)
            labels = torch.zeros(x.shape[:3], dtype=torch.int16, device=x.device)
        else:
            start, labels = extra[f"centroids_{side}"], extra[f"labels_{side}"]
        if sink is not None:
            labels = labels.clamp_max(C - 1)
        found = kmeans(x, start, rounds[0], max_iterations=rounds[1], labels=labels, backend=backend)
        offsets = found.offsets
        if sink is not None:
            labels[:, :, :sink] = C
            offsets = sort_by_label(labels, C + 1, flags)[1]
        extra[f"labels_{side}"] = labels
        keep_half = x.dtype in (torch.bfloat16, torch.float16)
        extra[f"centroids_{side}"] = found.centroids.to(torch.bfloat16) if keep_half else found.centroids
        if self.cfg.cache_permutation:
            n = C + (sink is not None)
            extra[f"order_{side}"], extra[f"offsets_{side}"] = sort_by_label(labels, n)
        return offsets, found.centroids

    def _order(self, side: str, state: PlanState, C: int) -> tuple[Tensor, Tensor]:
        """Sorted order and cluster offsets, from the cache or from the labels."""
        if f"order_{side}" in state.extra:
            return state.extra[f"order_{side}"], state.extra[f"offsets_{side}"]
        return sort_by_label(state.extra[f"labels_{side}"], C)


def cluster_scores(cq: Tensor, ck: Tensor, sizes: Tensor) -> Tensor:
    """`p_ij = |K_j| exp(s_ij) / sum_m |K_m| exp(s_im)`, s = cq.ck/sqrt(D), fp32 `[B, H, Cq, Ck]`."""
    logits = cq.float() @ ck.float().mT * cq.shape[-1] ** -0.5
    p = (logits + sizes[:, :, None].float().log()).softmax(-1)
    # a head whose keys are all in the always-kept cluster has no other mass
    return torch.nan_to_num(p, nan=0.0)
