"""Kernels that round to 8 bits may overflow where exact ones do not: their outcome is looked at."""

from __future__ import annotations

import logging
from collections.abc import Callable

import torch
from torch import Tensor

log = logging.getLogger(__name__)

_said: set[str] = set()  # names of kernels


def finite_or(out: Tensor, exact: Callable[[], Tensor], name: str) -> Tensor:
    """The outcome of a kernel in 8 bits, or the exact one where it holds NaN or infinity; said once.

    One read from the device a call: little beside attention, and a clip of noise costs more.

    Args:
        out: of the kernel.
        exact: computes the same without rounding.
        name: of the kernel.
    """
    if bool(torch.isfinite(out).all()):
        return out
    if name not in _said:
        _said.add(name)
        log.warning("attention by %s gave NaN or infinity: such calls are computed exactly", name)
    return exact()
