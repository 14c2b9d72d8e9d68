"""What helps when the accelerator's memory is full."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from vidkit.errors import VidkitError


@contextmanager
def out_of_memory_explained() -> Iterator[None]:
    """Say what helps when the accelerator's memory is full."""
    try:
        yield
    except Exception as error:
        if type(error).__name__ != "OutOfMemoryError":  # torch's, which is not imported before it is needed
            raise
        raise VidkitError(
            "the accelerator ran out of memory",
            "try model.offload=model, model.vae_tiling=true, fewer frames or a smaller size;"
            " --dry-run estimates the need",
        ) from error
