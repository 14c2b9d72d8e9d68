"""Where k-means starts the first time, when there are no centroids of an earlier step."""

from __future__ import annotations

import math
from enum import StrEnum

import torch
from torch import Tensor
from vidkit_kernels._dispatch import Backend
from vidkit_kernels.kmeans import cluster_means, kmeans
from vidkit_kernels.label_sort import sort_by_label

from vidkit.attention.predictors.base import HeadNumbers
from vidkit.hooks.token_grid import TokenGrid

TOKENS_A_CLUSTER = 8  # of the sample


class ClusterStart(StrEnum):
    """First centroids of SVG2."""

    tokens = "tokens"  # random tokens, then `first_iterations` rounds over all tokens, as published
    grid = "grid"  # means of boxes of the video, then `final_iterations` rounds over all tokens
    sample = "sample"  # k-means on a sample of the tokens, then `final_iterations` rounds over all


def random_tokens(x: Tensor, C: int, seed: int, heads: HeadNumbers | None = None) -> Tensor:
    """C tokens per head, uniform with replacement, fp32 `[B, H, C, D]`.

    The same for a seed on every device, and for every row of a batch: a stacked guidance batch is its rows.

    Args:
        x: `[B, H, N, D]`.
        C: tokens of a head.
        seed: of the choice.
        heads: which of a layer's heads these are; None: all.
    """
    B, H, N, D = x.shape
    generator = torch.Generator().manual_seed(seed)
    index = torch.randint(0, N, (1, H if heads is None else heads.total, C), generator=generator)
    index = (index if heads is None else index[:, list(heads.own)]).to(x.device)
    return x.gather(2, index[..., None].expand(B, -1, -1, D)).float()


def box_labels(grid: TokenGrid, C: int) -> Tensor:
    """Box of each token `[N]` int32: the smallest cubes of tokens that make at most C boxes."""
    shape = (grid.frames, grid.rows, grid.columns)
    side = 1
    while math.prod(-(-length // side) for length in shape) > C:
        side += 1
    t, h, w = (torch.arange(length) // side for length in shape)
    _, rows, columns = (-(-length // side) for length in shape)
    boxes = (t[:, None, None] * rows + h[:, None]) * columns + w
    return boxes.reshape(-1).to(torch.int32)


def grid_centroids(
    x: Tensor, C: int, grid: TokenGrid | None, seed: int, backend: Backend, heads: HeadNumbers | None = None
) -> Tensor:
    """Means of the boxes of a grid, random tokens for the clusters that are left, fp32 `[B, H, C, D]`.

    Without a grid, boxes are runs of tokens.
    """
    B, H, N, _ = x.shape
    if grid is not None and grid.tokens == N:
        boxes = box_labels(grid, C)
    else:
        boxes = (torch.arange(N) * C // N).to(torch.int32)
    labels = boxes.to(x.device).expand(B, H, N).contiguous()
    order, offsets = sort_by_label(labels, C)
    return cluster_means(x, order, offsets, random_tokens(x, C, seed, heads), backend=backend)


def sample_of(x: Tensor, C: int, seed: int) -> Tensor:
    """`TOKENS_A_CLUSTER` random tokens a cluster, at most all, the same for each head: `[B, H, S, D]`."""
    N = x.shape[2]
    wanted = min(N, TOKENS_A_CLUSTER * C)
    if wanted == N:
        return x
    generator = torch.Generator().manual_seed(seed)
    index = torch.randperm(N, generator=generator)[:wanted].sort().values
    return x.index_select(2, index.to(x.device))


def first_centroids(
    x: Tensor,
    C: int,
    start: ClusterStart,
    seed: int,
    grid: TokenGrid | None,
    sample_iterations: int,
    backend: Backend,
    heads: HeadNumbers | None = None,
) -> Tensor:
    """Centroids that the rounds over all tokens begin with, fp32 `[B, H, C, D]`.

    Args:
        x: tokens `[B, H, N, D]`.
        C: clusters.
        start: how.
        seed: of random choices.
        grid: of the tokens, for boxes.
        sample_iterations: rounds on the sample.
        backend: of the kernels.
        heads: which of a layer's heads these are; None: all.
    """
    if start is ClusterStart.grid:
        return grid_centroids(x, C, grid, seed, backend, heads)
    centroids = random_tokens(x, C, seed, heads)
    if start is ClusterStart.sample:
        return kmeans(sample_of(x, C, seed), centroids, sample_iterations, backend=backend).centroids
    return centroids
