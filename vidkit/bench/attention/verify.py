"""Correctness before any figure: kernels against their references, executors against the oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from vidkit_kernels._testing import make_block_mask, make_qkv, poisoned_empty, relative_error
from vidkit_kernels.cluster_cover import cover_pairs
from vidkit_kernels.kmeans import assign, kmeans
from vidkit_kernels.label_sort import sort_by_label
from vidkit_kernels.packed_mask import expand_packed, list_share, pack_mask, unpack_mask
from vidkit_kernels.row_order import put_rows, take_rows
from vidkit_kernels.top_p import select_top_p
from vidkit_kernels.xattention_score import xattention_score

from vidkit.attention.api import sparse_attention
from vidkit.attention.executors import EXECUTORS
from vidkit.attention.plan import BlockPlan

LIMIT = {torch.float32: 2e-5, torch.float16: 3e-3, torch.bfloat16: 1.5e-2}
# what 8 bits lose on Gaussian inputs (.037 and .052 measured); the kernels' own tests are narrow
EIGHT_BITS = {"int8": 0.06, "fp8": 0.08}


@dataclass(frozen=True)
class Check:
    """One comparison.

    Attributes:
        name: what was compared.
        error: what came out; infinite when it raised.
        limit: largest error that passes.
        note: the exception, if any.
    """

    name: str
    error: float
    limit: float
    note: str = ""

    @property
    def passed(self) -> bool:
        """True within the limit."""
        return self.error <= self.limit


def verify(device: torch.device, dtype: torch.dtype) -> list[Check]:
    """Every check for this device; executors that cannot run here are left out."""
    return [_run(name, limit, call) for name, limit, call in _cases(device, dtype)]


def _run(name: str, limit: float, call: Callable[[], float]) -> Check:
    try:
        return Check(name, call(), limit)
    except (
        Exception
    ) as error:  # a kernel that fails to compile is a failed check, not a crash of the benchmark
        return Check(name, float("inf"), limit, f"{type(error).__name__}: {error}"[:300])


def _cases(device: torch.device, dtype: torch.dtype) -> Iterator[tuple[str, float, Callable[[], float]]]:
    for N, D, bq, bk in (
        (1000, 128, 128, 128),
        (1025, 128, 128, 64),
        (2304, 64, 64, 64),
        (895, 64, 128, 128),
    ):
        yield from _executor_cases(N, D, bq, bk, device, dtype)
    backend = "triton" if device.type == "cuda" else "reference"
    # the long one takes the tiles of real shapes on a GPU
    for N in (1500, 9000) if device.type == "cuda" else (1500,):
        for stride in (8, 16):
            yield (
                f"xattention_score N={N} stride {stride}",
                1e-4,
                partial(_scores, device, dtype, N, stride, backend),
            )
    yield "row order", 0.0, partial(_rows, device, dtype, backend)
    yield "top_p", 0.0, lambda: _top_p(device, backend)
    yield "expand_packed", 0.0, lambda: _expand(device, backend)
    yield "list_share", 1e-6, lambda: _share_of_lists(device, backend)
    yield "sort by label", 0.0, lambda: _sort(device, backend)
    yield "cover of cluster pairs", 0.0, lambda: _cover(device, backend)
    yield "kmeans assign", 0.01, lambda: _assign(device, dtype, backend)
    yield "kmeans rounds", 1e-2, lambda: _kmeans(device, dtype, backend)


def _executor_cases(
    N: int, D: int, bq: int, bk: int, device: torch.device, dtype: torch.dtype
) -> Iterator[tuple[str, float, Callable[[], float]]]:
    q, k, v = make_qkv(1, 3, N, D, dtype, str(device))
    mask = make_block_mask(1, 3, -(-N // bq), -(-N // bk), 0.4, str(device))
    plan = BlockPlan.from_mask(mask, N, N, bq, bk)
    for name, kind in EXECUTORS.items():
        if name == "reference" or kind().unsupported(q, plan) is not None:
            continue

        def call(name: str = name) -> float:
            exact = sparse_attention(q.double(), k.double(), v.double(), plan, "reference")
            # what is left unwritten must show; torch's compiler does not take a patched torch.empty
            with nullcontext() if name == "flex" else poisoned_empty():
                found = sparse_attention(q, k, v, plan, name)
            return relative_error(found, exact)

        yield f"{name} N={N} D={D} {bq}x{bk}", EIGHT_BITS.get(name, LIMIT[dtype]), call


def _scores(device: torch.device, dtype: torch.dtype, N: int, stride: int, backend: str) -> float:
    q, k, _ = make_qkv(1, 2, N, 128, dtype, str(device))
    ours, reference = (
        xattention_score(q * 2, k, stride=stride, backend=b)  # type: ignore[arg-type]
        for b in (backend, "reference")
    )
    return relative_error(ours, reference)


def _rows(device: torch.device, dtype: torch.dtype, backend: str) -> float:
    x, _, _ = make_qkv(1, 2, 3001, 128, dtype, str(device))
    order = torch.rand(1, 2, 3001, device=device).argsort(-1)
    taken = take_rows(x, order, backend)  # type: ignore[arg-type]
    wrong = (taken != take_rows(x, order, "reference")).any() | (put_rows(taken, order, backend) != x).any()  # type: ignore[arg-type]
    return float(wrong)


def _top_p(device: torch.device, backend: str) -> float:
    generator = torch.Generator().manual_seed(0)
    scores = torch.randint(0, 50, (1, 4, 300, 591), generator=generator).float().to(device)
    tau = torch.tensor([[0.1, 0.5, 0.9, 1.0]], device=device)
    ours, reference = (select_top_p(scores, tau, backend=b) for b in (backend, "reference"))  # type: ignore[arg-type]
    return float((unpack_mask(ours, 591) != unpack_mask(reference, 591)).sum())


def _expand(device: torch.device, backend: str) -> float:
    packed = pack_mask(make_block_mask(1, 4, 300, 591, 0.3, str(device)))
    ours, reference = (expand_packed(packed, 591, b) for b in (backend, "reference"))  # type: ignore[arg-type]
    return float(sum(int((a != b).sum()) for a, b in zip(ours, reference, strict=True)))


def _share_of_lists(device: torch.device, backend: str) -> float:
    plan = BlockPlan.from_mask(make_block_mask(1, 4, 300, 591, 0.3, str(device)), 38_300, 75_600, 128, 128)
    ours, reference = (
        list_share(plan.counts, plan.indices, plan.q_len, plan.k_len, 128, 128, b)  # type: ignore[arg-type]
        for b in (backend, "reference")
    )
    return relative_error(ours, reference)


def _sort(device: torch.device, backend: str) -> float:
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 1000, (1, 3, 40_000), generator=generator, dtype=torch.int16).to(device)
    active = torch.tensor([[True, False, True]], device=device)
    with poisoned_empty():
        ours = sort_by_label(labels, 1000, active, backend)  # type: ignore[arg-type]
    reference = sort_by_label(labels, 1000, active, "reference")
    wrong = (ours[0] != reference[0])[:, ::2].sum() + (ours[1] != reference[1]).sum()
    return float(wrong)


def _cover(device: torch.device, backend: str) -> float:
    generator = torch.Generator().manual_seed(0)
    N, cq, ck = 40_000, 300, 1000
    labels = [torch.randint(0, c, (1, 2, N), generator=generator, dtype=torch.int16) for c in (cq, ck)]
    rows, columns = (sort_by_label(x, c)[1].to(device) for x, c in zip(labels, (cq, ck), strict=True))
    packed = pack_mask(make_block_mask(1, 2, cq, ck, 0.01, str(device)))
    with poisoned_empty():
        ours = cover_pairs(packed, rows, columns, ck, N, 128, 128, backend)  # type: ignore[arg-type]
    reference = cover_pairs(packed, rows, columns, ck, N, 128, 128, "reference")
    return float(sum(int((a != b).sum()) for a, b in zip(ours, reference, strict=True)))


def _kmeans(device: torch.device, dtype: torch.dtype, backend: str) -> float:
    # clusters that lie apart, so that rounding cannot send a token elsewhere
    x, _, _ = make_qkv(1, 3, 3000, 128, torch.float32, str(device))
    x = (x[:, :, :60].repeat_interleave(50, 2) + 0.1 * x).to(dtype)
    left = torch.tensor([[3, 0, 2]], device=device)

    def centroids(name: str) -> Tensor:
        labels = torch.zeros(x.shape[:3], dtype=torch.int16, device=device)
        start = x[:, :, ::50]
        with poisoned_empty():
            return kmeans(x, start, left, max_iterations=4, labels=labels, backend=name).centroids  # type: ignore[arg-type]

    return relative_error(centroids(backend), centroids("reference"))


def _assign(device: torch.device, dtype: torch.dtype, backend: str) -> float:
    x, _, _ = make_qkv(1, 2, 3000, 128, dtype, str(device))
    start = x[:, :, :200].float()

    def labels(name: str) -> Tensor:
        empty = torch.zeros(x.shape[:3], dtype=torch.int32, device=device)
        return assign(x, start, empty, backend=name)  # type: ignore[arg-type]

    # ties within rounding may go either way
    return float((labels(backend) != labels("reference")).float().mean())
