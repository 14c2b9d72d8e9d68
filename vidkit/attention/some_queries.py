"""A block plan for some of its queries, for caches that compute single tokens."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor
from vidkit_kernels.packed_mask import pack_mask

from vidkit.attention.plan import BlockPlan, blocks


def plan_of_some(plan: BlockPlan, index: Tensor) -> BlockPlan:
    """The plan re-indexed to some query tokens; keys stay as they are.

    Tokens are put in the order of their query blocks and cut into tiles of the plan's block size. A tile
    reads every key block that the query block of any of its tokens lists: with all tokens that is the plan
    itself, with fewer, tiles that reach over two query blocks read more than was asked for, never less.

    Args:
        plan: of all N queries.
        index: query tokens, `[B, U]` int64, ascending; may repeat.

    Returns:
        A plan of U queries, whose `q_order` says where they lie in `index`.
    """
    B, H, nQ = plan.counts.shape
    U, size = index.shape[1], plan.block_q
    own = _block_of(plan, index)
    order = None
    if plan.q_order is not None:
        own, order = own.sort(dim=-1, stable=True)
    tiles = blocks(U, size)
    tile = torch.arange(U, device=index.device) // size
    # which query blocks a tile has tokens of; as numbers, a product with the mask is the union of their lists
    holds = torch.zeros(B, own.shape[1], tiles, nQ, device=index.device)
    holds.view(B, own.shape[1], -1).scatter_(2, tile * nQ + own, 1.0)
    mask = (holds.expand(-1, H, -1, -1) @ plan.mask().float()) > 0
    made = BlockPlan.from_packed(pack_mask(mask), U, plan.k_len, size, plan.block_k)
    return replace(
        made,
        q_order=order,
        k_order=plan.k_order,
        selected_density=plan.selected_density,
        compensate=plan.compensate,
    )


def _block_of(plan: BlockPlan, index: Tensor) -> Tensor:
    """Query block of every token, `[B, H, U]`; `[B, 1, U]` where all heads have the tokens' own order."""
    if plan.q_order is None:
        return (index // plan.block_q)[:, None]
    order = plan.q_order
    place = torch.empty_like(order).scatter_(
        2, order, torch.arange(order.shape[-1], device=order.device).expand_as(order)
    )
    return place.gather(2, index[:, None].expand(-1, order.shape[1], -1)) // plan.block_q
