"""Memory of a run: its peak, and giving back what is free."""

from __future__ import annotations

import ctypes
import functools
import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class PeakMemory:
    """Peaks in bytes: of this process in host memory, and of tensors on the accelerator (None on the CPU)."""

    host_bytes: int
    device_bytes: int | None


def reset_peak(device: torch.device) -> None:
    if device.type == "cuda":
        import torch

        torch.cuda.reset_peak_memory_stats(device)


def read_peak(device: torch.device) -> PeakMemory:
    """Peaks so far. The host's is the high-water mark of the whole process, imports included."""
    import torch

    on_device = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None
    return PeakMemory(_host_peak(), on_device)


def _host_peak() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def give_back_free() -> None:
    """Give freed memory back to the system; for processes that do one thing thousands of times.

    glibc keeps what was freed between longer-lived pieces: without this a worker grows by a third
    over five hundred videos, although nothing of them is held.
    """
    trim = _trim()
    if trim is not None:
        trim(0)


@functools.cache
def _trim() -> Callable[[int], object] | None:
    """Glibc's `malloc_trim`; other C libraries have none."""
    try:
        found: Callable[[int], object] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError):
        return None
    return found
