"""Rates of dense attention and of every executor at fixed densities."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from vidkit_kernels._testing import make_block_mask

from vidkit.attention.executors import AUTO_ORDER, EXECUTORS, ExecutorChooser
from vidkit.attention.executors.base import run_plan
from vidkit.attention.executors.gpu import HALF
from vidkit.attention.plan import BlockPlan, blocks
from vidkit.bench.attention.report import Row
from vidkit.bench.attention.shapes import Shape
from vidkit.bench.timing import (
    BUDGET_MS,
    TURNS,
    Timing,
    gain_of,
    measure,
    measure_pairs,
    measure_turns,
    quantiles,
)
from vidkit.hooks.dense.fa4 import fa4_forward, fa4_installed

log = logging.getLogger(__name__)

DENSITIES = (1.0, 0.5, 0.25, 0.1)


def dense_providers(q: Tensor, k: Tensor, v: Tensor) -> Iterator[tuple[str, Callable[[], object]]]:
    """Dense attention by every library at hand."""
    if not q.is_cuda:
        yield "sdpa", lambda: F.scaled_dot_product_attention(q, k, v)
        return
    for name, backend in (("flash", SDPBackend.FLASH_ATTENTION), ("cudnn", SDPBackend.CUDNN_ATTENTION)):

        def call(backend: SDPBackend = backend) -> object:
            with sdpa_kernel(backend):
                return F.scaled_dot_product_attention(q, k, v)

        yield name, call
    if fa4_installed() and q.dtype in HALF and torch.cuda.get_device_capability(q.device)[0] >= 9:
        yield "fa4", lambda: fa4_forward(q, k, v)


def dense_rows(shape: Shape, device: torch.device, dtype: torch.dtype) -> list[Row]:
    """Dense baselines of a shape, in turns; gains are over the fastest of them."""
    q, k, v = shape.qkv(device, dtype)
    rows: dict[str, Row] = {}
    able: dict[str, Callable[[], float]] = {}
    for name, call in dense_providers(q, k, v):
        try:
            call()
        except Exception as error:  # one library's failure must not lose the others' figures
            rows[name] = _failed("dense", shape, name, 1.0, error)
            continue
        able[name] = lambda call=call: measure(call, device, BUDGET_MS / TURNS, 1).median  # type: ignore[misc]
    found = measure_turns(able)
    medians = {name: quantiles(times) for name, times in found.items()}
    fastest = min(medians, key=lambda name: medians[name].median, default="")
    for name, timing in medians.items():
        row = _timed("dense", shape, name, 1.0, timing)
        rows[name] = row if name == fastest else row.beside(gain_of(found[fastest], found[name]), fastest)
    return list(rows.values())


def sparse_rows(
    shape: Shape, device: torch.device, dtype: torch.dtype, baseline: str | None = None
) -> Iterator[Row]:
    """Every executor that takes the case, at each density of random block lists, and `auto`.

    Each in turns with `baseline`, one of `dense_providers`; None: the first.
    """
    q, k, v = shape.qkv(device, dtype)
    offered = dict(dense_providers(q, k, v))
    dense = offered[baseline or next(iter(offered))]
    for density in DENSITIES:
        plan = random_plan(shape, density, device)
        for name in AUTO_ORDER:
            executor = EXECUTORS[name]()
            slow = name == "reference" and device.type == "cuda"
            if slow or executor.unsupported(q, plan) is not None:
                continue
            call = partial(run_plan, executor, q, k, v, plan)
            yield _row("executor", shape, name, plan.density, call, device, dense)
        chooser = ExecutorChooser()
        call = partial(chooser.attend, q, k, v, plan)
        row = _row("executor", shape, "auto", plan.density, call, device, dense)
        yield replace(row, note=f"auto = {chooser.used[0] if chooser.used else '-'}")


def launch_rows(shape: Shape, device: torch.device, dtype: torch.dtype) -> Iterator[Row]:
    """Our Triton kernel under other launch configurations and block shapes, at density 0.25 (tuning)."""
    from vidkit_kernels.block_sparse.triton import LaunchConfig, block_sparse_attention_triton

    q, k, v = shape.qkv(device, dtype)
    for block_k in (128, 64):
        plan = random_plan(shape, 0.25, device, block_k)
        for config in _launch_configs(LaunchConfig, block_k):

            def call(config: LaunchConfig = config, plan: BlockPlan = plan) -> object:
                scale = q.shape[-1] ** -0.5
                return block_sparse_attention_triton(
                    q, k, v, plan.counts, plan.indices, plan.block_q, plan.block_k, scale, False, config
                )

            loads = "descriptors" if config.descriptors else "pointers"
            tiles = f"tiles {config.tile_m or 128}x{config.tile_n or block_k}"
            if config.hopper:
                loads = "hopper kernel"
            name = f"triton 128x{block_k} {tiles} w{config.warps} s{config.stages} {loads}"
            yield _row("launch", shape, name, plan.density, call, device)


def _launch_configs(make: Callable[..., Any], block_k: int) -> Iterator[Any]:
    """Alternatives that fit the registers: 128 rows need 8 warps, 64 rows 4."""
    for descriptors in (False, True):
        for stages in (2, 3, 4):
            yield make(8, stages, descriptors)
            yield make(4, stages, descriptors, tile_m=64, tile_n=64)
            if block_k == 128:
                yield make(8, stages, descriptors, tile_n=64)
    for stages in (3, 4, 5):
        yield make(stages=stages, tile_n=64, hopper=True)
    if block_k == 128:
        yield make(stages=2, hopper=True)


def random_plan(shape: Shape, density: float, device: torch.device, block_k: int | None = None) -> BlockPlan:
    """Random block lists at a density; 1 is every block."""
    N, block_k = shape.grid.tokens, block_k or shape.block
    n, m = blocks(N, shape.block), blocks(N, block_k)
    mask = make_block_mask(1, shape.heads, n, m, density if density < 1 else 2.0, str(device))
    return BlockPlan.from_mask(mask, N, N, shape.block, block_k)


def _row(
    section: str,
    shape: Shape,
    provider: str,
    density: float,
    call: Callable[[], object],
    device: torch.device,
    baseline: Callable[[], object] | None = None,
) -> Row:
    pairs = None
    try:
        if baseline is not None:
            pairs = measure_pairs(baseline, call, device, measure)
        timing = pairs.candidate if pairs else measure(call, device)
    except Exception as error:  # one library's failure must not lose the others' figures; the row says so
        return _failed(section, shape, provider, density, error)
    row = _timed(section, shape, provider, density, timing)
    return row if pairs is None else row.beside(pairs.gain)


def _timed(section: str, shape: Shape, provider: str, density: float, timing: Timing) -> Row:
    tflops = shape.dense_flops * density / timing.median / 1e9
    return Row(section, shape.name, provider, density, timing.median, timing.low, timing.high, tflops)


def _failed(section: str, shape: Shape, provider: str, density: float, error: Exception) -> Row:
    log.warning("%s on %s failed: %s", provider, shape.name, error)
    note = f"{type(error).__name__}: {error}"[:200]
    return Row(section, shape.name, provider, density, None, None, None, None, note)
