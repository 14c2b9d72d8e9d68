"""What transformer and text encoder are trained on: noise levels and losses of both stages."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from diffusers import SkyReelsV2Transformer3DModel
from torch import Tensor, nn
from transformers import UMT5EncoderModel

from scripts.maze_training import text as prompts
from scripts.maze_training import transformer
from scripts.maze_training.bank import Batch
from scripts.maze_training.sampling import SHIFT
from scripts.maze_training.scenes import EQUAL, Kinds

CAUSAL_BLOCK = 4


@dataclass(frozen=True)
class Plan:
    """What a run does; seconds are those of training over all restarts, from the end of the first step on."""

    solve_seconds: float = 180.0
    seconds: float = 1200.0
    pause: float = 1e9  # seconds of a start, all included, after which it saves and ends, to be resumed
    batch: int = 64  # clips per step and process
    solve_batch: int = 1024
    head_steps: int = 60  # in which new heads are fitted to a trained network; 0: they learn with it
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
    pictures: int = 0  # first frames a video step and process that are only drawn, from their prompt
    boards: float = 0.0  # share of the types other than regular
    extras: float = 0.25  # share of regular clips with something the first frame does not determine
    own: int = 0  # clips of a step whose noisy latents come from the network's own sampling
    pure: float = 0.33  # share of pure noise among clips of one level
    even: float = 0.0  # share of levels that are drawn evenly and not as the sampler visits them
    kinds: Kinds = field(default_factory=lambda: EQUAL)  # how often each of the other types is drawn
    looks: float = 0.0  # share of clips with colours that no style has
    average: float = 0.999  # decay of the averaged weights, a step


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
        state = encoder.state_dict()
        for name, wanted in self.encoder.state_dict().items():
            known = state[name]
            if known.shape[0] < wanted.shape[0]:  # words that were added keep their fresh vectors
                state[name] = torch.cat([known, wanted[known.shape[0] :]])
        self.encoder.load_state_dict(state)


def shifted(u: Tensor) -> Tensor:
    return SHIFT * u / (1 + (SHIFT - 1) * u)


def draw_levels(
    count: int, frames: int, causal: bool, device: torch.device, pure_share: float = 0.33, even: float = 0.0
) -> Tensor:
    """Noise level of each latent frame [B, F]: one level, staircase, independent blocks, or a clean prefix.

    Args:
        count: clips B.
        frames: latent frames F.
        causal: blocks of `CAUSAL_BLOCK`.
        device: of the result.
        pure_share: of the single levels that are exactly 1: there the model sees the first frame and noise
            only, which is where the maze has to be solved; at low levels the path shines through the noise.
        even: share of the clips whose levels lie evenly in [0, 1]; those of the others are shifted upwards
            as those of the sampler.
    """

    def rand(*shape: int) -> Tensor:
        return torch.rand(*shape, device=device)

    sizes = torch.tensor([CAUSAL_BLOCK] if causal else [1, 2, 4, 8], device=device)
    size = sizes[torch.randint(len(sizes), (count, 1), device=device)]
    block = torch.arange(frames, device=device)[None] // size  # [B, F]
    blocks = frames // size
    pure = rand(count, 1) < pure_share
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
    level = torch.where(rand(count, 1) < even, u, shifted(u))
    with_image = rand(count) < 0.9
    level[:, 0] = torch.where(with_image, 0.0, level[:, 0])
    return level


@torch.no_grad()
def own_noise(trained: Trained, x0: Tensor, level: Tensor, text: Tensor, steps: int) -> Tensor:
    """Noise with which the latents of these levels are those that sampling comes to in a few steps.

    Where the first frame determines the clip, its true latents stay the right answer however far sampling
    has gone astray. Trained on them, the network learns to come back, and more steps do not add up errors.

    Args:
        trained: the networks.
        x0: true latents [B, 8, F, 24, 24].
        level: levels to arrive at [B, F]; frame 0 is clean.
        text: prompt embeddings.
        steps: Euler steps from pure noise.
    """
    x = torch.randn_like(x0)
    x[:, :, 0] = x0[:, :, 0]
    goal = level[:, -1:].expand_as(level)
    unit = goal / (SHIFT - (SHIFT - 1) * goal)  # inverse of `shifted`
    for step in range(steps):
        now, then = (shifted(1 - (1 - unit) * (place / steps)) for place in (step, step + 1))
        now = torch.cat([torch.zeros_like(now[:, :1]), now[:, 1:]], dim=1)
        velocity = transformer.forward(trained.model, x, now, text, compiled=False)[0].float()
        x[:, :, 1:] += ((then - now)[:, None, :, None, None] * velocity)[:, :, 1:]
    # autocast keeps what it casts: weights cast here have no gradient and would stop those of the loss
    torch.clear_autocast_cache()
    away = (x - x0) / level[:, None, :, None, None].clamp_min(1e-3)
    away[:, :, 0] = torch.randn_like(away[:, :, 0])
    return x0 + away.clamp(-12, 12)


def video_loss(
    trained: Trained, batch: Batch, causal: bool, head_weight: float, plan: Plan | None = None
) -> tuple[Tensor, dict[str, Tensor]]:
    """Weighted velocity error plus the solver heads' loss."""
    plan = plan or Plan()
    x0 = batch.latents
    level = draw_levels(x0.shape[0], x0.shape[2], causal, x0.device, plan.pure, plan.even)
    noise = torch.randn_like(x0)
    text = prompts.encode(trained.encoder, batch.prompts)
    own_weight = torch.ones_like(level)[:, :, None, None]
    if plan.own and not causal:
        level, noise, own_weight = _with_own(trained, batch, level, noise, text, plan.own)
    s = level[:, None, :, None, None]
    keep = tuple(transformer.HORIZONS) if head_weight else ()
    velocity, held = transformer.forward(
        trained.model, (1 - s) * x0 + s * noise, level, text, CAUSAL_BLOCK if causal else 0, keep=keep
    )
    weight = batch.weights * (level > 0)[:, :, None, None] * own_weight
    error = ((velocity.float() - (noise - x0)) ** 2).mean(1)
    loss = (error * weight).sum() / weight.sum().clamp_min(1)
    metrics = {"velocity": error.mean().detach(), "weighted": loss.detach()}
    if plan.own and not causal:
        metrics["own"] = error[: plan.own].mean().detach()
    if head_weight:
        clean = level[:, 0] == 0
        solver, more = trained.heads.loss(held, batch, clean)
        metrics |= {"solver": solver.detach()} | more
        loss = loss + head_weight * solver
    return loss, metrics


