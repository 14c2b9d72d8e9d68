"""One row on one batch of clips: latents under a policy, seconds, executed share of the FLOPs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor

from vidkit.bench.attention_quality.clips import Clip, ClipMaker
from vidkit.bench.caching.rankers import truth_told
from vidkit.caching import CachePolicy, enable
from vidkit.utils.timing import synchronize

DECODED_AT_ONCE = 16


@dataclass(frozen=True)
class Made:
    """Clips of one batch.

    Attributes:
        latents: `[B, 8, 16, 24, 24]`.
        seconds: of the denoising loop, all clips of the batch together.
        share: executed share of the FLOPs without a cache at the full number of steps.
        state_bytes: that the cache held at the most, a clip.
    """

    latents: Tensor
    seconds: float
    share: float
    state_bytes: float = 0.0


class Runner:
    """Makes batches; the loop's own seconds are measured, with the device drained.

    Args:
        maker: of clips.
    """

    def __init__(self, maker: ClipMaker) -> None:
        self.maker = maker

    def run(self, clips: Sequence[Clip], steps: int, policy: CachePolicy | None) -> Made:
        """One batch.

        Args:
            clips: of the batch.
            steps: N, asked for.
            policy: None: no cache.
        """
        device = self.maker.device
        done = steps if policy is None else policy.loop_steps(steps)
        transformer = self.maker.pipe.transformer
        plain = policy is None or policy.changes_steps
        with nullcontext() if plain or policy is None else enable(self.maker.pipe, policy) as handle:
            with nullcontext() if handle is None else truth_told(transformer, handle):
                synchronize(device)
                start = time.perf_counter()
                latents = self.maker.latents(clips, done)
                synchronize(device)
                seconds = time.perf_counter() - start
            if handle is None:
                return Made(latents, seconds, done / steps)
            told = handle.ledger.summary()
        return Made(latents, seconds, float(told["flops_share"]), told["state_bytes"] / len(clips))

    def frames(self, latents: Tensor) -> Tensor:
        """RGB uint8 `[B, 61, 96, 96, 3]`; a few clips at a time, since decoding takes much memory."""
        return torch.cat(
            [
                self.maker.decode(latents[first : first + DECODED_AT_ONCE])
                for first in range(0, len(latents), DECODED_AT_ONCE)
            ]
        )


def batches(clips: Sequence[Clip], size: int) -> list[Sequence[Clip]]:
    """Clips in order, `size` at a time."""
    return [clips[first : first + size] for first in range(0, len(clips), size)]
