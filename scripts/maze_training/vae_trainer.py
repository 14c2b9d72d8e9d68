"""Train the video autoencoder: on single frames, on cut clips, then on whole ones."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLWan
from torch import Tensor, nn

from scripts.maze_training import checkpoint
from scripts.maze_training.clips import Clips
from scripts.maze_training.parallel import Average, Clock, Group, Swapped
from scripts.maze_training.scene_source import SceneSource, worker_count
from scripts.maze_training.vae import (
    build,
    compile_norms,
    decode_clip,
    encode_clip,
    measure_latents,
    reconstruction,
)
from vidkit.mazes.embedded.levels import FRAMES

#: (share of the time, frames, crop in pixels, clips per step and GPU)
PHASES = ((0.22, 1, 96, 128), (0.60, 17, 64, 16), (1.00, FRAMES, 96, 4))
RATE, REFINE_RATE = 1.5e-3, 6e-4  # the highest
MOVING_WEIGHT, REFINE_MOVING_WEIGHT = 4.0, 16.0  # of pixels where something moves now
KL_WEIGHT = 2e-5
WARM_UP = 300  # steps
CHECKED_S = 120.0  # a shorter run restores held-out clips at its end alone


@dataclass(frozen=True)
class Plan:
    """What a run does; seconds are those of training over all restarts, from the end of the first step on."""

    seconds: float = 600.0
    seed: int = 0
    batch_scale: float = 1.0  # of the clips a step in `PHASES`
    boards: bool = False  # half of the clips of the types other than regular


class Run:
    """One training run; `train` is its loop.

    Args:
        group: processes of the run.
        out: folder of `vae`, `checkpoint.pt` and `log.jsonl`.
        plan: length, seed, batch.
        start: folder of a trained autoencoder to go on from, encoder and decoder, on whole clips. The
            statistics of its latents are kept, so that a denoiser trained on them can go on too.
        refine: folder of a trained autoencoder; only its decoder is trained on, with more weight on what
            moves. Latents keep their meaning, so this can run beside or after the transformer's training.
    """

    def __init__(
        self,
        group: Group,
        out: Path,
        plan: Plan,
        refine: Path | None = None,
        start: Path | None = None,
    ) -> None:
        out.mkdir(parents=True, exist_ok=True)
        self.group, self.out, self.plan, self.refines = group, out, plan, refine is not None
        self.goes_on = refine is not None or start is not None
        self.cuda = group.device.type == "cuda"
        if self.cuda:
            torch.backends.cudnn.benchmark = True
            compile_norms()
        torch.manual_seed(plan.seed)
        folder = refine or start
        vae = AutoencoderKLWan.from_pretrained(folder, torch_dtype=torch.float32) if folder else build()
        self.vae = vae.to(group.device)
        group.broadcast(self.vae)
        decoder = [*self.vae.decoder.parameters(), *self.vae.post_quant_conv.parameters()]
        self.parameters = decoder if self.refines else list(self.vae.parameters())
        self.rate = REFINE_RATE if self.goes_on else RATE
        self.optimiser = torch.optim.AdamW(
            self.parameters, lr=self.rate, betas=(0.9, 0.99), weight_decay=0.0, fused=self.cuda
        )
        self.average = Average(self.vae, 0.998)
        self.step, self.spent = 0, 0.0
        self.log = (out / "log.jsonl").open("a")

    def resume(self) -> None:
        """Continue from the checkpoint, if there is one."""
        facts = checkpoint.restore(self.out, self._parts(), self.group.device)
        if facts is not None:
            self.step, self.spent = facts["step"], facts["seconds"]

    def train(self) -> None:
        """Run until the plan's time is used; leave a diffusers folder, a checkpoint and a log."""
        seed = self.plan.seed * 7919 + self.group.rank + 31 * self.step
        generator = torch.Generator(self.group.device).manual_seed(seed)
        boards = None
        if self.plan.boards:
            boards = SceneSource(seed + 5, worker_count(self.group.size) if self.cuda else 0)
        self.source = Clips(generator, 4096 if self.cuda else 64, boards)
        self.clock = Clock(self.group, self.plan.seconds, self.spent)
        checked, first = 0.0, self.step + 1
        while (progress := self.clock.tick(self.step)) < 1:
            row = self._one_step(progress)
            if self.step == first:
                if self.cuda:
                    torch.cuda.synchronize()
                row["began"] = torch.tensor(self.clock.start_over())
            if self.step % 50 == 0 or self.step == first:
                values = {name: float(value) for name, value in row.items()}
                self._report("vae", dict(frames=self._shape(progress)[0]) | values)
            if progress >= checked + 0.1:
                checked = progress
                self._check(progress)
        self._finish()

    def _one_step(self, progress: float) -> dict[str, Tensor]:
        frames, crop, count = self._shape(progress)
        now = REFINE_MOVING_WEIGHT if self.goes_on else MOVING_WEIGHT
        clip, weight = self.source.batch(frames, crop, max(1, int(count * self.plan.batch_scale)), now)
        warm = min(1.0, (self.step + 1) / WARM_UP)
        for each in self.optimiser.param_groups:
            each["lr"] = self.rate * (warm * (0.5 + 0.5 * math.cos(math.pi * progress)) + 0.01)
        loss, kl, error = self._losses(clip, weight)
        norm = self._update(loss if self.refines else loss + KL_WEIGHT * kl)
        psnr = 10 * torch.log10(4 / (error**2).mean())
        return dict(loss=loss.detach(), kl=kl.detach(), norm=norm, psnr=psnr)

    def _shape(self, progress: float) -> tuple[int, int, int]:
        """Frames, crop and clips of a step; a trained one goes on with whole clips from the start."""
        phase = PHASES[-1] if self.goes_on else next(p for p in PHASES if progress < p[0])
        return phase[1:]

    def _losses(self, clip: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Weighted error of the restored clip, divergence of its latents, and the error of each pixel."""
        with torch.autocast(self.group.device.type, torch.bfloat16, enabled=self.cuda):
            with torch.set_grad_enabled(not self.refines):
                mean, log_variance = encode_clip(self.vae, clip)
            z = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
            restored = decode_clip(self.vae, z)
        error = (restored.float() - clip).abs()
        loss = ((error + error**2).mean(1) * weight).mean()
        kl = 0.5 * (mean.float() ** 2 + log_variance.float().exp() - 1 - log_variance.float()).mean()
        return loss, kl, error.detach()

    def _update(self, loss: Tensor) -> Tensor:
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.group.average_gradients(self.parameters)
        norm = nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimiser.step()
        self.average.update(self.vae, self.step)
        self.step += 1
        return norm

    def _check(self, progress: float) -> None:
        """Save; late in the run also restore held-out clips with the averaged weights."""
        if self.group.rank == 0:
            facts = dict(step=self.step, seconds=self.clock.elapsed())
            checkpoint.save(self.out, self._parts(), facts)
        if progress > 0.75 and self.plan.seconds >= CHECKED_S:
            with Swapped(self.vae, self.average):
                found = reconstruction(self.vae, self.group, (32 if self.cuda else 1) * self.group.size)
            self._report("vae held-out", dict(held_out=found))

    def _parts(self) -> dict[str, checkpoint.Part]:
        return dict(model=self.vae, average=self.average, optimiser=self.optimiser)

    def _finish(self) -> None:
        """Measure the averaged weights and write them as a diffusers folder."""
        self.vae.load_state_dict(self.average.state_dict(), strict=False)
        mean, std = self.vae.config.latents_mean, self.vae.config.latents_std
        if not self.goes_on:
            mean, std = measure_latents(self.vae, self.group, 256 if self.cuda else 1)
        found = reconstruction(self.vae, self.group, 128 if self.cuda else self.group.size)
        if self.group.rank == 0:
            self.vae.register_to_config(latents_mean=mean, latents_std=std)
            self.vae.save_pretrained(self.out / "vae")
        self._report("vae final", dict(final=found, latents_mean=mean, latents_std=std))

    def _report(self, label: str, row: dict[str, Any]) -> None:
        """A line of the log, also on the screen; from the first process alone."""
        if self.group.rank != 0:
            return
        line = json.dumps(dict(step=self.step, seconds=round(self.clock.elapsed(), 1)) | row)
        print(label, line, flush=True)
        self.log.write(line + "\n")
        self.log.flush()