def _with_own(
    trained: Trained, batch: Batch, level: Tensor, noise: Tensor, text: Tensor, count: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Levels, noise and weights in which the first `count` clips come from the network's own sampling.

    Where only the player's way is determined, only the places under the player are compared.
    """
    goal = shifted(0.03 + 0.94 * torch.rand(count, 1, device=level.device)).expand(-1, level.shape[1]).clone()
    goal[:, 0] = 0
    steps = int(torch.randint(1, 5, (1,)))
    sampled = own_noise(trained, batch.latents[:count], goal, text[:count].detach(), steps)
    level, noise = level.clone(), noise.clone()
    level[:count], noise[:count] = goal, sampled
    kind = batch.determined[:count, None, None, None]
    known = torch.where(kind == 2, 1.0, torch.where(kind == 1, batch.player[:count].float(), 0.0))
    weight = torch.ones_like(batch.weights)
    weight[:count] = known * goal[:, -1].view(-1, 1, 1, 1)  # errors at low levels are divided by them
    return level, noise, weight


def first_frames(batch: Batch) -> Batch:
    """The same clips, cut to their first frame."""
    return replace(
        batch, latents=batch.latents[:, :, :1], weights=batch.weights[:, :1], player=batch.player[:, :1]
    )


def picture_loss(trained: Trained, batch: Batch) -> Tensor:
    """First frames alone, from noise and their prompts: how mazes look, at a sixteenth of the cost."""
    x0 = batch.latents
    level = shifted(torch.rand(x0.shape[0], 1, device=x0.device))
    noise = torch.randn_like(x0)
    s = level[:, None, :, None, None]
    text = prompts.encode(trained.encoder, batch.prompts)
    velocity, _ = transformer.forward(trained.model, (1 - s) * x0 + s * noise, level, text)
    return ((velocity.float() - (noise - x0)) ** 2).mean()


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
