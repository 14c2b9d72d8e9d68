"""MAGI-1's passes as forwards of the transformer: all chunks in flight at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from vidkit.generation.magi.clip import ClipState
from vidkit.models.magi.kv_cache import ChunkKeyValues
from vidkit.models.magi.schedule import ChunkRow
from vidkit.models.magi.transformer import MagiText


class WholePasses:
    """A guidance branch is one forward; all branches read one store of finished chunks.

    Args:
        transformer: `MagiTransformer3DModel`.
        state: of the clip.
    """

    def __init__(self, transformer: Any, state: ClipState) -> None:
        self.transformer, self.state = transformer, state
        self.cache = ChunkKeyValues()
        self.most_bytes = 0

    def window(self, row: ChunkRow, texts: Sequence[MagiText], branch: str, keeps: bool) -> Tensor:
        """Velocities of the window's chunks `[1, C, chunks * frames, h, w]`.

        Args:
            row: of the schedule.
            texts: of each chunk.
            branch: its name.
            keeps: whether keys and values of a last step stay, where no clean ones follow.
        """
        state, settings = self.state, self.state.settings
        chunks, at, ranges = state.chunks(row), state.at(row), state.ranges(row)
        before: list[int] = []
        if not settings.kv_cache:
            seen = [chunk - (r or chunk + 1) + 1 for chunk, r in zip(chunks, ranges, strict=True)]
            before = list(range(max(0, min(seen)), chunks[0]))
        count = len(before)
        velocity = self._pass(
            [*before, *chunks],
            [settings.clean_level] * count + at,
            [state.finished] * count + list(texts),
            [settings.clean_kv_range] * count + ranges,
            row.steps[0].step,
            state.stays(row) if keeps else (),
        )
        self.most_bytes = max(self.most_bytes, self.cache.bytes)
        return velocity[:, :, count * state.frames :]

    def alone(self, row: ChunkRow, i: int, text: MagiText) -> Tensor:
        """Velocity of chunk i of the window, which sees itself alone."""
        one = row.steps[i]
        return self._pass([one.chunk], [self.state.levels[one.step]], [text], [1], one.step)

    def keep(self, chunk: int, step: int) -> None:
        """Pass a finished chunk for its keys and values.

        Args:
            chunk: absolute number.
            step: of the foremost chunk in flight, for the size of the step.
        """
        settings = self.state.settings
        if settings.kv_cache:
            self._pass(
                [chunk],
                [settings.clean_level],
                [self.state.finished],
                [settings.clean_kv_range],
                step,
                [chunk],
            )

    def drop_before(self, chunk: int) -> None:
        """Nobody sees these chunks again."""
        self.cache.drop_before(chunk)

    def end(self) -> None:
        """The clip is made."""
        self.cache.clear()

    def report(self) -> dict[str, Any]:
        """Bytes kept from step to step, at the most."""
        return {"state_bytes": self.most_bytes}

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
        state = self.state
        frames = slice(chunks[0] * state.frames, (chunks[-1] + 1) * state.frames)
        velocity: Tensor = self.transformer(
            state.latents[:, :, frames],
            torch.tensor([at], device=state.latents.device),
            texts,
            first_chunk=chunks[0],
            kv_range=ranges,
            cache=self.cache if state.settings.kv_cache else None,
            store=store,
            step_size=state.step_size(step),
            return_dict=False,
        )[0]
        return velocity
