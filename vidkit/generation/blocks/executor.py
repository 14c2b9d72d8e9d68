"""One pass of blocks through the layers: all tokens of a block, some, or none, as a cache policy decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from vidkit.generation.blocks.key_values import Exchanging, KeyValues, Peeking
from vidkit.hooks.token_grid import TokenGrid
from vidkit.models.block_model import BlockModel, Entered


@dataclass(frozen=True)
class Part:
    """A block within what has entered the layers.

    Attributes:
        block: absolute index in the clip.
        start: its first token in what has entered.
        grid: of its P tokens.
        active: its latents are changed after this pass; otherwise only keys and values are wanted.
        step: updates that it has had.
        steps: N.
        level: noise level, 1 pure noise .. 0 clean; the highest of its frames.
        next_level: after this step.
        given: leading frames that are never changed.
        latents: `[B, C, m, h, w]`.
    """

    block: int
    start: int
    grid: TokenGrid
    active: bool
    step: int
    steps: int
    level: float
    next_level: float
    given: int
    latents: Tensor

    @property
    def tokens(self) -> int:
        """P."""
        return self.grid.tokens

    @property
    def rows(self) -> slice:
        """Its tokens in what has entered."""
        return slice(self.start, self.start + self.tokens)


@dataclass(frozen=True)
class Asked:
    """What is computed of a part.

    Attributes:
        part: which.
        decision: of the cache, for itself; None: computed as a matter of course.
        index: tokens of the part, `[n]` or of each clip `[B, n]`; None: all. Empty: none.
        own: tokens that a clip asked for, mean over the clips, where some asked for fewer than others.
    """

    part: Part
    decision: Any = None
    index: Tensor | None = None
    own: float | None = None

    @property
    def count(self) -> int:
        """Tokens that pass the layers, of each clip."""
        return self.part.tokens if self.index is None else self.index.shape[-1]

    @property
    def computed(self) -> float:
        """Tokens asked for, mean over the clips: those with fewer than others pass some of them twice."""
        return float(self.count) if self.own is None else self.own


class BlockCache(Protocol):
    """Decides what is computed of an active block, and keeps what stands for the rest."""

    def begin(self, steps: int, layers: int, levels: Sequence[float] | None = None) -> None:
        """A clip or window begins; nothing is kept of the one before."""

    def end(self) -> None:
        """The clip is made: give up every tensor."""

    def note_bytes(self, keys_and_values: int) -> int:
        """Note how much is kept now; returns it with what is kept here."""

    def ask(self, branch: str, part: Part, entered: Entered, first_layer: Callable[[], Tensor]) -> Asked:
        """What to compute.

        Args:
            branch: guidance branch.
            part: of what has entered.
            entered: embedded latents.
            first_layer: runs the first layer alone on all that has entered, `[B, N, C]`.
        """

    def velocities(
        self, branch: str, asked: Asked, entered: Entered, model: BlockModel, computed: Tensor | None
    ) -> Tensor:
        """Velocities of all tokens of a part, `[B, P, D]`.

        Args:
            branch: guidance branch.
            asked: from `ask`.
            entered: embedded latents.
            model: for its head.
            computed: what left the last layer, `[B, n, C]`; None: nothing was computed.
        """

    def count(self, branch: str, asked: Asked, keys: int, flops: float, full_flops: float) -> None:
        """Note what was executed and what computing everything would have cost."""


def positions(asked: Asked, entered: Entered) -> Tensor | None:
    """The part's tokens in what has entered, for the model's head; None: all of that.

    Args:
        asked: of the part.
        entered: embedded latents.
    """
    if asked.part.tokens == entered.hidden.shape[1]:
        return None
    return torch.arange(asked.part.start, asked.part.rows.stop, device=entered.hidden.device)


@dataclass
class Branch:
    """A guidance branch.

    Attributes:
        name: such as "cond".
        condition: the model's, of the prompt.
        memory: keys and values of its blocks.
    """

    name: str
    condition: Any
    memory: KeyValues


class Executor:
    """Runs parts of a branch.

    Args:
        model: block model.
        cache: None: everything is computed.
    """

    def __init__(self, model: BlockModel, cache: BlockCache | None = None) -> None:
        self.model, self.cache = model, cache
        self.flops = 0.0  # executed so far

    def run(
        self, branch: Branch, entered: Entered, parts: Sequence[Part], exchange: Exchanging
    ) -> Tensor | None:
        """Pass parts through the layers together.

        Args:
            branch: guidance branch.
            entered: embedded latents; the parts lie in it, in order, without overlap.
            parts: what is wanted of it.
            exchange: keys and values; `rows` is set here.

        Returns:
            Velocities of all tokens that have entered, `[B, N, D]`, zero outside active parts; None if no
            part is active.
        """
        asked = [self._ask(branch, part, entered, exchange) for part in parts]
        exchange.rows = _rows(asked, entered.hidden)
        computed = None
        if any(one.count for one in asked):
            computed = self.model.run_layers(entered, exchange, exchange.rows)
        self._count(branch, asked, exchange)
        return self._velocities(branch, asked, entered, computed)

    def _ask(self, branch: Branch, part: Part, entered: Entered, exchange: Exchanging) -> Asked:
        if self.cache is None or not part.active:
            return Asked(part)

        def first_layer() -> Tensor:
            peeking = Peeking(branch.memory, exchange.block, exchange.first)
            return self.model.run_layers(entered, peeking, None, 1)

        return self.cache.ask(branch.name, part, entered, first_layer)

    def _count(self, branch: Branch, asked: Sequence[Asked], exchange: Exchanging) -> None:
        for one in asked:
            keys = exchange.keys_seen or exchange.length(one.part.tokens)
            full = self.model.pass_flops(one.part.tokens, keys, one.part.grid.frames)
            executed = full
            if one.computed < one.part.tokens:
                computed = one.computed
                executed = self.model.pass_flops(computed, keys, one.part.grid.frames) if computed else 0.0
            self.flops += executed
            if self.cache is not None:
                self.cache.count(branch.name, one, keys, executed, full)

    def _velocities(
        self, branch: Branch, asked: Sequence[Asked], entered: Entered, computed: Tensor | None
    ) -> Tensor | None:
        found: Tensor | None = None
        first = 0
        for one in asked:
            out = None if not one.count or computed is None else computed[:, first : first + one.count]
            first += one.count
            if not one.part.active:
                continue
            if self.cache is None:
                assert out is not None
                made = self.model.head(entered, out, positions(one, entered))
            else:
                made = self.cache.velocities(branch.name, one, entered, self.model, out)
            if made.shape[1] == entered.hidden.shape[1]:
                return made
            if found is None:
                found = made.new_zeros(made.shape[0], entered.hidden.shape[1], made.shape[2])
            found[:, one.part.rows] = made
        return found


def _rows(asked: Sequence[Asked], hidden: Tensor) -> Tensor | None:
    """Computed tokens of what has entered, `[n]` or of each clip `[B, n]`, ascending; None: all."""
    if all(one.index is None for one in asked) and sum(one.count for one in asked) == hidden.shape[1]:
        return None
    every = [
        torch.arange(one.part.start, one.part.rows.stop, device=hidden.device)
        if one.index is None
        else one.index.to(hidden.device) + one.part.start
        for one in asked
    ]
    if any(rows.dim() == 2 for rows in every):
        every = [rows.expand(hidden.shape[0], -1) for rows in every]
    return torch.cat(every, dim=-1)
