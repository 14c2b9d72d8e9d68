"""Blocks that are kept whatever the scores say: text, the first frame, the sink, the diagonal."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor
from vidkit_kernels.packed_mask import pack_mask

from vidkit.attention.plan import blocks
from vidkit.errors import ConfigError
from vidkit.hooks.token_grid import TokenGrid

RULES = ("first_frame", "sink", "diag")


def check_rules(rules: Iterable[str], allowed: Iterable[str] = RULES) -> tuple[str, ...]:
    """The rules as a tuple.

    Raises:
        ConfigError: a rule is unknown or does not fit the predictor.
    """
    rules, allowed = tuple(rules), tuple(allowed)
    for rule in rules:
        if rule not in allowed:
            raise ConfigError(
                f"always_keep cannot hold '{rule}' here", f"choose from: {', '.join(allowed) or 'none'}"
            )
    return rules


def always_keep_mask(
    rules: Iterable[str], N: int, block_q: int, block_k: int, grid: TokenGrid | None, device: torch.device
) -> Tensor | None:
    """Bool `[nQ, nK]` of blocks that are always kept, None without rules.

    `sink` is the first key block, `diag` every pair of blocks that share a token, `first_frame` all key
    blocks with a token of frame 0. Text in the same attention is kept whatever the rules: every query reads
    its blocks, and its own queries read everything.
    """
    rules = check_rules(rules)
    has_text = grid is not None and bool(grid.before or grid.after)
    if not rules and not has_text:
        return None
    nQ, nK = blocks(N, block_q), blocks(N, block_k)
    mask = torch.zeros(nQ, nK, dtype=torch.bool, device=device)
    if "sink" in rules:
        mask[:, 0] = True
    if "first_frame" in rules:
        if grid is None:
            raise ConfigError(
                "always_keep=first_frame needs the token grid", "pass grid=TokenGrid(frames, rows, columns)"
            )
        mask[:, grid.before // block_k : blocks(grid.before + grid.per_frame, block_k)] = True
    if "diag" in rules:
        i = torch.arange(nQ, device=device)[:, None] * block_q
        j = torch.arange(nK, device=device)[None] * block_k
        mask |= (i < j + block_k) & (j < i + block_q)
    if grid is not None and has_text:
        for start, stop in ((0, grid.before), (N - grid.after, N)):
            if stop > start:
                mask[start // block_q : blocks(stop, block_q)] = True
                mask[:, start // block_k : blocks(stop, block_k)] = True
    return mask


def always_keep_packed(
    rules: Iterable[str], N: int, block_q: int, block_k: int, grid: TokenGrid | None, device: torch.device
) -> Tensor | None:
    """`always_keep_mask` as packed bits `[nQ, words]`."""
    mask = always_keep_mask(rules, N, block_q, block_k, grid, device)
    return None if mask is None else pack_mask(mask)
