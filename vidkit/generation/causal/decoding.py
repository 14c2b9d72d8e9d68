"""Chunks of latents to pictures, while the next chunk is denoised."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vidkit.generation.decode import to_bytes
from vidkit.generation.forcing import latent_statistics
from vidkit.models.stream_decoder import StreamDecoder
from vidkit.utils.conveyor import Conveyor


class ChunkDecoder:
    """Decodes chunk after chunk; on a GPU, in a stream of its own beside the transformer's.

    Args:
        vae: of Wan's kind.
        device: of the VAE.
        take: called in the decoder's thread with the pictures of each chunk, uint8 [T, H, W, 3].
    """

    def __init__(self, vae: Any, device: torch.device, take: Callable[[np.ndarray], None]) -> None:
        self._vae, self._take = vae, take
        self._decoder = StreamDecoder(vae)
        cuda: Any = torch.cuda  # untyped
        self._side = cuda.Stream(device) if device.type == "cuda" else None
        self.conveyor: Conveyor[tuple[Tensor, Any]] = Conveyor(self._decode, name="decode")

    def push(self, latents: Tensor) -> None:
        """Latents of the next chunk, normalised, `[1, C, m, h, w]`; waits while the decoder is behind."""
        ready = None
        if self._side is not None:
            cuda: Any = torch.cuda
            ready = cuda.Event()
            ready.record()
            latents.record_stream(self._side)
        self.conveyor.push((latents, ready))

    def _decode(self, item: tuple[Tensor, Any]) -> None:
        latents, ready = item
        with nullcontext() if self._side is None else torch.cuda.stream(self._side):
            if self._side is not None:
                self._side.wait_event(ready)
            latents = latents.to(self._vae.dtype)
            mean, std = latent_statistics(self._vae, latents)
            pictures = to_bytes(self._decoder.push(latents * std + mean)[0])
        self._take(pictures)
