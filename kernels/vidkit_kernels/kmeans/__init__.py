"""Batched Euclidean k-means over tokens, one clustering per head, deterministic."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .._dispatch import Backend, use_triton
from .reference import assign_reference, cluster_means_reference, kmeans_reference

__all__ = ["Clustering", "assign", "cluster_means", "kmeans", "unsupported_reason"]


def unsupported_reason(D: int) -> str | None:
    """Why the Triton kernels cannot take a head, or None; the plain references take every head."""
    return f"head_dim {D} is not a power of two from 16" if D < 16 or D & (D - 1) else None


@dataclass(frozen=True)
class Clustering:
    """Result of `kmeans`.

    Attributes:
        labels: `[B, H, N]`, cluster of each token.
        centroids: `[B, H, C, D]` fp32, means of the labelled tokens.
        offsets: `[B, H, C + 1]` int32, start of each cluster among the tokens sorted by label; 0 for heads
            without iterations.
    """

    labels: Tensor
    centroids: Tensor
    offsets: Tensor


def assign(
    x: Tensor, centroids: Tensor, labels: Tensor, active: Tensor | None = None, backend: Backend = "auto"
) -> Tensor:
    """Nearest centroid of each token (ties: lower index), written into `labels` for active heads.

    Args:
        x: `[B, H, N, D]`.
        centroids: `[B, H, C, D]` fp32, rounded to x's dtype before the products.
        labels: `[B, H, N]` int16 or int32, changed in place.
        active: `[B, H]` bool, None: all.
        backend: `auto`, `triton` or `reference`.
    """
    if use_triton(backend, x):
        from .triton import assign_triton

        return assign_triton(x, centroids, labels, active)
    return assign_reference(x, centroids, labels, active)


def cluster_means(
    x: Tensor,
    order: Tensor,
    offsets: Tensor,
    centroids: Tensor,
    active: Tensor | None = None,
    backend: Backend = "auto",
) -> Tensor:
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
        centroids: start `[B, H, C, D]`, any floating dtype; not changed.
        iterations: count for every head, or `[B, H]` int counts; heads with 0 keep labels and centroids.
        max_iterations: rounds when `iterations` is a tensor (reading it back would stall the device).
        labels: `[B, H, N]` int16 or int32 to write into; needed when some heads have 0 iterations.
        tolerance: a head stops once no centroid moves further than this (L2).
        backend: `auto`, `triton` or `reference`.
    """
    rounds = iterations if isinstance(iterations, int) else max_iterations
    if rounds is None:
        raise ValueError("max_iterations is needed when iterations is a tensor")
    if isinstance(iterations, int):
        left = torch.full(x.shape[:2], iterations, dtype=torch.int32, device=x.device)
    else:
        left = iterations.to(torch.int32)
    if labels is None:
        labels = torch.zeros(x.shape[:3], dtype=torch.int32, device=x.device)
    start = centroids.to(torch.float32, copy=True, memory_format=torch.contiguous_format)
    if use_triton(backend, x):
        from .triton import kmeans_triton

        offsets = kmeans_triton(x, start, left, rounds, labels, tolerance)
    else:
        offsets = kmeans_reference(x, start, left, rounds, labels, tolerance)
    return Clustering(labels, start, offsets)
