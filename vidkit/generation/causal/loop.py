"""A clip chunk by chunk: few steps, then a pass without noise, whose keys and values later chunks see.

    for each chunk:  x = noise
        for each level s:      x0 = x - s * velocity(x, 1000 s)
                               x  = (1 - s') x0 + s' * new noise        (or an Euler step to s')
        yield x0;              velocity(x0, 0): clean keys and values

Noise is drawn for each chunk and step from a seed of its own: it does not depend on the clip's length, on the
window, or on what else is computed. Source: Self-Forcing (arXiv 2506.08009), CausVid (arXiv 2412.07772).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from vidkit.generation.causal.plan import ChunkPlan
from vidkit.generation.causal.rolling import RollingKeyValues
from vidkit.generation.not_finite import check_finite
from vidkit.hooks.blocks import SkyReelsBlocks
from vidkit.models.block_model import Entered
from vidkit.utils.seeding import derive_seed

StepCallback = Callable[[int, tuple[float, float]], None]


class ChunkLoop:
    """Makes the chunks of one clip, in order of time.

    Args:
        model: block model, trained to see only earlier chunks.
        plan: chunks, levels, window.
        texts: embedded prompts `[1, S, text_dim]`, each with the first chunk that reads it; the first has 0.
        shape: channels, rows and columns of the latents.
        seed: of all noise.
        given: leading latent frames that are known, `[1, C, g, h, w]`; None: none.
    """

    def __init__(
        self,
        model: SkyReelsBlocks,
        plan: ChunkPlan,
        texts: Sequence[tuple[int, Tensor]],
        shape: tuple[int, int, int],
        seed: int,
        given: Tensor | None = None,
    ) -> None:
        self.model, self.plan, self.shape, self.seed, self.given = model, plan, shape, seed, given
        self.device, self.dtype = texts[0][1].device, model.transformer.dtype
        self._conditions = {chunk: model.condition(text) for chunk, text in texts}
        self._condition: Any = None
        _, patch_rows, patch_columns = model.patch
        per_frame = (shape[1] // patch_rows) * (shape[2] // patch_columns)
        moved = model.moved if plan.moving_sink else None
        self.memory = RollingKeyValues(plan.window, per_frame, plan.sink, moved)
        self.flops = 0.0  # executed by the transformer so far
        self.clean_passes = 0
        self._refreshes = plan.refresh and len(texts) > 1
        self._sink: list[Tensor] = []  # finished latents that a new prompt goes over again, frame by frame
        self._recent: deque[Tensor] = deque(maxlen=max(self.memory.ring - plan.chunk, 0))

    @torch.no_grad()
    def chunks(self, callback: StepCallback | None = None) -> Iterator[Tensor]:
        """Latents of one chunk after the other, `[1, C, m, h, w]`, fp32, normalised.

        Args:
            callback: called after every step with its number and the level that the model was told, 0..1000.

        Raises:
            NotFinite: NaN or infinity, with step and chunk.
        """
        plan = self.plan
        for chunk in range(plan.chunks):
            if chunk in self._conditions:
                self._condition = self._conditions.pop(chunk)
                if chunk and self._refreshes:
                    self._go_over_again(chunk)
            latents = self._denoised(chunk, callback)
            check_finite(latents, plan.chunk, [0], chunk * plan.steps + plan.steps - 1, plan.first(chunk))
            self._keep(latents, plan.first(chunk))
            yield latents
            if chunk + 1 < plan.chunks:  # nobody sees the last one
                self._remember(latents, plan.first(chunk))
                self.clean_passes += 1

    @property
    def state_bytes(self) -> int:
        """What is kept from chunk to chunk."""
        return self.memory.bytes + sum(x.nbytes for x in (*self._sink, *self._recent))

    def _denoised(self, chunk: int, callback: StepCallback | None) -> Tensor:
        plan, first = self.plan, self.plan.first(chunk)
        known = 0 if self.given is None else min(max(self.given.shape[2] - first, 0), plan.chunk)
        x = self._noise(chunk, 0)
        told = torch.empty(plan.chunk)
        for step, level in enumerate(plan.levels):
            if known:
                assert self.given is not None
                x[:, :, :known] = self.given[:, :, first : first + known]
            if known == plan.chunk:
                return x
            told[:] = 1000 * level
            told[:known] = 0
            velocity = self._velocity(x, told, first)
            next_level = plan.levels[step + 1] if step + 1 < plan.steps else 0.0
            clean = x - level * velocity
            if plan.renoise and next_level:
                clean = (1 - next_level) * clean + next_level * self._noise(chunk, step + 1)
            elif next_level:
                clean = x + (next_level - level) * velocity
            x = torch.cat([x[:, :, :known], clean[:, :, known:]], dim=2)
            if callback is not None:
                callback(chunk * plan.steps + step, (float(told.min()), float(told.max())))
        return x

    def _velocity(self, latents: Tensor, told: Tensor, first: int) -> Tensor:
        """Velocity of some frames, fp32; arguments as those of `_through`."""
        entered, hidden = self._through(latents, told, first)
        return self.model.to_latents(entered, self.model.head(entered, hidden)).float()

    def _remember(self, latents: Tensor, first: int) -> None:
        """A pass of finished frames for their keys and values alone."""
        self._through(latents, torch.zeros(latents.shape[2]), first)

    def _through(self, latents: Tensor, told: Tensor, first: int) -> tuple[Entered, Tensor]:
        """Some frames through the layers; their keys and values are kept.

        Args:
            latents: `[1, C, n, h, w]`, fp32.
            told: level of each frame, 0..1000.
            first: position of the first frame.
        """
        frames = latents.shape[2]
        self.memory.begin(first, frames)
        levels = told.to(self.device)
        entered = self.model.enter(latents.to(self.dtype), levels, self._condition, first)
        hidden = self.model.run_layers(entered, self.memory)
        self.flops += self.model.pass_flops(entered.hidden.shape[1], self.memory.tokens, frames)
        return entered, hidden

    def _noise(self, chunk: int, step: int) -> Tensor:
        generator = torch.Generator("cpu").manual_seed(derive_seed(self.seed, "chunk", str(chunk), str(step)))
        channels, rows, columns = self.shape
        made = torch.randn((1, channels, self.plan.chunk, rows, columns), generator=generator)
        return made.to(self.device)

    def _keep(self, latents: Tensor, first: int) -> None:
        if not self._refreshes:
            return
        for n, frame in enumerate(latents.unbind(2)):
            if first + n < self.plan.sink:
                self._sink.append(frame.clone())
            else:
                self._recent.append(frame.clone())

    def _go_over_again(self, chunk: int) -> None:
        """Keys and values of what the chunk will see, made again under the new prompt, earlier ones first."""
        oldest = self.plan.first(chunk) - len(self._recent)
        self.memory.restart(oldest)
        kept = {**dict(enumerate(self._sink)), **dict(enumerate(self._recent, oldest))}
        for run in self.plan.gone_over(chunk):
            frames = torch.stack([kept[frame] for frame in run], dim=2)
            self._remember(frames, run.start)
