"""Train transformer and text encoder: first to solve a maze from one picture, then to draw the ball."""

from __future__ import annotations

import json
import math
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLWan, SkyReelsV2Transformer3DModel
from torch import Tensor, nn
from transformers import UMT5EncoderModel

from scripts.maze_training import text as prompts
from scripts.maze_training import transformer
from scripts.maze_training.bank import Batch, LatentBank
from scripts.maze_training.evaluation import Parts, success
from scripts.maze_training.parallel import Average, Clock, Group, Swapped
from scripts.maze_training.sampling import SHIFT, Sampler
from scripts.maze_training.vae import compile_norms
from vidkit.mazes.levels import FRAMES, Recipe

CAUSAL_BLOCK = 4


@dataclass(frozen=True)
class Plan:
    """What a run does; seconds are wall time of the whole run over all restarts."""

    solve_seconds: float = 180.0
    seconds: float = 1200.0
    batch: int = 64  # clips a step and process
    solve_batch: int = 1024
    bank: int = 24_000
    refresh: int = 12  # new clips a step
    rate: float = 1e-3
    seed: int = 0
    layers: int = 12
    check_every: float = 150.0  # seconds between held-out checks
    check_mazes: int = 48  # a size
    causal_share: float = 0.3  # of the steps


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


def _optimiser(module: nn.Module, plan: Plan, cuda: bool) -> torch.optim.AdamW:
    matrices = [p for p in module.parameters() if p.dim() > 1]
    rest = [p for p in module.parameters() if p.dim() <= 1]
    groups = [dict(params=matrices, weight_decay=0.01), dict(params=rest, weight_decay=0.0)]
    return torch.optim.AdamW(groups, lr=plan.rate, betas=(0.9, 0.98), fused=cuda)


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


