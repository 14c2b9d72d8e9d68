"""Velocities of a diffusion-forcing window, block by block: what stands in for whole forwards.

Each row of the schedule says which blocks pass the layers (`vidkit.models.block_runs`). Where attention is
block-causal they pass one after the other, in order of time, each against the kept keys and values of itself
and earlier blocks. Where it goes both ways they pass together, against those of the whole window.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from vidkit.generation.blocks.executor import BlockCache, Branch, Executor, Part
from vidkit.generation.blocks.key_values import Exchanging, KeyValues
from vidkit.hooks.token_grid import TokenGrid
from vidkit.models.block_model import BlockModel
from vidkit.models.block_runs import BlockAttention, BlockRun, ForcingMode, block_runs
from vidkit.models.block_schedule import Row

TIMESTEPS = 1000  # noise level 1


@dataclass(frozen=True)
class WindowPlan:
    """What a window's velocities depend on beside latents.

    Attributes:
        rows: of the schedule.
        block_frames: latent frames a block.
        first_block: absolute index of the window's first block.
        prefix: leading latent frames that are given.
        sigmas: noise level before each sampler step and after the last, `[N + 1]`.
    """

    rows: Sequence[Row]
    block_frames: int
    first_block: int
    prefix: int
    sigmas: Sequence[float]

    @property
    def steps(self) -> int:
        """N."""
        return len(self.sigmas) - 1

    @property
    def blocks(self) -> int:
        """Blocks of the window."""
        return len(self.rows[0].update)


class ForcingVelocity:
    """Guided velocities of one window after the other.

    Args:
        model: block model of diffusion-forcing latents.
        prompts: embedded text `[1, S, text_dim]` by branch; "cond" alone, or with "uncond".
        guidance: of the two branches.
        mode: which blocks pass, and what they see.
        cache: decides what is computed of active blocks; None: everything.
        kv_budget: blocks' worth of keys and values that finished blocks are squeezed to; None: all is kept.
    """

    def __init__(
        self,
        model: BlockModel,
        prompts: Mapping[str, Tensor],
        guidance: float,
        mode: ForcingMode,
        cache: BlockCache | None = None,
        kv_budget: int | None = None,
    ) -> None:
        self.model, self.guidance, self.mode = model, guidance, mode
        self.kv_budget = kv_budget
        self.conditions = {name: model.condition(text) for name, text in prompts.items()}
        self.executor = Executor(model, cache)
        self.branches: list[Branch] = []
        self.most_bytes = 0  # kept from row to row, at the most

    @property
    def joint(self) -> bool:
        """Blocks pass together."""
        return self.mode.attention is BlockAttention.bidirectional

    def begin(self, plan: WindowPlan, latents: Tensor) -> None:
        """A window begins: nothing is kept of the one before."""
        self.plan = plan
        self.runs = list(block_runs(plan.rows, self.mode))
        t, h, w = self.model.patch
        self.grid = TokenGrid(plan.block_frames // t, latents.shape[3] // h, latents.shape[4] // w)
        self.tokens = self.grid.tokens
        unit = self.tokens * (plan.blocks if self.joint else 1)
        self.branches = [
            Branch(name, condition, KeyValues(unit, 1 if self.joint else plan.blocks, bool(self.kv_budget)))
            for name, condition in self.conditions.items()
        ]
        if self.executor.cache is not None:
            self.executor.cache.begin(plan.steps, self.model.layers, plan.sigmas)

    def velocity(self, latents: Tensor, timesteps: Tensor, row: int) -> Tensor:
        """Guided velocity of the window; zero outside the blocks that the row changes.

        Args:
            latents: `[1, C, F, h, w]`.
            timesteps: of every latent frame, `[F]`.
            row: of the window's schedule.
        """
        found = [self._branch(branch, latents, timesteps, row) for branch in self.branches]
        self.most_bytes = max(self.most_bytes, self._bytes())
        if len(found) == 1:
            return found[0]
        conditional, unconditional = found
        return unconditional + self.guidance * (conditional - unconditional)

    def end(self) -> None:
        """The clip is made: give up every tensor."""
        self.branches = []
        if self.executor.cache is not None:
            self.executor.cache.end()

    def report(self) -> dict[str, Any]:
        """Mode, FLOPs executed by the transformer, and bytes kept from row to row, at the most."""
        return {
            "mode": self.mode.name,
            "executed_flops": self.executor.flops,
            "state_bytes": self.most_bytes,
            "kv_budget": self.kv_budget,
        }

    def _bytes(self) -> int:
        """Everything that is kept from row to row."""
        cache = self.executor.cache
        held = sum(branch.memory.bytes for branch in self.branches)
        return held if cache is None else cache.note_bytes(held)

    def _branch(self, branch: Branch, latents: Tensor, timesteps: Tensor, row: int) -> Tensor:
        found = torch.zeros_like(latents)
        if self.joint:
            self._together(branch, latents, timesteps, row, found)
            return found
        self._squeeze(branch, row)
        m = self.plan.block_frames
        for run in self.runs[row]:
            frames = slice(run.block * m, (run.block + 1) * m)
            entered = self.model.enter(
                latents[:, :, frames], timesteps[frames], branch.condition, frames.start
            )
            part = self._part(run, latents, timesteps, row, 0)
            exchange = Exchanging([branch.memory], run.block, 0, run.seen)
            made = self.executor.run(branch, entered, [part], exchange)
            if made is not None:
                found[:, :, frames] = self.model.to_latents(entered, made)
        return found

    def _together(self, branch: Branch, latents: Tensor, timesteps: Tensor, row: int, found: Tensor) -> None:
        """All blocks of a row in one pass."""
        entered = self.model.enter(latents, timesteps, branch.condition, 0)
        parts = [self._part(run, latents, timesteps, row, run.block * self.tokens) for run in self.runs[row]]
        made = self.executor.run(branch, entered, parts, Exchanging([branch.memory], 0, 0, 1))
        if made is not None:
            found.copy_(self.model.to_latents(entered, made))

    def _part(self, run: BlockRun, latents: Tensor, timesteps: Tensor, row: int, start: int) -> Part:
        plan, m = self.plan, self.plan.block_frames
        step = plan.rows[row].level[run.block]
        frames = slice(run.block * m, (run.block + 1) * m)
        return Part(
            block=plan.first_block + run.block,
            start=start,
            grid=self.grid,
            active=run.active,
            step=max(step, 0),
            steps=plan.steps,
            level=plan.sigmas[step] if run.active else 0.0,
            next_level=plan.sigmas[step + 1] if run.active else 0.0,
            given=min(max(plan.prefix - frames.start, 0), m),
            latents=latents[:, :, frames],
        )

    def _squeeze(self, branch: Branch, row: int) -> None:
        """Squeeze finished blocks, before the row, to the budget."""
        if self.kv_budget is None:
            return
        first = min(run.block for run in self.runs[row])
        budget = self.kv_budget * self.tokens
        if first > branch.memory.first and branch.memory.place(first) > budget:
            edge = min(self.grid.per_frame, budget // 4)  # the first and the last frame stay
            branch.memory.squeeze(first, budget, edge, edge)
