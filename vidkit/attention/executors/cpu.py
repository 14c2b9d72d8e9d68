"""The executor for CPUs: keys of query blocks with lists of one length, gathered and attended together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor
from vidkit_kernels.block_sparse.summaries import block_means, skipped_weight

from vidkit.attention.executors.workers import run_tasks
from vidkit.attention.plan import BlockPlan

# keys and values of a task, each: together they stay in a core's cache (2^17 to 2^20 tried, D 64)
GATHERED_ELEMENTS = 2**18
DENSE_ROWS = 256  # query tokens of a task of a full head; torch's kernel works in slices of at most 256


class GatherExecutor:
    """torch's attention over gathered keys, a batch of query blocks at a time, in one parallel region.

    Query blocks whose lists have the same length form a batch `[blocks, 1, block_q, D]` that needs no mask.
    Heads with full lists are attended as they are; a plan of full lists is torch's attention itself. Scratch
    is some MiB a thread, kept between calls. The lists are read on the host: a GPU would have to wait for it.
    """

    name = "gather"
    compensates = True

    def unsupported(self, q: Tensor, plan: BlockPlan) -> str | None:
        """CPU tensors only."""
        return None if q.device.type == "cpu" else "it would stall the GPU to read the lists"

    def attend(self, q: Tensor, k: Tensor, v: Tensor, plan: BlockPlan) -> Tensor:
        """See `Executor.attend`."""
        full = plan.full_heads
        if bool(full.all()):
            return F.scaled_dot_product_attention(q, k, v)
        work = _Work(q, k, v, plan, full)
        if torch.is_grad_enabled() and any(x.requires_grad for x in (q, k, v)):
            for task in work.tasks(kept=False):
                task()
        else:
            run_tasks(list(work.tasks()))
        return work.output()


@dataclass(frozen=True)
class Batch:
    """Query blocks that are attended together.

    Attributes:
        queries: `[G]` int64, rows of the block-wise Q and output.
        keys: `[G * count]` int64, rows of the block-wise K and V.
        count: key blocks of each.
        missing: padded tokens at the end of each list.
    """

    queries: Tensor
    keys: Tensor
    count: int
    missing: int


class _Work:
    """One call: Q, K and V by block, what is to be done, and where it goes."""

    def __init__(self, q: Tensor, k: Tensor, v: Tensor, plan: BlockPlan, full: Tensor) -> None:
        self.plan, self.full, self.shape = plan, full, q.shape
        self.q = by_block(q, plan.block_q)
        self.k, self.v = by_block(k, plan.block_k), by_block(v, plan.block_k)
        if plan.compensate:
            mean_k, mean_v, lengths = block_means(k, v, plan.block_k)
            self.means = mean_k.flatten(0, 1), mean_v.flatten(0, 1)
            self.weight = skipped_weight(plan.counts, plan.indices, lengths).flatten(0, 2).to(q.dtype)
        self.out = torch.zeros_like(self.q) if bool((plan.counts == 0).any()) else torch.empty_like(self.q)

    def tasks(self, kept: bool = True) -> Iterator[Callable[[], None]]:
        """Long ones first; `kept` lets threads keep their scratch, which autograd cannot have."""
        for head in self.full.flatten().nonzero().flatten().tolist():
            for start in range(0, self.plan.q_len, DENSE_ROWS):
                yield partial(self._dense, head, start)
        for batch in batches(self.plan, self.full, self.shape[-1]):
            yield partial(self._batch, batch, kept)

    def output(self) -> Tensor:
        """`[B, H, N, D]`."""
        B, H, N, D = self.shape
        return self.out.view(B, H, -1, D)[:, :, :N]

    def _dense(self, head: int, start: int) -> None:
        D, plan = self.shape[-1], self.plan
        q, k, v, out = (
            x.view(self.full.numel(), 1, 1, -1, D)[head] for x in (self.q, self.k, self.v, self.out)
        )
        rows = slice(start, min(start + DENSE_ROWS, plan.q_len))
        k, v = k[:, :, : plan.k_len], v[:, :, : plan.k_len]
        out[:, :, rows] = F.scaled_dot_product_attention(q[:, :, rows], k, v)

    def _batch(self, batch: Batch, kept: bool) -> None:
        D, G = self.shape[-1], len(batch.queries)
        shape = (G, 1, batch.count * self.plan.block_k, D)
        k, v = (
            take(x, batch.keys, name if kept else None).view(shape)
            for x, name in ((self.k, "k"), (self.v, "v"))
        )
        tokens = shape[2] - batch.missing
        q = self.q.index_select(0, batch.queries).view(G, 1, -1, D)
        k, v = k[:, :, :tokens], v[:, :, :tokens]
        mask = None
        if self.plan.compensate:  # means of all blocks go behind; those of listed blocks weigh nothing
            head = batch.queries // self.plan.indices.shape[2]
            mean_k, mean_v = (mean[head][:, None] for mean in self.means)
            k, v = torch.cat([k, mean_k], 2), torch.cat([v, mean_v], 2)
            mask = F.pad(self.weight[batch.queries][:, None, None], (tokens, 0))
        found = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        self.out.index_copy_(0, batch.queries, found.reshape(G, -1))


def by_block(x: Tensor, block: int) -> Tensor:
    """`[B, H, N, D]` to `[B * H * blocks, block * D]`, tokens of a head side by side, zeros at the end."""
    short = -x.shape[2] % block
    padded = F.pad(x, (0, 0, 0, short)) if short else x
    return padded.reshape(-1, block * x.shape[-1])


def batches(plan: BlockPlan, full: Tensor, head_dim: int) -> Iterator[Batch]:
    """Query blocks of the heads that are not full, by length of their lists, the longest first."""
    nQ, nK = plan.indices.shape[2:]
    missing = nK * plan.block_k - plan.k_len
    counts = plan.counts.flatten(0, 1).masked_fill(full.flatten()[:, None], 0).flatten().long()
    # lists ascend: only the last entry can be the ragged block
    last = plan.indices.flatten(0, 2).gather(1, (counts - 1).clamp_min(0)[:, None]).squeeze(1)
    kinds = 2 * counts + ((last == nK - 1) & (missing > 0))
    order = kinds.argsort(descending=True, stable=True)
    found, sizes = torch.unique_consecutive(kinds[order], return_counts=True)
    first_block = torch.arange(len(counts) // nQ).repeat_interleave(nQ)[:, None] * nK
    keys = plan.indices.flatten(0, 2) + first_block
    start = 0
    for kind, size in zip(found.tolist(), sizes.tolist(), strict=True):
        count = kind // 2
        if count == 0:
            return
        at_once = max(1, GATHERED_ELEMENTS // (count * plan.block_k * head_dim))
        for begin in range(start, start + size, at_once):
            queries = order[begin : min(begin + at_once, start + size)]
            yield Batch(queries, keys[queries, :count].flatten(), count, missing * (kind % 2))
        start += size


_SCRATCH = threading.local()


def take(x: Tensor, rows: Tensor, name: str | None) -> Tensor:
    """Rows of x; with a name into memory that this thread keeps: else pages are mapped anew each time."""
    if name is None:
        return x.index_select(0, rows)
    size, key = len(rows) * x.shape[1], f"{name}{x.dtype}"
    kept: Tensor | None = getattr(_SCRATCH, key, None)
    if kept is None or kept.numel() < size:
        kept = torch.empty(max(size, GATHERED_ELEMENTS), dtype=x.dtype)
        setattr(_SCRATCH, key, kept)
    return torch.index_select(x, 0, rows, out=kept[:size].view(len(rows), -1))
