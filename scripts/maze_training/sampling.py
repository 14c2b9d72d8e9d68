"""Batched sampling of the embedded model: what the diffusers pipelines do for one clip, for many at once.

Uses the shipped scheduler (UniPC on flow sigmas). A test compares one clip with
`SkyReelsV2DiffusionForcingImageToVideoPipeline`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from diffusers import UniPCMultistepScheduler
from torch import Tensor, nn

from scripts.maze_training.transformer import forward

SHIFT = 4.0


def scheduler(shift: float = SHIFT) -> UniPCMultistepScheduler:
    """The shipped sampler."""
    return UniPCMultistepScheduler(
        num_train_timesteps=1000,
        prediction_type="flow_prediction",
        use_flow_sigmas=True,
        flow_shift=shift,
        solver_order=2,
    )


@dataclass(frozen=True)
class Sampler:
    """How to sample. block: latent frames per block; lag: steps it waits for the last one (0: sync)."""

    steps: int = 10
    shift: float = SHIFT
    guidance: float = 1.0
    block: int = 16
    lag: int = 0
    causal: bool = False

    def name(self) -> str:
        kind = f"AR m={self.block} lag={self.lag}" if self.lag else "sync"
        mask = ", block-causal" if self.causal else ""
        scale = f", guidance {self.guidance:g}" if self.guidance != 1 else ""
        return f"{kind}, {self.steps} steps{mask}{scale}"


@torch.no_grad()
def sample(
    model: nn.Module,
    text: Tensor,
    first: Tensor | None,
    how: Sampler,
    generator: torch.Generator,
    frames: int = 16,
    null_text: Tensor | None = None,
    autocast: bool = True,
) -> Tensor:
    """Latents [B, 8, F, 24, 24].

    Args:
        model: transformer.
        text: prompt embeddings [B, S, 64].
        first: standardised latents of the first frame [B, 8, 24, 24]; None: text to video.
        how: sampler settings.
        generator: noise source.
        frames: latent frames F.
        null_text: embeddings of the empty prompt, needed when guidance is not 1.
        autocast: on a GPU, compute in bfloat16; False: in float32, as on a CPU.
    """
    device, count = text.device, text.shape[0]
    x = torch.randn(count, 8, frames, 24, 24, device=device, generator=generator)
    if first is not None:
        x[:, :, 0] = first
    start = 0 if first is None else 1
    blocks = [(max(b, start), min(b + how.block, frames)) for b in range(0, frames, how.block)]
    schedulers = [scheduler(how.shift) for _ in blocks]
    for each in schedulers:
        each.set_timesteps(how.steps, device=device)
    times = schedulers[0].timesteps.float()
    rows = how.steps + (len(blocks) - 1) * how.lag
    for row in range(rows):
        level = torch.zeros(count, frames, device=device)
        active = []
        for index, (low, high) in enumerate(blocks):
            at = row - index * how.lag
            if at < how.steps:
                level[:, low:high] = times[max(at, 0)]
            if 0 <= at < how.steps and high > low:
                active.append((index, at))
        causal = how.block if how.causal else 0
        with torch.autocast(device.type, torch.bfloat16, enabled=autocast and device.type == "cuda"):
            velocity = forward(model, x, level / 1000, text, causal, compiled=False)[0].float()
            if how.guidance != 1 and null_text is not None:
                null = forward(model, x, level / 1000, null_text.expand_as(text), causal, compiled=False)[
                    0
                ].float()
                velocity = null + how.guidance * (velocity - null)
        for index, at in active:
            low, high = blocks[index]
            stepped = schedulers[index].step(
                velocity[:, :, low:high], times[at].long(), x[:, :, low:high], return_dict=False
            )
            x[:, :, low:high] = stepped[0]
    return x
