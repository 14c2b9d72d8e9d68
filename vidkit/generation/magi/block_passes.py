"""MAGI-1's passes chunk by chunk, so that a cache policy decides what of each is computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from vidkit.errors import ConfigError
from vidkit.generation.blocks.executor import BlockCache, Branch, Executor, Part
from vidkit.generation.blocks.key_values import Exchanging, KeyValues
from vidkit.generation.magi.clip import ClipState
from vidkit.hooks.token_grid import TokenGrid
from vidkit.models.magi.blocks import MagiBlocks
from vidkit.models.magi.schedule import ChunkRow
from vidkit.models.magi.transformer import MagiText

ALONE = "alone"


class BlockPasses:
    """Every chunk passes by itself, in order of time; each branch keeps keys and values of all that it sees.

    Args:
        transformer: `MagiTransformer3DModel`.
        state: of the clip.
        branches: that pass the window: "text", "history" or both.
        cache: decides what is computed; None: everything.

    Raises:
        ConfigError: settings that keep nothing.
    """

    def __init__(
        self, transformer: Any, state: ClipState, branches: Sequence[str], cache: BlockCache | None
    ) -> None:
        if not state.settings.kv_cache:
            raise ConfigError(
                "a cache policy needs kept keys and values, and magi.kv_cache is false",
                "leave magi.kv_cache out",
            )
        longest = max(text.states.shape[1] if text.states is not None else 1 for text in state.clip.texts)
        self.state, self.model = state, MagiBlocks(transformer, longest)
        self.executor = Executor(self.model, cache)
        t, h, w = transformer.grid(state.latents[:, :, : state.frames])
        self.grid = TokenGrid(t, h, w)
        capacity = state.settings.window + 1
        squeezes = state.clip.kv_budget is not None
        self.branches = {
            name: Branch(name, None, KeyValues(self.grid.tokens, 1 if name == ALONE else capacity, squeezes))
            for name in (*branches, ALONE)
        }
        self.most_bytes = 0
        self._conditions: dict[tuple[int, float | None], Any] = {}
        if cache is not None:
            cache.begin(state.clip.steps, self.model.layers)

    def window(self, row: ChunkRow, texts: Sequence[MagiText], branch: str, keeps: bool) -> Tensor:
        """Velocities of the chunks in flight, see `WholePasses.window`; keys and values always stay."""
        ranges = self.state.ranges(row)
        self._squeeze(self.branches[branch], row.steps[0].chunk)
        made = [
            self._velocity(self.branches[branch], row, i, text, 0 if r is None else max(0, one.chunk - r + 1))
            for i, (one, text, r) in enumerate(zip(row.steps, texts, ranges, strict=True))
        ]
        self._note_bytes()
        return torch.cat(made, dim=2)

    def alone(self, row: ChunkRow, i: int, text: MagiText) -> Tensor:
        """Velocity of chunk i of the window, which sees itself alone."""
        branch = self.branches[ALONE]
        return self._velocity(branch, row, i, text, row.steps[i].chunk)

    def keep(self, chunk: int, step: int) -> None:
        """Pass a finished chunk for its keys and values, which all branches get."""
        state = self.state
        branches = [branch for branch in self.branches.values() if branch.name != ALONE]
        part = self._part(chunk, state.clip.steps, active=False)
        entered = self._enter(chunk, state.settings.clean_level, state.finished, step)
        first = max(0, chunk - state.settings.clean_kv_range + 1)
        exchange = Exchanging([branch.memory for branch in branches], chunk, first, chunk + 1)
        self.executor.run(branches[0], entered, [part], exchange)

    def drop_before(self, chunk: int) -> None:
        """Nobody sees these chunks again."""
        for branch in self.branches.values():
            branch.memory.drop_before(chunk)

    def end(self) -> None:
        """The clip is made: give up every tensor."""
        self.branches.clear()
        self._conditions.clear()
        if self.executor.cache is not None:
            self.executor.cache.end()

    def report(self) -> dict[str, Any]:
        """FLOPs that the transformer executed, and bytes kept from step to step, at the most."""
        return {"executed_flops": self.executor.flops, "state_bytes": self.most_bytes}

    def _velocity(self, branch: Branch, row: ChunkRow, i: int, text: MagiText, first: int) -> Tensor:
        one = row.steps[i]
        level = self.state.levels[one.step]
        entered = self._enter(one.chunk, level, text, one.step)
        exchange = Exchanging([branch.memory], one.chunk, first, one.chunk + 1)
        made = self.executor.run(branch, entered, [self._part(one.chunk, one.step)], exchange)
        assert made is not None  # the part is active
        return self.model.to_latents(entered, made)

    def _enter(self, chunk: int, level: float, text: MagiText, step: int) -> Any:
        state = self.state
        key = (id(text), state.step_size(step))
        if key not in self._conditions:
            self._conditions[key] = self.model.condition(text, key[1])
        at = torch.full((state.frames,), level, device=state.latents.device)
        place = state.place(chunk)
        return self.model.enter(state.latents[:, :, place], at, self._conditions[key], place.start)

    def _part(self, chunk: int, step: int, active: bool = True) -> Part:
        state, place = self.state, self.state.place(chunk)
        return Part(
            block=chunk,
            start=0,
            grid=self.grid,
            active=active,
            step=step,
            steps=state.clip.steps,
            level=1 - state.levels[step] if active else 0.0,
            next_level=1 - state.levels[step + 1] if active else 0.0,
            given=min(max(state.given - place.start, 0), state.frames),
            latents=state.latents[:, :, place],
        )

    def _squeeze(self, branch: Branch, first: int) -> None:
        """Squeeze the chunks before the first in flight to the budget; their first and last frame stay."""
        if self.state.clip.kv_budget is None:
            return
        budget = self.state.clip.kv_budget * self.grid.tokens
        if first > branch.memory.first and branch.memory.place(first) > budget:
            edge = min(self.grid.per_frame, budget // 4)
            branch.memory.squeeze(first, budget, edge, edge)

    def _note_bytes(self) -> None:
        held = sum(branch.memory.bytes for branch in self.branches.values())
        if self.executor.cache is not None:
            held = self.executor.cache.note_bytes(held)
        self.most_bytes = max(self.most_bytes, held)
