"""What transformer and text encoder are trained on: noise levels and losses of both stages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import SkyReelsV2Transformer3DModel
from torch import Tensor, nn
from transformers import UMT5EncoderModel

from scripts.maze_training import text as prompts
from scripts.maze_training import transformer
from scripts.maze_training.bank import Batch
from scripts.maze_training.sampling import SHIFT

CAUSAL_BLOCK = 4


@dataclass(frozen=True)
class Plan:
    """What a run does; seconds are wall time of the whole run over all restarts."""

    solve_seconds: float = 180.0
    seconds: float = 1200.0
    batch: int = 64  # clips per step and process
    solve_batch: int = 1024
    bank: int = 24_000
    refresh: int = 12  # new clips per step
    rate: float = 1e-3
    seed: int = 0
    layers: int = 12
    check_every: float = 150.0  # seconds between held-out checks
    check_mazes: int = 48  # a size
    causal_share: float = 0.3  # of the steps
    sizes: tuple[int, ...] = (4, 5, 6, 7, 8)  # of mazes; one named twice is drawn twice as often
    beside: int = 0  # mazes a video step and process that are only solved, from their first frame


class Trained(nn.Module):
    """Everything with gradients, in one module for averaging and saving."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.model = transformer.build(layers)
        self.encoder = prompts.build_encoder()
        self.heads = transformer.SolverHeads()

    def load_folder(self, folder: Path) -> None:
        """Take transformer and text encoder of an exported pipeline, in fp32."""
        model = SkyReelsV2Transformer3DModel.from_pretrained(
            folder / "transformer", torch_dtype=torch.float32
        )
        encoder = UMT5EncoderModel.from_pretrained(folder / "text_encoder", dtype=torch.float32)
        self.model.load_state_dict(model.state_dict())
        self.encoder.load_state_dict(encoder.state_dict())


def shifted(u: Tensor) -> Tensor:
    return SHIFT * u / (1 + (SHIFT - 1) * u)


def draw_levels(count: int, frames: int, causal: bool, device: torch.device) -> Tensor:
    """Noise level of each latent frame [B, F]: one level, staircase, independent blocks, or a clean prefix.

    A third of the single levels is exactly 1: there the model sees the first frame and noise only, which is
    where the maze has to be solved; at low levels the path shines through the noise.
    """

    def rand(*shape: int) -> Tensor:
        return torch.rand(*shape, device=device)

    sizes = torch.tensor([CAUSAL_BLOCK] if causal else [1, 2, 4, 8], device=device)
    size = sizes[torch.randint(len(sizes), (count, 1), device=device)]
    block = torch.arange(frames, device=device)[None] // size  # [B, F]
    blocks = frames // size
    pure = rand(count, 1) < 0.33
    one = torch.where(pure, 1.0, rand(count, 1))
    offset = 0.1 + 0.9 * rand(count, 1)
    front = 1 - rand(count, 1) * (1 + offset * (blocks - 1))
    stairs = (front + block * offset).clamp(0, 1)
    alone = rand(count, frames).gather(1, block)
    ready = torch.floor(rand(count, 1) * blocks)
    prefix = torch.where(block < ready, 0.0, one)
    kind = rand(count, 1)
    u = torch.where(kind < 0.45, one.expand(-1, frames), stairs)
    u = torch.where(kind >= 0.70, alone, u)
    u = torch.where(kind >= 0.85, prefix, u)
    level = shifted(u)
    with_image = rand(count) < 0.9
    level[:, 0] = torch.where(with_image, 0.0, level[:, 0])
    return level


def video_loss(
    trained: Trained, batch: Batch, causal: bool, head_weight: float
) -> tuple[Tensor, dict[str, Tensor]]:
    """Weighted velocity error plus the solver heads' loss."""
    x0 = batch.latents
    level = draw_levels(x0.shape[0], x0.shape[2], causal, x0.device)
    s = level[:, None, :, None, None]
    noise = torch.randn_like(x0)
    text = prompts.encode(trained.encoder, batch.prompts)
    keep = tuple(transformer.HORIZONS) if head_weight else ()
    velocity, held = transformer.forward(
        trained.model, (1 - s) * x0 + s * noise, level, text, CAUSAL_BLOCK if causal else 0, keep=keep
    )
    weight = batch.weights * (level > 0)[:, :, None, None]
    error = ((velocity.float() - (noise - x0)) ** 2).mean(1)
    loss = (error * weight).sum() / weight.sum().clamp_min(1)
    metrics = {"velocity": error.mean().detach(), "weighted": loss.detach()}
    if head_weight:
        clean = level[:, 0] == 0
        solver, more = trained.heads.loss(held, batch, clean)
        metrics |= {"solver": solver.detach()} | more
        loss = loss + head_weight * solver
    return loss, metrics


def solving_loss(
    trained: Trained, batch: Batch, heads_only: bool = False
) -> tuple[Tensor, dict[str, Tensor]]:
    """The first frame alone: distances and path after each layer; `heads_only` leaves the rest as it is."""
    level = torch.zeros(batch.latents.shape[0], 1, device=batch.latents.device)
    keep = tuple(transformer.HORIZONS)
    with torch.set_grad_enabled(not heads_only):
        text = prompts.encode(trained.encoder, batch.prompts)
        _, held = transformer.forward(
            trained.model, batch.latents, level, text, layers=max(keep), keep=keep, compiled=not heads_only
        )
    clean = torch.ones(batch.latents.shape[0], dtype=torch.bool, device=batch.latents.device)
    return trained.heads.loss(held, batch, clean)
