"""Picks the Triton kernel or its plain-torch reference: only here does an operator look at the device."""

from __future__ import annotations

import importlib.util
import os
from typing import Literal

from torch import Tensor

Backend = Literal["auto", "triton", "reference"]


def has_triton() -> bool:
    """True when the triton package is installed."""
    return importlib.util.find_spec("triton") is not None


def interpreting() -> bool:
    """True when Triton runs its kernels in Python, on the CPU (`TRITON_INTERPRET=1`)."""
    return os.environ.get("TRITON_INTERPRET", "0") == "1"


def use_triton(backend: Backend, *tensors: Tensor) -> bool:
    """Whether to launch the Triton kernel for these tensors.

    `auto` takes Triton for CUDA tensors and the reference elsewhere; the interpreter is far slower than the
    reference, so it has to be asked for by `backend="triton"`. `VIDKIT_KERNELS=reference` overrides `auto`.

    Raises:
        RuntimeError: `triton` was asked for and cannot run here.
        ValueError: unknown backend.
    """
    if backend == "reference":
        return False
    on_cuda = all(t.is_cuda for t in tensors)
    if backend == "triton":
        if not has_triton() or not (on_cuda or interpreting()):
            raise RuntimeError("the Triton kernel needs triton and CUDA tensors (or TRITON_INTERPRET=1)")
        return True
    if backend != "auto":
        raise ValueError(f"unknown backend {backend!r}; choose from auto, triton, reference")
    return on_cuda and has_triton() and os.environ.get("VIDKIT_KERNELS", "auto") != "reference"
