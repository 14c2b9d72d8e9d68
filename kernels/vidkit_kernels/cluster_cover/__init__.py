"""Kept pairs of clusters as block lists over the sorted tokens, and how many token pairs they hold."""

from __future__ import annotations

from torch import Tensor

from .._dispatch import Backend, use_triton
from .reference import cover_pairs_reference, kept_share_reference

__all__ = ["cover_pairs", "kept_share"]


def cover_pairs(
    packed: Tensor,
    offsets_q: Tensor,
    offsets_k: Tensor,
    clusters: int,
    N: int,
    block_q: int,
    block_k: int,
    backend: Backend = "auto",
) -> tuple[Tensor, Tensor]:
    """Blocks of sorted tokens that any kept pair of non-empty clusters touches.

    Source: SVG2 (arXiv 2505.18875) section 4.2 keeps pairs of clusters; differs: fixed blocks that cover
    them, a superset, so recall can only rise.

    Args:
        packed: kept pairs as packed bits `[B, H, Cq, words]` int32.
        offsets_q: `[B, H, Cq + 1]` int32, start of each query cluster; the last entry is N.
        offsets_k: `[B, H, Ck + 1]` int32, the same for keys.
        clusters: key clusters that `packed` has bits for; further ones, up to Ck, are always kept.
        N: tokens of a head.
        block_q: tokens of a query block.
        block_k: tokens of a key block.
        backend: `auto`, `triton` or `reference`.

    Returns:
        counts `[B, H, nQ]` int32 and indices `[B, H, nQ, nK]` int32; kept blocks ascending, then zeros.
    """
    if use_triton(backend, packed):
        from .triton import cover_pairs_triton

        return cover_pairs_triton(packed, offsets_q, offsets_k, clusters, N, block_q, block_k)
    return cover_pairs_reference(packed, offsets_q, offsets_k, clusters, N, block_q, block_k)


def kept_share(
    packed: Tensor, offsets_q: Tensor, offsets_k: Tensor, clusters: int, N: int, backend: Backend = "auto"
) -> Tensor:
    """Share of query-key pairs that lie in kept pairs of clusters, fp32 `[B, H]`.

    Args and the meaning of `clusters`: see `cover_pairs`. Heads whose offsets are all 0 get 0.
    """
    if use_triton(backend, packed):
        from .triton import kept_share_triton

        return kept_share_triton(packed, offsets_q, offsets_k, clusters, N)
    return kept_share_reference(packed, offsets_q, offsets_k, clusters, N)
