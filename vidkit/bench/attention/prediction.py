"""What predicting a mask costs, split into its parts, against dense attention."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor
from vidkit_kernels.kmeans import assign, cluster_means
from vidkit_kernels.label_sort import sort_by_label
from vidkit_kernels.top_p import select_top_p

from vidkit.attention.plan import BlockPlan
from vidkit.attention.predictors import MaskPredictor, PlanState
from vidkit.attention.predictors.svg2 import SVG2Config, SVG2Predictor
from vidkit.attention.predictors.xattention import XAttentionConfig, XAttentionPredictor
from vidkit.attention.reuse import Anchors, make_reuse, pool
from vidkit.bench.attention.report import Row
from vidkit.bench.attention.shapes import Shape
from vidkit.bench.timing import measure

TAU = 0.5


def prediction_rows(shape: Shape, device: torch.device, dtype: torch.dtype, dense_ms: float) -> Iterator[Row]:
    """Parts of XAttention, TMR and SVG2; `note` gives the share of dense attention's time.

    Args:
        shape: attention shape.
        device: where.
        dtype: of Q and K.
        dense_ms: fastest dense attention measured in the same run.
    """
    q, k, _ = shape.qkv(device, dtype)
    tau = torch.full((1, shape.heads), TAU, device=device)
    parts: list[tuple[str, Callable[[], object]]] = [
        *_xattention_parts(shape, q, k, tau),
        *_reuse_parts(q, k),
        *_svg2_parts(shape, q, k, tau),
    ]
    for name, call in parts:
        timing = measure(call, device)
        share = f"{timing.median / dense_ms:.2%} of dense"
        yield Row("prediction", shape.name, name, None, timing.median, timing.low, timing.high, None, share)


def _xattention(shape: Shape) -> XAttentionPredictor:
    return XAttentionPredictor(XAttentionConfig(shape.block, shape.block, stride=shape.stride))


def _xattention_parts(
    shape: Shape, q: Tensor, k: Tensor, tau: Tensor
) -> Iterator[tuple[str, Callable[[], object]]]:
    predictor = _xattention(shape)
    N = q.shape[2]
    scores = predictor.scores(q, k, None)
    packed = select_top_p(scores, tau)
    state = PlanState(packed=packed.clone())
    yield "xattention score", lambda: predictor.scores(q, k, None)
    yield "xattention select", lambda: select_top_p(scores, tau)
    yield "xattention plan", lambda: BlockPlan.from_packed(packed, N, N, shape.block, shape.block)
    yield "xattention all", partial(_refresh_and_plan, predictor, q, k, tau, state)
    quarter = torch.arange(q.shape[1], device=q.device)[None] % 4 == 0
    yield "xattention refresh of 1 in 4 heads", lambda: predictor.refresh(q, k, tau, state, quarter, None)
    none = torch.zeros_like(quarter)
    yield "xattention refresh of no head", lambda: predictor.refresh(q, k, tau, state, none, None)


def _reuse_parts(q: Tensor, k: Tensor) -> Iterator[tuple[str, Callable[[], object]]]:
    anchors = Anchors.at(pool(q, k), 0)
    policy = make_reuse("tmr")
    yield "pooled drift + decision", lambda: policy.decide(pool(q, k), anchors, 1)


def _svg2_parts(
    shape: Shape, q: Tensor, k: Tensor, tau: Tensor
) -> Iterator[tuple[str, Callable[[], object]]]:
    cq, ck = shape.clusters
    predictor = SVG2Predictor(
        SVG2Config(cq, ck, first_iterations=2, block_q=shape.block, block_k=shape.block)
    )
    state = PlanState()
    predictor.refresh(q, k, tau, state, None, None)
    state.max_age = 1
    state.age = torch.ones(q.shape[:2], dtype=torch.int32, device=q.device)
    N = q.shape[2]
    centroids = state.extra["centroids_k"].float()
    labels = state.extra["labels_k"].to(torch.int32)
    order, offsets = sort_by_label(labels, centroids.shape[2])
    yield "svg2 assign keys (one round)", lambda: assign(k, centroids, labels)
    yield "svg2 sort keys", lambda: sort_by_label(labels, centroids.shape[2])
    yield "svg2 means of keys (one round)", lambda: cluster_means(k, order, offsets, centroids)
    yield "svg2 warm refresh", lambda: predictor.refresh(q, k, tau, state, None, None)
    yield "svg2 plan from cache", lambda: predictor.plan(N, state, None)
    yield "svg2 warm refresh + plan", partial(_refresh_and_plan, predictor, q, k, tau, state)


def _refresh_and_plan(
    predictor: MaskPredictor, q: Tensor, k: Tensor, tau: Tensor, state: PlanState
) -> BlockPlan:
    predictor.refresh(q, k, tau, state, None, None)
    return predictor.plan(q.shape[2], state, None)


def memory_rows(shape: Shape, device: torch.device, dtype: torch.dtype, layers: int = 30) -> Iterator[Row]:
    """Cached mask bytes for all layers and two branches, and peak extra memory of one prediction (GPU)."""
    q, k, _ = shape.qkv(device, dtype)
    tau = torch.full((1, shape.heads), TAU, device=device)
    predictor = _xattention(shape)
    state = PlanState()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
    predictor.refresh(q, k, tau, state, None, None)
    predictor.plan(q.shape[2], state, None)
    mib = sum(t.nbytes for t in state.tensors()) * layers * 2 / 2**20
    yield _size(shape, f"packed masks, {layers} layers x 2 branches", f"{mib:.2f} MiB")
    if device.type == "cuda":
        peak = (torch.cuda.max_memory_allocated(device) - before) / 2**20
        yield _size(shape, "peak extra of one prediction", f"{peak:.0f} MiB")


def _size(shape: Shape, what: str, size: str) -> Row:
    return Row("memory", shape.name, what, None, None, None, None, None, size)
