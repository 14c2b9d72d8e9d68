"""Plain-torch twin of the k-means kernels."""

from __future__ import annotations

import torch
from torch import Tensor


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
