"""Batched Euclidean k-means over tokens, one clustering a head, deterministic."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .._dispatch import Backend, use_triton
from .reference import assign_reference, cluster_means_reference

__all__ = ["Clustering", "assign", "cluster_means", "kmeans", "sort_by_label"]


@dataclass(frozen=True)
class Clustering:
    """Result of `kmeans`.

    Attributes:
        labels: `[B, H, N]` int32, cluster of each token.
        centroids: `[B, H, C, D]` fp32, means of the labelled tokens.
        order: `[B, H, N]` int64, tokens sorted by label, stable.
        offsets: `[B, H, C + 1]` int32, start of each cluster in `order`.
    """

    labels: Tensor
    centroids: Tensor
    order: Tensor
    offsets: Tensor


def assign(x: Tensor, centroids: Tensor, labels: Tensor, active: Tensor | None = None,
           backend: Backend = "auto") -> Tensor:  # fmt: skip
    """Nearest centroid of each token (ties: lower index), written into `labels` for active heads.

    Args:
        x: `[B, H, N, D]`.
        centroids: `[B, H, C, D]` fp32, rounded to x's dtype before the products.
        labels: `[B, H, N]` int32, changed in place.
        active: `[B, H]` bool, None: all.
        backend: `auto`, `triton` or `reference`.
    """
    if use_triton(backend, x):
        from .triton import assign_triton

        return assign_triton(x, centroids, labels, active)
    return assign_reference(x, centroids, labels, active)


def sort_by_label(labels: Tensor, C: int) -> tuple[Tensor, Tensor]:
    """Stable order of tokens by label and the clusters' offsets: `[B, H, N]` int64, `[B, H, C + 1]` int32."""
    B, H, N = labels.shape
    if labels.is_cuda:
        # one long radix sort of (head, label) is several times faster than B * H segments
        head = torch.arange(B * H, device=labels.device, dtype=torch.int32)[:, None]
        ordered, order = torch.sort((labels.reshape(B * H, N) + head * C).flatten(), stable=True)
        ordered = (ordered.view(B * H, N) - head * C).view(B, H, N)
        order = (order.view(B * H, N) - head * N).view(B, H, N)
    else:
        ordered, order = torch.sort(labels, dim=-1, stable=True)
    edges = torch.arange(C + 1, device=labels.device, dtype=ordered.dtype).expand(B, H, C + 1)
    return order, torch.searchsorted(ordered.contiguous(), edges.contiguous(), out_int32=True)


def cluster_means(x: Tensor, order: Tensor, offsets: Tensor, centroids: Tensor, active: Tensor | None = None,
                  backend: Backend = "auto") -> Tensor:  # fmt: skip
    """Means of the clusters, in place into `centroids`; empty clusters and inactive heads keep theirs."""
    if use_triton(backend, x):
        from .triton import cluster_means_triton

        return cluster_means_triton(x, order, offsets, centroids, active)
    return cluster_means_reference(x, order, offsets, centroids, active)


def kmeans(
    x: Tensor,
    centroids: Tensor,
    iterations: int | Tensor,
    *,
    max_iterations: int | None = None,
    labels: Tensor | None = None,
    tolerance: float = 1e-4,
    backend: Backend = "auto",
) -> Clustering:
    """Lloyd iterations from given centroids.

    Source: SVG2 (arXiv 2505.18875) section 4.1 (batched k-means, warm start); differs: sums run over sorted
    tokens instead of atomics, so a result can be repeated bit for bit.

    Args:
        x: tokens `[B, H, N, D]`.
        centroids: start `[B, H, C, D]` fp32; not changed.
        iterations: count for every head, or `[B, H]` int counts; heads with 0 keep labels and centroids.
        max_iterations: launches when `iterations` is a tensor (reading it back would stall the device).
        labels: `[B, H, N]` int32 to write into; needed when some heads have 0 iterations.
        tolerance: a head stops once no centroid moves further than this (L2).
        backend: `auto`, `triton` or `reference`.
    """
    C = centroids.shape[2]
    centroids = centroids.clone()
    if labels is None:
        labels = torch.zeros(x.shape[:3], dtype=torch.int32, device=x.device)
    rounds = iterations if isinstance(iterations, int) else max_iterations
    if rounds is None:
        raise ValueError("max_iterations is needed when iterations is a tensor")
    left = None if isinstance(iterations, int) else iterations
    running = torch.ones(x.shape[:2], dtype=torch.bool, device=x.device)
    order, offsets = None, None
    for step in range(rounds):
        active = running if left is None else running & (left > step)
        # on the CPU looking is free; on a GPU it would stall the queue, idle launches are cheaper
        if not x.is_cuda and not bool(active.any()):
            break
        previous = centroids.clone()
        assign(x, centroids, labels, active, backend)
        order, offsets = sort_by_label(labels, C)
        cluster_means(x, order, offsets, centroids, active, backend)
        shift = (centroids - previous).norm(dim=-1).amax(-1)
        running = running & ~(active & (shift < tolerance))
    if order is None or offsets is None:
        order, offsets = sort_by_label(labels, C)
    return Clustering(labels, centroids, order, offsets)
