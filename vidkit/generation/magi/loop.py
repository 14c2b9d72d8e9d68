"""The loop of MAGI-1: a window of chunks, each at a noise level of its own, moves through the clip."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from vidkit.generation.blocks.executor import BlockCache
from vidkit.generation.magi.block_passes import BlockPasses
from vidkit.generation.magi.clip import ClipState, MagiClip
from vidkit.generation.magi.passes import RowPasses, row_passes
from vidkit.generation.magi.whole_passes import WholePasses
from vidkit.generation.not_finite import check_finite
from vidkit.models.magi.schedule import ChunkRow, chunk_rows, lowest_needed

StepCallback = Callable[[int, tuple[float, float]], None]


class MagiLoop:
    """Denoises one clip.

    Whole chunks that are given pass once, like finished ones; given frames of a chunk that is not given as a
    whole are put in place before every step. Finished chunks pass once, at a level of almost clean and with
    the null caption, and all guidance branches read the keys and values of that pass.

    Args:
        transformer: `MagiTransformer3DModel`.
        clip: what is to be made.
        cache: a cache policy, asked for every chunk of every branch; None: everything is computed.
        by_chunks: chunks pass one by one, as with a cache or a budget of keys and values.
    """

    def __init__(
        self, transformer: Any, clip: MagiClip, cache: BlockCache | None = None, by_chunks: bool = False
    ) -> None:
        config, settings = transformer.config, clip.settings
        self.clip = clip
        self.state = ClipState(clip, int(config.chunk_frames), bool(config.distilled))
        chunks = clip.noise.shape[2] // self.state.frames
        self.rows = chunk_rows(chunks, clip.steps, settings.window, self.state.given // self.state.frames)
        self.plans = [
            row_passes(row, self.state.levels, clip.guidance, self.state.distilled, settings)
            for row in self.rows
        ]
        self.needed = lowest_needed(self.rows, clip.steps, settings.kv_range, settings.clean_kv_range)
        self.passes: WholePasses | BlockPasses
        if cache is not None or by_chunks or clip.kv_budget is not None:
            used = [name for name in ("text", "history") if any(getattr(plan, name) for plan in self.plans)]
            self.passes = BlockPasses(transformer, self.state, used, cache)
        else:
            self.passes = WholePasses(transformer, self.state)

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
        state = self.state
        try:
            for number, row in enumerate(self.rows):
                state.place_given()
                self.keep_finished(row)
                velocity = self.velocity(number)
                for i, one in enumerate(row.steps):
                    step = state.levels[one.step + 1] - state.levels[one.step]
                    state.latents[:, :, state.place(one.chunk)] += step * velocity[:, :, state.place(i)]
                check_finite(state.latents, state.frames, state.chunks(row), number)
                self.passes.drop_before(self.needed[min(number + 1, len(self.needed) - 1)])
                if callback is not None:
                    at = state.at(row)
                    callback(number, (1000 * (1 - max(at)), 1000 * (1 - min(at))))
        finally:
            self.passes.end()
        state.place_given()
        return state.latents

    def keep_finished(self, row: ChunkRow) -> None:
        """Pass the chunks that are finished before a step for their keys and values."""
        for chunk in row.finished:
            if self.clip.settings.clean_refresh or chunk < self.state.given // self.state.frames:
                self.passes.keep(chunk, row.steps[0].step)

    def velocity(self, number: int) -> Tensor:
        """Guided velocities of the chunks of a step, `[1, C, chunks * frames, h, w]`."""
        row, plan = self.rows[number], self.plans[number]
        texts = [self.clip.texts[one.chunk] for one in row.steps]
        null = [self.state.null] * len(texts)
        text = self.passes.window(row, texts, "text", not plan.history) if plan.text else None
        history = self.passes.window(row, null, "history", True) if plan.history else None
        alone = {
            i: self.passes.alone(row, i, texts[i] if plan.alone_captioned else null[i]) for i in plan.alone
        }
        return torch.cat(
            [self._mixed(plan, i, text, history, alone.get(i)) for i in range(len(texts))], dim=2
        )

    def _mixed(
        self, plan: RowPasses, i: int, text: Tensor | None, history: Tensor | None, alone: Tensor | None
    ) -> Tensor:
        mix, own = plan.mixes[i], self.state.place(i)
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