def solving_loss(trained: Trained, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
    """The first frame alone: distances and path after each layer."""
    level = torch.zeros(batch.latents.shape[0], 1, device=batch.latents.device)
    text = prompts.encode(trained.encoder, batch.prompts)
    last = max(transformer.HORIZONS)
    _, held = transformer.forward(
        trained.model, batch.latents, level, text, layers=last, keep=tuple(transformer.HORIZONS)
    )
    clean = torch.ones(batch.latents.shape[0], dtype=torch.bool, device=batch.latents.device)
    return trained.heads.loss(held, batch, clean)


def _recipe(progress: float) -> Recipe:
    """Short paths first, then all lengths alike, at the end half as the mazes come."""
    if progress < 0.05:
        return Recipe(uniform_moves=True, max_moves=10)
    return Recipe(uniform_moves=progress < 0.75)


def _save(
    path: Path, trained: Trained, average: Average, optimiser: torch.optim.Optimizer, facts: dict[str, Any]
) -> None:
    held = path.with_suffix(".tmp")
    torch.save(
        dict(
            model=trained.state_dict(),
            average=average.state_dict(),
            optimiser=optimiser.state_dict(),
            **facts,
        ),
        held,
    )
    held.replace(path)


def train(
    group: Group, vae_folder: Path, out: Path, plan: Plan, resume: bool = False, start: Path | None = None
) -> None:
    """Train for `plan.seconds`; leaves `checkpoint.pt` (with averaged weights) and `log.jsonl` in `out`.

    `start` is an exported pipeline folder to go on from, without its optimiser state and solver heads.
    """
    out.mkdir(parents=True, exist_ok=True)
    cuda = group.device.type == "cuda"
    if cuda:
        torch.set_float32_matmul_precision("high")
        torch.backends.cudnn.benchmark = True
        transformer.compile_blocks()
        compile_norms()
    torch.manual_seed(plan.seed)
    trained = Trained(plan.layers)
    if start is not None:
        trained.load_folder(start)
    trained.to(group.device)
    group.broadcast(trained)
    vae = AutoencoderKLWan.from_pretrained(vae_folder).to(group.device).eval().requires_grad_(False)
    optimiser = _optimiser(trained, plan, cuda)
    parameters = list(trained.parameters())
    average = Average(trained, 0.999)
    step, spent, samples = 0, 0.0, 0
    checkpoint = out / "checkpoint.pt"
    if resume and checkpoint.exists():
        state = torch.load(checkpoint, map_location=group.device, weights_only=True)
        trained.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        step, spent, samples = state["step"], state["seconds"], state["samples"]
    source = plan.seed * 104729 + group.rank * 1009 + step
    torch.manual_seed(source + 1)
    steps = random.Random(plan.seed + step)  # the same on every process: all take the same kind of step
    clock = Clock(group, plan.seconds, spent)
    log = (out / "log.jsonl").open("a")
    parts = Parts(trained.model, vae, trained.encoder, group)
    turn = plan.solve_seconds / plan.seconds
    bank, bank_kind, began = None, "", step
    checked = spent
    while (progress := clock.tick(step)) < 1:
        kind = "solve" if progress < turn else "video"
        if bank_kind != kind:
            bank_kind, bank, began = kind, None, step
            capacity = plan.bank * (3 if kind == "solve" else 1)
            bank = LatentBank(
                vae, capacity, 1 if kind == "solve" else FRAMES, source, group.device, 8192 if cuda else 64
            )
            while bank.filled < min(bank.capacity, plan.batch * 24):
                bank.add(min(256 if kind == "solve" else 64, bank.capacity), _recipe(0.5))
        assert bank is not None
        inner = (progress - turn) / (1 - turn) if kind == "video" else progress / max(turn, 1e-9)
        warm = min(1.0, (step - began + 1) / 200)
        for each in optimiser.param_groups:
            each["lr"] = (
                plan.rate * warm * (1.0 if kind == "solve" else max(0.01, math.cos(math.pi / 2 * inner)))
            )
        if kind == "solve":
            bank.add(max(1, plan.solve_batch // 8), Recipe(uniform_moves=True, extras=0.1))
            batch = bank.draw(plan.solve_batch)
        else:
            bank.add(plan.refresh, _recipe(inner))
            batch = bank.draw(plan.batch)
        with torch.autocast(group.device.type, torch.bfloat16, enabled=cuda):
            if kind == "solve":
                loss, metrics = solving_loss(trained, batch)
            else:
                causal = steps.random() < plan.causal_share
                loss, metrics = video_loss(trained, batch, causal, 0.1)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        group.average_gradients(parameters)
        norm = nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        average.update(trained, step - began)
        step += 1
        samples += (plan.solve_batch if kind == "solve" else plan.batch) * group.size
        if (step % 50 == 0 or step == began + 1) and group.rank == 0:
            row = dict(
                kind=kind, step=step, samples=samples, seconds=round(clock.elapsed(), 1), norm=float(norm)
            )
            row |= {name: round(float(value), 5) for name, value in metrics.items()} | {"clips": bank.made}
            _report(log, row)
        due = group.agree(clock.elapsed()) if step % 20 == 0 else 0.0
        if due > checked + plan.check_every:
            checked = due
            if kind == "video":
                with Swapped(trained, average):
                    report = success(parts, Sampler(steps=8), plan.check_mazes)
                if group.rank == 0:
                    _report(
                        log,
                        dict(
                            kind="held-out", step=step, samples=samples, seconds=round(due, 1), report=report
                        ),
                    )
            if group.rank == 0:
                _save(checkpoint, trained, average, optimiser, dict(step=step, seconds=due, samples=samples))
    if group.rank == 0:
        _save(
            checkpoint, trained, average, optimiser, dict(step=step, seconds=clock.elapsed(), samples=samples)
        )
        _report(log, dict(kind="end", step=step, samples=samples, seconds=round(clock.elapsed(), 1)))


def _report(log: Any, row: dict[str, Any]) -> None:
    line = json.dumps(row)
    print(line if len(line) < 900 else line[:900], flush=True)
    log.write(line + "\n")
    log.flush()
