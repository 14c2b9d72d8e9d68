"""Train transformer and text encoder: first to solve a maze from one picture, then to draw the ball."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLWan
from torch import Tensor, nn

from scripts.maze_training import checkpoint, transformer
from scripts.maze_training.bank import Batch, LatentBank
from scripts.maze_training.denoiser import Plan, Trained, picture_loss, solving_loss, video_loss
from scripts.maze_training.evaluation import Parts, success
from scripts.maze_training.parallel import Average, Clock, Group, Swapped
from scripts.maze_training.sampling import Sampler
from scripts.maze_training.scene_source import SceneSource, worker_count
from scripts.maze_training.vae import compile_norms
from vidkit.mazes.embedded.levels import FRAMES, Recipe

WARM_UP = 200  # steps at the start of each stage
HEAD_WEIGHT = 0.1  # of the solver heads beside the video loss
BESIDE_WEIGHT = 0.2  # of mazes that are only solved, beside the video loss
PICTURE_WEIGHT = 0.3  # of first frames that are only drawn
HEAD_RATE = 3e-3  # for new heads on a network that is already trained
FIRST_BATCHES = 6  # a bank must hold before training begins; it grows with every step


def recipe_at(progress: float, sizes: tuple[int, ...], trained: bool = False, extras: float = 0.25) -> Recipe:
    """Short paths first, then all lengths alike, at the end as mazes come; progress of the video stage.

    A network that is already `trained` needs no short paths.
    """
    if progress < 0.05 and not trained:
        return Recipe(sizes, uniform_moves=True, max_moves=10, extras=extras)
    return Recipe(sizes, uniform_moves=progress < 0.75, extras=extras)


def optimiser_of(module: nn.Module, rate: float, fused: bool) -> torch.optim.AdamW:
    """AdamW with decay on matrices only."""
    matrices = [p for p in module.parameters() if p.dim() > 1]
    rest = [p for p in module.parameters() if p.dim() <= 1]
    groups = [dict(params=matrices, weight_decay=0.01), dict(params=rest, weight_decay=0.0)]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98), fused=fused)


class Run:
    """One training run over both stages; `train` is its loop.

    Args:
        group: processes of the run.
        vae_folder: trained autoencoder.
        out: folder of `checkpoint.pt` and `log.jsonl`.
        plan: lengths, sizes, rate.
        start: exported pipeline folder to go on from; it holds no optimiser state and no solver heads, so new
            heads are fitted to it first.
    """

    def __init__(self, group: Group, vae_folder: Path, out: Path, plan: Plan, start: Path | None) -> None:
        out.mkdir(parents=True, exist_ok=True)
        self.group, self.out, self.plan = group, out, plan
        self.cuda = group.device.type == "cuda"
        if self.cuda:
            torch.set_float32_matmul_precision("high")
            torch.backends.cudnn.benchmark = True
            transformer.compile_blocks()
            compile_norms()
        torch.manual_seed(plan.seed)
        self.trained = Trained(plan.layers)
        self.goes_on = start is not None
        self.needs_heads = self.goes_on and plan.head_steps > 0
        if start is not None:
            self.trained.load_folder(start)
        self.trained.to(group.device)
        group.broadcast(self.trained)
        vae = AutoencoderKLWan.from_pretrained(vae_folder).to(group.device).eval().requires_grad_(False)
        self.parts = Parts(self.trained.model, vae, self.trained.encoder, group)
        self.optimiser = optimiser_of(self.trained, plan.rate, self.cuda)
        self.parameters = list(self.trained.parameters())
        self.average = Average(self.trained, plan.average)
        self.step, self.samples, self.spent = 0, 0, 0.0
        self.stage, self.began = "", 0
        self.log = (out / "log.jsonl").open("a")

    def resume(self) -> None:
        """Continue from the checkpoint, if there is one."""
        facts = checkpoint.restore(self.out, self._checkpoint_parts(), self.group.device)
        if facts is not None:
            self.step, self.spent, self.samples = facts["step"], facts["seconds"], facts["samples"]
            self.needs_heads = False

    def train(self) -> None:
        """Run until the plan's time is used."""
        plan, group = self.plan, self.group
        self.source = plan.seed * 104729 + group.rank * 1009 + self.step
        torch.manual_seed(self.source + 1)
        # the same on every process: all take the same kind of step
        self.chooser = random.Random(plan.seed + self.step)
        self.boards = None
        if plan.boards:
            workers = worker_count(group.size) if self.cuda else 0
            seed = plan.seed * 131 + group.rank * 17 + self.step
            self.boards = SceneSource(seed, workers, plan.kinds, plan.looks)
        self.clock = Clock(group, plan.seconds, self.spent)
        checked, first = self.spent, self.step + 1
        self.puzzles = self._bank(frames=1)
        if self.needs_heads:
            self._fit_heads()
        while (progress := self.clock.tick(self.step)) < 1:
            metrics = self._one_step(progress)
            if self.step == first:
                if self.cuda:
                    torch.cuda.synchronize()
                metrics["began"] = torch.tensor(self.clock.start_over())
            if (self.step % 50 == 0 or self.step in (first, self.began + 1)) and group.rank == 0:
                values = {name: round(float(value), 5) for name, value in metrics.items()}
                self._report(dict(kind=self.stage, **values, clips=self._made()))
            due = group.agree(self.clock.elapsed()) if self.step % 20 == 0 else 0.0
            if due > checked + plan.check_every:
                checked = due
                self._check()
            if self.step % 20 == 0 and group.agree(self.clock.present()) > plan.pause:
                break
        if group.rank == 0:
            self._save()
            self._report(dict(kind="end"))

    def _bank(self, frames: int) -> LatentBank:
        """A bank with its first clips; banks of single frames hold three times as many."""
        capacity, pool = self.plan.bank * (3 if frames == 1 else 1), (8192 if self.cuda else 64)
        plan = self.plan
        bank = LatentBank(
            self.parts.vae,
            capacity,
            frames,
            self.source,
            self.group.device,
            pool,
            self.boards,
            plan.boards,
            plan.looks,
        )
        while bank.filled < min(capacity, plan.batch * FIRST_BATCHES):
            recipe = recipe_at(0.5, plan.sizes, extras=plan.extras)
            bank.add(min(256 if frames == 1 else 64, capacity, pool), recipe)
        return bank

    def _enter(self, stage: str) -> None:
        self.stage, self.began = stage, self.step
        if stage == "video":
            self.bank = self._bank(FRAMES)

    def _batch(self, progress: float) -> Batch:
        recipe = recipe_at(progress, self.plan.sizes, self.goes_on, self.plan.extras)
        self.bank.add(self.plan.refresh, recipe)
        return self.bank.draw(self.plan.batch)

    def _puzzles(self, count: int) -> Batch:
        """Single frames to solve, an eighth of them new."""
        self.puzzles.add(max(1, count // 8), Recipe(self.plan.sizes, uniform_moves=True, extras=0.1))
        return self.puzzles.draw(count)

    def _fit_heads(self) -> None:
        """Train new solver heads on the loaded network, which stays as it is."""
        heads = list(self.trained.heads.parameters())
        optimiser = torch.optim.Adam(heads, lr=HEAD_RATE)
        steps = self.plan.head_steps if self.cuda else 3
        for step in range(steps):
            for each in optimiser.param_groups:
                each["lr"] = HEAD_RATE * (1 - step / steps)
            with torch.autocast(self.group.device.type, torch.bfloat16, enabled=self.cuda):
                loss, metrics = solving_loss(self.trained, self._puzzles(self.plan.solve_batch), True)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            self.group.average_gradients(heads)
            optimiser.step()
            if (step % 50 == 0 or step == steps - 1) and self.group.rank == 0:
                values = {name: round(float(value), 5) for name, value in metrics.items()}
                self._report(dict(kind="heads", head_step=step + 1, loss=float(loss.detach()), **values))
        self.average = Average(self.trained, self.average.decay)
        self.needs_heads = False

    def _one_step(self, progress: float) -> dict[str, Tensor]:
        turn = self.plan.solve_seconds / self.plan.seconds
        stage = "solve" if progress < turn else "video"
        if stage != self.stage:
            self._enter(stage)
        within = (progress - turn) / (1 - turn) if stage == "video" else 0.0
        decay = max(0.01, math.cos(math.pi / 2 * within))
        for each in self.optimiser.param_groups:
            each["lr"] = self.plan.rate * decay * min(1.0, (self.step - self.began + 1) / WARM_UP)
        batch = self._puzzles(self.plan.solve_batch) if stage == "solve" else self._batch(within)
        with torch.autocast(self.group.device.type, torch.bfloat16, enabled=self.cuda):
            if stage == "solve":
                loss, metrics = solving_loss(self.trained, batch)
            else:
                causal = self.chooser.random() < self.plan.causal_share
                loss, metrics = video_loss(self.trained, batch, causal, HEAD_WEIGHT, self.plan)
                if self.plan.beside:
                    more, solved = solving_loss(self.trained, self._puzzles(self.plan.beside))
                    loss = loss + BESIDE_WEIGHT * more
                    metrics |= {f"beside_{name}": value for name, value in solved.items()}
                if self.plan.pictures:
                    drawn = picture_loss(self.trained, self.puzzles.draw(self.plan.pictures))
                    loss = loss + PICTURE_WEIGHT * drawn
                    metrics["pictures"] = drawn.detach()
        metrics["norm"] = self._update(loss)
        self.samples += batch.latents.shape[0] * self.group.size
        return metrics

    def _update(self, loss: Tensor) -> Tensor:
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        for parameter in self.parameters:
            if parameter.grad is None:  # layers behind the last head while solving
                parameter.grad = torch.zeros_like(parameter)
        self.group.average_gradients(self.parameters)
        norm = nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimiser.step()
        self.average.update(self.trained, self.step - self.began)
        self.step += 1
        return norm

    def _made(self) -> int:
        """Clips encoded so far in this stage, on this process."""
        return (self.puzzles if self.stage == "solve" else self.bank).made

    def _check(self) -> None:
        """Solve held-out mazes with the averaged weights, then save."""
        if self.stage == "video":
            with Swapped(self.trained, self.average):
                for steps in (5, 20) if self.plan.own else (5,):
                    report = success(self.parts, Sampler(steps=steps), self.plan.check_mazes)
                    if self.group.rank == 0:
                        self._report(dict(kind="held-out", report=report))
        if self.group.rank == 0:
            self._save()

    def _save(self) -> None:
        facts = dict(step=self.step, samples=self.samples, seconds=self.clock.elapsed())
        checkpoint.save(self.out, self._checkpoint_parts(), facts)

    def _checkpoint_parts(self) -> dict[str, checkpoint.Part]:
        return dict(model=self.trained, average=self.average, optimiser=self.optimiser)

    def _report(self, row: dict[str, Any]) -> None:
        seconds = round(self.clock.elapsed(), 1)
        line = json.dumps(row | dict(step=self.step, samples=self.samples, seconds=seconds))
        print(line if len(line) < 900 else line[:900], flush=True)
        self.log.write(line + "\n")
        self.log.flush()
