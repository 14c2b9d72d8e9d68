"""Kernels that round to 8 bits may overflow where exact ones do not: their outcome is looked at."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable

import torch
from torch import Tensor

log = logging.getLogger(__name__)

_said: set[str] = set()  # names of kernels


def finite_or(out: Tensor, exact: Callable[[], Tensor], name: str) -> Tensor:
    """The outcome of a kernel in 8 bits, or the exact one where it holds NaN or infinity; said once.

    The host waits for each call's sum: caches and masks have read a layer's outcome by the end of a step, and
    the step cannot be taken back, so a later look would come too late to fall back on anything.

    Args:
        out: of the kernel.
        exact: computes the same without rounding.
        name: of the kernel.
    """
    # a finite sum proves that every term is finite and reads the outcome once, without a mask of its size
    if math.isfinite(float(out.sum(dtype=torch.float32))) or bool(torch.isfinite(out).all()):
        return out
    if name not in _said:
        _said.add(name)
        log.warning("attention by %s gave NaN or infinity: such calls are computed exactly", name)
    return exact()
