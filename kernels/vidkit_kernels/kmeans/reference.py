"""Plain-torch reference of the k-means kernels."""

from __future__ import annotations

import torch
from torch import Tensor

from ..label_sort.reference import sort_by_label_reference


def _heads(active: Tensor | None, B: int, H: int) -> list[tuple[int, int]]:
    if active is None:
        return [(b, h) for b in range(B) for h in range(H)]
    return [(b, h) for b, h in active.nonzero().tolist()]


def assign_reference(x: Tensor, centroids: Tensor, labels: Tensor, active: Tensor | None) -> Tensor:
    """See `vidkit_kernels.kmeans.assign`."""
    for b, h in _heads(active, *x.shape[:2]):
        c = centroids[b, h].to(x.dtype).float()
        score = x[b, h].float() @ c.T - 0.5 * c.square().sum(-1)
        labels[b, h] = score.argmax(-1).to(labels.dtype)
    return labels


def cluster_means_reference(
    x: Tensor, order: Tensor, offsets: Tensor, centroids: Tensor, active: Tensor | None
) -> Tensor:
    """See `vidkit_kernels.kmeans.cluster_means`."""
    C = centroids.shape[2]
    for b, h in _heads(active, *x.shape[:2]):
        sizes = offsets[b, h].diff()
        label = torch.repeat_interleave(torch.arange(C, device=x.device), sizes)
        sums = torch.zeros_like(centroids[b, h]).index_add_(0, label, x[b, h].float()[order[b, h]])
        filled = sizes > 0
        centroids[b, h, filled] = sums[filled] / sizes[filled, None]
    return centroids


def kmeans_reference(
    x: Tensor, centroids: Tensor, left: Tensor, rounds: int, labels: Tensor, tolerance: float
) -> Tensor:
    """Rounds in place on `centroids` and `labels`, see `vidkit_kernels.kmeans.kmeans`; returns offsets."""
    B, H = x.shape[:2]
    C = centroids.shape[2]
    found = torch.zeros(B, H, C + 1, dtype=torch.int32, device=x.device)
    running = torch.ones(B, H, dtype=torch.bool, device=x.device)
    for step in range(rounds):
        active = running & (left > step)
        if not bool(active.any()):
            break
        previous = centroids.clone()
        assign_reference(x, centroids, labels, active)
        order, offsets = sort_by_label_reference(labels, C)
        cluster_means_reference(x, order, offsets, centroids, active)
        found = torch.where(active[..., None], offsets, found)
        shift = (centroids - previous).norm(dim=-1).amax(-1)
        running = running & ~(active & (shift < tolerance))
    return found
