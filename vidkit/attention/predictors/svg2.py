"""SVG2: cluster queries and keys by meaning, keep cluster pairs by top-p, run on blocks of sorted tokens."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from vidkit_kernels.kmeans import kmeans, sort_by_label
from vidkit_kernels.packed_mask import pack_mask, unpack_mask, words_for
from vidkit_kernels.top_p import select_top_p

from vidkit.attention.geometry import TokenGrid
from vidkit.attention.keep import check_rules
from vidkit.attention.plan import BlockPlan
from vidkit.attention.predictors.base import PlanState, active_or_all
from vidkit.errors import ConfigError

MAX_WARM_ITERATIONS = 10


class SVG2Predictor:
    """Semantic-aware permutation. Source: SVG2 (arXiv 2505.18875) and its Wan settings.

    Q and K are clustered apart; cluster pairs are scored by centroid products weighted with the key cluster's
    size. What is cached is the whole plan (labels, cluster map, centroids): a map under new labels would be
    wrong. Differs: runs on fixed blocks after the sort, keeping a block when any kept pair touches it (a
    superset, so recall can only rise); state per branch, cleared with the generation.

    Args:
        query_clusters: Cq; fewer than N tokens, capped at N.
        key_clusters: Ck, capped likewise.
        min_kc_ratio: share of key clusters kept for each query cluster in any case, in [0, 1].
        first_iterations: k-means rounds from random tokens.
        warm_iterations: rounds from the last refresh's centroids; one more for every 4 steps of age, at
            most 10.
        block_q: tokens of an executed query block.
        block_k: tokens of an executed key block.
        always_keep: only `first_frame`: its keys form a cluster of their own that every query keeps.
        cache_permutation: keep the sorted orders (8 bytes a token and side) instead of sorting labels at
            each call.
    """

    name = "svg2"
    uses_age = True

    def __init__(
        self, query_clusters: int = 300, key_clusters: int = 1000, min_kc_ratio: float = 0.1,
        first_iterations: int = 50, warm_iterations: int = 2, block_q: int = 128, block_k: int = 128,
        always_keep: Iterable[str] = (), cache_permutation: bool = False,
    ) -> None:  # fmt: skip
        if query_clusters < 1 or not 1 <= key_clusters < 32_767:
            raise ConfigError(f"svg2 needs 1 to 32766 clusters, got {query_clusters} and {key_clusters}")
        if not 0 <= min_kc_ratio <= 1:
            raise ConfigError(f"min_kc_ratio must be in [0, 1], got {min_kc_ratio}")
        if first_iterations < 1 or not 1 <= warm_iterations <= MAX_WARM_ITERATIONS:
            raise ConfigError(
                f"k-means needs 1 or more iterations, got {first_iterations} and {warm_iterations}"
            )
        self.query_clusters, self.key_clusters, self.min_kc_ratio = query_clusters, key_clusters, min_kc_ratio
        self.first_iterations, self.warm_iterations = first_iterations, warm_iterations
        self.block_q, self.block_k = block_q, block_k
        self.always_keep = check_rules(always_keep, ("first_frame",))
        self.cache_permutation = cache_permutation

    def describe(self) -> dict[str, Any]:
        """Parameters for records."""
        return {
            "name": self.name, "block_q": self.block_q, "block_k": self.block_k,
            "query_clusters": self.query_clusters, "key_clusters": self.key_clusters,
            "min_kc_ratio": self.min_kc_ratio, "first_iterations": self.first_iterations,
            "warm_iterations": self.warm_iterations, "always_keep": list(self.always_keep),
        }  # fmt: skip

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
        first = state.empty
        flags = active_or_all(None if first else active, q.shape[0], q.shape[1], q.device)
        sizes_q, cq = self._cluster("q", q, self.query_clusters, state, flags, first, None)
        sink = self._sink_tokens(grid, q.shape[2])
        sizes_k, ck = self._cluster("k", k, self.key_clusters, state, flags, first, sink)
        scores = cluster_scores(cq, ck, sizes_k[..., : ck.shape[2]])
        if first:
            words = words_for(scores.shape[-1])
            state.packed = torch.zeros(*scores.shape[:-1], words, dtype=torch.int32, device=q.device)
        keep = math.floor(self.min_kc_ratio * ck.shape[2])
        select_top_p(scores, tau, min_keep=max(keep, 1), active=flags, out=state.packed)
        density = self._selected_density(state, sizes_q, sizes_k, q.shape[2])
        kept = density if first else torch.where(flags, density, state.extra["density"])
        state.extra["density"] = kept

    def plan(self, N: int, state: PlanState, grid: TokenGrid | None) -> BlockPlan:
        """Sort by cluster and cover the kept cluster pairs with blocks."""
        order_q, offsets_q = self._order("q", state)
        order_k, offsets_k = self._order("k", state)
        nK_clusters = offsets_k.shape[-1] - 1
        assert state.packed is not None
        kept = unpack_mask(state.packed, self._clusters(self.key_clusters, N))
        if nK_clusters > kept.shape[-1]:
            kept = torch.nn.functional.pad(kept, (0, 1), value=True)
        mask = covering_blocks(kept, offsets_q, offsets_k, N, self.block_q, self.block_k)
        return BlockPlan.from_packed(
            pack_mask(mask), N, N, self.block_q, self.block_k, q_order=order_q, k_order=order_k,
            selected_density=state.extra["density"],
        )  # fmt: skip

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

    def _cluster(
        self,
        side: str,
        x: Tensor,
        wanted: int,
        state: PlanState,
        flags: Tensor,
        first: bool,
        sink: int | None,
    ) -> tuple[Tensor, Tensor]:
        """Labels and centroids of one side into the state; returns sizes `[B, H, C(+1)]` and centroids."""
        N = x.shape[2]
        C = self._clusters(wanted, N)
        extra = state.extra
        if first:
            start = random_tokens(x, C, state.seed + (side == "k"))
            labels = torch.zeros(x.shape[:3], dtype=torch.int32, device=x.device)
            iterations = flags.to(torch.int32) * self.first_iterations
            rounds = self.first_iterations
        else:
            start, labels = extra[f"centroids_{side}"].float(), extra[f"labels_{side}"].to(torch.int32)
            age = torch.zeros_like(flags, dtype=torch.int32) if state.age is None else state.age
            iterations = (self.warm_iterations + age // 4).clamp_max(MAX_WARM_ITERATIONS) * flags
            oldest = MAX_WARM_ITERATIONS * 4 if state.max_age is None else state.max_age
            rounds = self.warm_iterations if state.age is None else self.warm_iterations + oldest // 4
            rounds = min(rounds, MAX_WARM_ITERATIONS)
        if sink is not None:
            labels = labels.clamp_max(C - 1)
        found = kmeans(x, start, iterations, max_iterations=rounds, labels=labels)
        labels, order, offsets, n = found.labels, found.order, found.offsets, C
        if sink is not None:
            labels = labels.clone()
            labels[:, :, :sink] = C
            n = C + 1
            order, offsets = sort_by_label(labels, n)
        extra[f"labels_{side}"] = labels.to(torch.int16)
        keep_half = x.dtype in (torch.bfloat16, torch.float16)
        extra[f"centroids_{side}"] = found.centroids.to(torch.bfloat16) if keep_half else found.centroids
        extra[f"offsets_{side}"] = offsets
        if self.cache_permutation:
            extra[f"order_{side}"] = order
        return offsets.diff(dim=-1), found.centroids

    def _order(self, side: str, state: PlanState) -> tuple[Tensor, Tensor]:
        """Sorted order and cluster offsets, from the cache or from the labels."""
        offsets = state.extra[f"offsets_{side}"]
        if f"order_{side}" in state.extra:
            return state.extra[f"order_{side}"], offsets
        labels = state.extra[f"labels_{side}"].to(torch.int32)
        return sort_by_label(labels, offsets.shape[-1] - 1)[0], offsets

    def _selected_density(self, state: PlanState, sizes_q: Tensor, sizes_k: Tensor, N: int) -> Tensor:
        """`[B, H]`: sum of kept |Q_i||K_j| over N^2."""
        assert state.packed is not None
        C = self._clusters(self.key_clusters, N)
        kept = unpack_mask(state.packed, C).float()
        keys = (kept * sizes_k[..., None, :C]).sum(-1)
        if sizes_k.shape[-1] > C:
            keys = keys + sizes_k[..., None, C]
        return (keys * sizes_q).sum(-1) / N**2


def random_tokens(x: Tensor, C: int, seed: int) -> Tensor:
    """C tokens a head, uniform with replacement, fp32 `[B, H, C, D]`; the same for a seed on every device."""
    B, H, N, D = x.shape
    generator = torch.Generator().manual_seed(seed)
    index = torch.randint(0, N, (B, H, C), generator=generator).to(x.device)
    return x.gather(2, index[..., None].expand(-1, -1, -1, D)).float()


def cluster_scores(cq: Tensor, ck: Tensor, sizes: Tensor) -> Tensor:
    """`p_ij = |K_j| exp(s_ij) / sum_m |K_m| exp(s_im)`, s = cq.ck/sqrt(D), fp32 `[B, H, Cq, Ck]`."""
    logits = cq.float() @ ck.float().mT * cq.shape[-1] ** -0.5
    p = (logits + sizes[:, :, None].float().log()).softmax(-1)
    # a head whose keys are all in the always-kept cluster has no other mass
    return torch.nan_to_num(p, nan=0.0)


def covering_blocks(
    kept: Tensor, offsets_q: Tensor, offsets_k: Tensor, N: int, block_q: int, block_k: int
) -> Tensor:
    """Blocks of sorted tokens that any kept pair of non-empty clusters touches: bool `[B, H, nQ, nK]`.

    A block spans a run of clusters, so "any kept pair in a rectangle of the cluster map" is a difference
    of four entries of its 2-D running sum.
    """
    filled = (offsets_q.diff(dim=-1) > 0)[..., :, None] & (offsets_k.diff(dim=-1) > 0)[..., None, :]
    total = (kept & filled).to(torch.int32).cumsum(-1, dtype=torch.int32).cumsum(-2, dtype=torch.int32)
    total = torch.nn.functional.pad(total, (1, 0, 1, 0))
    q0, q1 = _cluster_range(offsets_q, N, block_q)
    k0, k1 = _cluster_range(offsets_k, N, block_k)

    def corner(rows: Tensor, columns: Tensor) -> Tensor:
        picked = total.gather(2, rows[..., None].expand(-1, -1, -1, total.shape[-1]))
        return picked.gather(3, columns[:, :, None].expand(-1, -1, rows.shape[-1], -1))

    return corner(q1, k1) - corner(q0, k1) - corner(q1, k0) + corner(q0, k0) > 0


def _cluster_range(offsets: Tensor, N: int, block: int) -> tuple[Tensor, Tensor]:
    """First cluster of each block and one past its last: `[B, H, n]` int64 each."""
    B, H, _ = offsets.shape
    first = torch.arange(0, N, block, device=offsets.device, dtype=torch.int32)
    last = (first + block - 1).clamp_max(N - 1)
    # the cluster of sorted position p is the last one that starts at or before p and is not empty
    ends = offsets[..., 1:].contiguous()
    found = [torch.searchsorted(ends, p.expand(B, H, -1).contiguous(), right=True) for p in (first, last)]
    return found[0], found[1] + 1
