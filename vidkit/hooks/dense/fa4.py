"""FlashAttention-4, if it is installed."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

from torch import Tensor


def fa4_installed() -> bool:
    """True when FlashAttention-4 can be imported."""
    return fa4_problem() is None


@cache
def fa4_problem() -> str | None:
    """Why FlashAttention-4 cannot be imported, or None; a package that is there but broken is passed over."""
    try:
        importlib.import_module("flash_attn.cute.interface")
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] == "flash_attn":
            return "flash-attn-4 is not installed (pip install --pre 'vidkit[fa4]')"
        return f"flash-attn-4 is installed without what it needs ({error})"
    except Exception as error:  # its compiler stack fails in many ways when versions do not match
        return f"flash-attn-4 cannot be imported ({type(error).__name__}: {error!s:.120})"
    return None


def fa4_forward(q: Tensor, k: Tensor, v: Tensor, blocks: Any = None) -> Tensor:
    """FlashAttention-4 forward on `[B, H, N, D]`, dense without `blocks`."""
    interface = importlib.import_module("flash_attn.cute.interface")
    tokens_first = (x.transpose(1, 2) for x in (q, k, v))
    extra = {} if blocks is None else {"block_sparse_tensors": blocks}
    out: Tensor = interface._flash_attn_fwd(*tokens_first, **extra)[0]
    return out.transpose(1, 2)
