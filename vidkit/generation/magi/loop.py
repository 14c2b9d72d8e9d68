"""The loop of MAGI-1: a window of chunks, each at a noise level of its own, moves through the clip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from vidkit.config.magi_schema import MagiSettings
from vidkit.generation.magi.passes import RowPasses, row_passes
from vidkit.generation.not_finite import check_finite
from vidkit.models.magi.kv_cache import ChunkKeyValues
from vidkit.models.magi.schedule import ChunkRow, chunk_rows, levels, lowest_needed, reach, step_size
from vidkit.models.magi.transformer import MagiText

StepCallback = Callable[[int, tuple[float, float]], None]


@dataclass(frozen=True)
class MagiClip:
    """What is to be made.

    Attributes:
        noise: `[1, C, F, h, w]`, fp32, of whole chunks.
        texts: of each chunk.
        given: leading latent frames that are known, `[1, C, n, h, w]`; None: none.
        steps: N of every chunk.
        guidance: to the text.
        shift: of the noise levels.
        settings: window, ranges, guidance to the history.
    """

    noise: Tensor
    texts: Sequence[MagiText]
    given: Tensor | None
    steps: int
    guidance: float
    shift: float
    settings: MagiSettings


class MagiLoop:
    """Denoises one clip.

    Whole chunks that are given pass once, like finished ones; given frames of a chunk that is not given as a
    whole are put in place before every step. Finished chunks pass once, at a level of almost clean and with
    the null caption, and all guidance branches read the keys and values of that pass.

    Args:
        transformer: `MagiTransformer3DModel`, or what a hook makes of it.
        clip: what is to be made.
    """

    def __init__(self, transformer: Any, clip: MagiClip) -> None:
        self.transformer, self.clip, self.settings = transformer, clip, clip.settings
        self.frames = int(transformer.config.chunk_frames)
        self.distilled = bool(transformer.config.distilled)
        self.latents = clip.noise.clone()
        self.given = 0 if clip.given is None else clip.given.shape[2]
        chunks = clip.noise.shape[2] // self.frames
        self.rows = chunk_rows(chunks, clip.steps, self.settings.window, self.given // self.frames)
        self.levels = levels(clip.steps, clip.shift, self.distilled)
        self.needed = lowest_needed(
            self.rows, clip.steps, self.settings.kv_range, self.settings.clean_kv_range
        )
        self.cache = ChunkKeyValues()
        # a distilled model is told of a caption even where its text is the null caption
        self.null, self.finished = MagiText(), MagiText(guided=self.distilled)
        self.most_bytes = 0  # of keys and values, at the most

    @torch.no_grad()
    def run(self, callback: StepCallback | None = None) -> Tensor:
        """All steps.

        Args:
            callback: called after each with its number and the (lowest, highest) noise, 0 clean .. 1000.

        Returns:
            Latents `[1, C, F, h, w]`, fp32.

        Raises:
            NotFinite: NaN or infinity, with step and chunk.
        """
        for number, row in enumerate(self.rows):
            self._place_given()
            self._keep_finished(row)
            velocity = self.velocity(row)
            for i, one in enumerate(row.steps):
                step = self.levels[one.step + 1] - self.levels[one.step]
                self.latents[:, :, self._frames(one.chunk)] += step * velocity[:, :, self._frames(i)]
            check_finite(self.latents, self.frames, [one.chunk for one in row.steps], number)
            self.cache.drop_before(self.needed[min(number + 1, len(self.needed) - 1)])
            if callback is not None:
                at = [self.levels[one.step] for one in row.steps]
                callback(number, (1000 * (1 - max(at)), 1000 * (1 - min(at))))
        self._place_given()
        self.cache.clear()
        return self.latents

    def velocity(self, row: ChunkRow) -> Tensor:
        """Guided velocities of the window's chunks, `[1, C, chunks * frames, h, w]`."""
        plan = row_passes(row, self.levels, self.clip.guidance, self.distilled, self.settings)
        texts = [self.clip.texts[one.chunk] for one in row.steps]
        stored = self._stored(row)
        text = self._window(row, texts, () if plan.history else stored) if plan.text else None
        history = self._window(row, [self.null] * len(texts), stored) if plan.history else None
        alone = {i: self._alone(row, i, texts[i] if plan.alone_captioned else self.null) for i in plan.alone}
        self.most_bytes = max(self.most_bytes, self.cache.bytes)
        return torch.cat(
            [self._mixed(plan, i, text, history, alone.get(i)) for i in range(len(texts))], dim=2
        )

    def _mixed(
        self, plan: RowPasses, i: int, text: Tensor | None, history: Tensor | None, alone: Tensor | None
    ) -> Tensor:
        mix, own = plan.mixes[i], self._frames(i)
        parts = [
            weight * source
            for weight, source in (
                (mix.text, None if text is None else text[:, :, own]),
                (mix.history, None if history is None else history[:, :, own]),
                (mix.alone, alone),
            )
            if weight and source is not None
        ]
        return torch.stack(parts).sum(dim=0)

    def _window(self, row: ChunkRow, texts: Sequence[MagiText], store: Sequence[int]) -> Tensor:
        """Velocities of the window in one pass."""
        chunks = [one.chunk for one in row.steps]
        at = [self.levels[one.step] for one in row.steps]
        ranges: list[int | None] = [
            reach(one.step, self.clip.steps, self.settings.kv_range) for one in row.steps
        ]
        before: list[int] = []
        if not self.settings.kv_cache:
            seen = [chunk - (r or chunk + 1) + 1 for chunk, r in zip(chunks, ranges, strict=True)]
            before = list(range(max(0, min(seen)), chunks[0]))
        count = len(before)
        velocity = self._pass(
            [*before, *chunks],
            [self.settings.clean_level] * count + at,
            [self.finished] * count + list(texts),
            [self.settings.clean_kv_range] * count + ranges,
            row.steps[0].step,
            store,
        )
        return velocity[:, :, count * self.frames :]

    def _alone(self, row: ChunkRow, i: int, text: MagiText) -> Tensor:
        """Velocity of a chunk of the window that sees itself alone."""
        one = row.steps[i]
        return self._pass([one.chunk], [self.levels[one.step]], [text], [1], one.step)

    def _keep_finished(self, row: ChunkRow) -> None:
        """Pass finished chunks for their keys and values."""
        if not self.settings.kv_cache:
            return
        for chunk in row.finished:
            if self.settings.clean_refresh or chunk < self.given // self.frames:
                self._pass(
                    [chunk],
                    [self.settings.clean_level],
                    [self.finished],
                    [self.settings.clean_kv_range],
                    row.steps[0].step,
                    [chunk],
                )

    def _stored(self, row: ChunkRow) -> tuple[int, ...]:
        """Chunks whose keys and values of this step stay, because no clean ones follow."""
        if self.settings.clean_refresh or not self.settings.kv_cache:
            return ()
        return tuple(one.chunk for one in row.steps if one.step == self.clip.steps - 1)

    def _pass(
        self,
        chunks: Sequence[int],
        at: Sequence[float],
        texts: Sequence[MagiText],
        ranges: Sequence[int | None],
        step: int,
        store: Sequence[int] = (),
    ) -> Tensor:
        """One forward of neighbouring chunks."""
        frames = slice(chunks[0] * self.frames, (chunks[-1] + 1) * self.frames)
        velocity: Tensor = self.transformer(
            self.latents[:, :, frames],
            torch.tensor([at], device=self.latents.device),
            texts,
            first_chunk=chunks[0],
            kv_range=ranges,
            cache=self.cache if self.settings.kv_cache else None,
            store=store,
            step_size=step_size(self.clip.steps, step) if self.distilled else None,
            return_dict=False,
        )[0]
        return velocity

    def _place_given(self) -> None:
        if self.clip.given is not None:
            self.latents[:, :, : self.given] = self.clip.given

    def _frames(self, chunk: int) -> slice:
        return slice(chunk * self.frames, (chunk + 1) * self.frames)
