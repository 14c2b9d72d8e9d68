"""One window of a diffusion-forcing clip: rows of the schedule, a velocity a row, a sampler a block."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from vidkit.generation.blocks.forcing_velocity import ForcingVelocity, WindowPlan
from vidkit.generation.forcing_options import ForcingOptions, ForcingStep, StepCallback
from vidkit.generation.not_finite import check_finite
from vidkit.models.block_schedule import Row, Window, block_rows

WAITING_TIMESTEP = 999  # what the model is told of a block at pure noise that has not started


class Velocity(Protocol):
    """The model with guidance: latents and timesteps in, velocity out."""

    def begin(self, plan: WindowPlan, latents: Tensor) -> None:
        """A window begins."""

    def end(self) -> None:
        """The clip is made, or the run stopped."""

    def report(self) -> dict[str, Any] | None:
        """What was executed, for the record; None: whole forwards."""

    def velocity(self, latents: Tensor, timesteps: Tensor, at: ForcingStep) -> Tensor:
        """Velocity of the blocks that the row sees, `[1, C, F, h, w]`; timesteps `[F]`."""


@dataclass
class WholeWindow:
    """All that the row sees passes the transformer's own forward.

    Attributes:
        transformer: of diffusers.
        prompts: embedded text by branch.
        guidance: of the two branches.
        fps: index of the frame rate.
    """

    transformer: Any
    prompts: Mapping[str, Tensor]
    guidance: float
    fps: int

    def begin(self, plan: WindowPlan, latents: Tensor) -> None:
        """Nothing is kept from row to row."""

    def end(self) -> None:
        """Nothing was kept."""

    def report(self) -> None:
        """Whole forwards: the cost is known beforehand."""

    def velocity(self, latents: Tensor, timesteps: Tensor, at: ForcingStep) -> Tensor:
        """One forward a branch."""
        inputs, steps = latents.to(self.transformer.dtype), timesteps.unsqueeze(0)
        found = [self._forward(name, inputs, steps, text, at) for name, text in self.prompts.items()]
        if len(found) == 1:
            return found[0]
        conditional, unconditional = found
        return unconditional + self.guidance * (conditional - unconditional)

    def _forward(
        self, branch: str, latents: Tensor, timesteps: Tensor, text: Tensor, at: ForcingStep
    ) -> Tensor:
        with self.transformer.cache_context(branch, step_index=at.number, num_inference_steps=at.total):
            output: Tensor = self.transformer(
                hidden_states=latents,
                timestep=timesteps,
                encoder_hidden_states=text,
                enable_diffusion_forcing=True,
                fps=[self.fps],
                return_dict=False,
            )[0]
        return output


@dataclass
class ByBlocks:
    """Blocks pass the layers as the mode says, keys and values are kept.

    Attributes:
        inner: velocities block by block.
        dtype: of the transformer.
    """

    inner: ForcingVelocity
    dtype: torch.dtype

    def begin(self, plan: WindowPlan, latents: Tensor) -> None:
        """Keys and values of the window before go."""
        self.inner.begin(plan, latents)

    def end(self) -> None:
        """Everything that was kept goes."""
        self.inner.end()

    def report(self) -> dict[str, Any]:
        """Mode, FLOPs and bytes."""
        return self.inner.report()

    def velocity(self, latents: Tensor, timesteps: Tensor, at: ForcingStep) -> Tensor:
        """The passes of one row."""
        return self.inner.velocity(latents.to(self.dtype), timesteps, at.number)


class WindowRun:
    """Denoises one window in place.

    Args:
        pipe: for its scheduler, and to be told where the loop is.
        model: gives velocities.
        window: where the window lies in the clip.
        latents: noise, `[1, C, F, h, w]`.
        given: leading latent frames that are known; None: none.
        steps: sampler steps N of every block.
        options: blocks, lag, execution.
        generator: draws the noise on given frames.
    """

    def __init__(
        self,
        pipe: Any,
        model: Velocity,
        window: Window,
        latents: Tensor,
        given: Tensor | None,
        steps: int,
        options: ForcingOptions,
        generator: torch.Generator,
    ) -> None:
        self.pipe, self.model, self.window = pipe, model, window
        self.latents, self.generator = latents, generator
        self.prefix = 0 if given is None else given.shape[2]
        if given is not None:
            latents[:, :, : self.prefix] = given
        frames = latents.shape[2]
        # together, all frames are one block: the same numbers as frame by frame, one sampler update a step
        self.block = frames if options.ar_step == 0 and not options.by_blocks else options.block_size
        self.rows = self._schedule(steps, frames, options.ar_step)
        self.addnoise, self.exact = options.addnoise, options.exact_corrector
        pipe.scheduler.set_timesteps(steps, device=latents.device)
        pipe.scheduler.set_begin_index(0)  # not by value: large shifts repeat a timestep
        self.samplers = [copy.deepcopy(pipe.scheduler) for _ in range(frames // self.block)]
        waiting = torch.tensor([WAITING_TIMESTEP], device=latents.device)
        end = torch.zeros(1, device=latents.device, dtype=torch.long)
        timesteps = pipe.scheduler.timesteps
        self.timesteps = torch.cat([timesteps, end.to(timesteps), waiting.to(timesteps)])  # [-1] is waiting
        sigmas = [float(sigma) for sigma in pipe.scheduler.sigmas.tolist()]
        plan = WindowPlan(self.rows, self.block, window.start // self.block, self.prefix, sigmas)
        model.begin(plan, latents)

    def _schedule(self, steps: int, frames: int, ar_step: int) -> Sequence[Row]:
        blocks = frames // self.block
        return block_rows(steps, blocks, ar_step, ready=min(self.prefix // self.block, blocks - 1))

    def all_rows(self, first: int, callback: StepCallback | None) -> int:
        """Perform every row.

        Args:
            first: rows of the windows before.
            callback: called after every row with its number and the (lowest, highest) timestep.

        Returns:
            Rows so far.

        Raises:
            NotFinite: latents of a block hold NaN or infinity.
        """
        for number, row in enumerate(self.rows):
            step = ForcingStep(number, len(self.rows), row, self.window, self.block, self.prefix)
            self.pipe.forcing_step = step
            levels = self._row(step)
            if callback is not None:
                callback(first + number, levels)
            changed = [block for block in range(row.start, row.stop) if row.update[block]]
            check_finite(self.latents, self.block, changed, first + number, self.window.start)
        return first + len(self.rows)

    def _row(self, step: ForcingStep) -> tuple[float, float]:
        row = step.row
        start, stop = row.start * self.block, row.stop * self.block
        levels = torch.tensor(row.level, device=self.latents.device).repeat_interleave(self.block)
        timesteps = self.timesteps[levels]
        inputs = self.latents
        if start < self.prefix:
            timesteps[: self.prefix] = 0
            inputs, timesteps = self._noised(inputs, timesteps)
        velocity = self.model.velocity(inputs[:, :, start:stop], timesteps[start:stop], step)
        for block in range(row.start, row.stop):
            if row.update[block]:
                self._update(block, row.level[block], velocity, start)
        seen = timesteps[start:stop]
        return float(seen.min()), float(seen.max())

    def _noised(self, latents: Tensor, timesteps: Tensor) -> tuple[Tensor, Tensor]:
        """Fresh noise on given frames at every row, as SkyReels-V2 does (addnoise_condition)."""
        if self.addnoise <= 0:
            return latents, timesteps
        share, given = self.addnoise / 1000, latents[:, :, : self.prefix]
        noise = torch.randn(given.shape, generator=self.generator, device=self.generator.device).to(given)
        latents = latents.clone()
        latents[:, :, : self.prefix] = given * (1 - share) + noise * share
        timesteps = timesteps.clone()
        timesteps[: self.prefix] = int(self.addnoise)
        return latents, timesteps

    def _update(self, block: int, level: int, velocity: Tensor, start: int) -> None:
        first = max(block * self.block, self.prefix)  # given frames inside a block stay as they are
        last = (block + 1) * self.block
        sample = self.latents[:, :, first:last]
        self.latents[:, :, first:last] = self.samplers[block].step(
            velocity[:, :, first - start : last - start],
            self.timesteps[level],
            sample.clone() if self.exact else sample,
            return_dict=False,
        )[0]
