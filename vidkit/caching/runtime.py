"""One transformer under a cache policy: asks it, carries decisions out, keeps values, counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from vidkit.caching.agreement import Agreement
from vidkit.caching.context import BlockContext, Outcome, RunContext, Signals
from vidkit.caching.decision import FULL, SKIP, Decision, Kind
from vidkit.caching.forward_cost import forward_cost
from vidkit.caching.forwards import Forward, States, TokenForward
from vidkit.caching.ledger import Ledger, LedgerRow
from vidkit.caching.memory import LayerMemory
from vidkit.caching.placing import Placed, levels_of, place_blocks, steps_of
from vidkit.caching.policies.base import CachePolicy, ReusedValue
from vidkit.caching.recompute_map import RecomputeMap
from vidkit.caching.values import ValueStore
from vidkit.errors import ConfigError, NotFinite
from vidkit.hooks.clock import Tick
from vidkit.hooks.families import ModelFamily
from vidkit.hooks.follower import Recording
from vidkit.hooks.token_grid import TokenGrid
from vidkit.models.layouts.base import Clip, model_dim

if TYPE_CHECKING:
    from vidkit.hooks.parallel.exchange import RankGroup


@dataclass
class _Asked:
    """A block of the forward in progress, with what was decided."""

    placed: Placed
    ctx: BlockContext
    rows: slice
    decision: Decision


class CacheRuntime:
    """Follows the forwards of one transformer.

    Attributes:
        memory: keys and values that the forward in progress reads and writes; None: not kept.
        index: tokens that it computes, `[B, U]`; None: all.
        map: who was computed when.
        paused: forwards run as if there were no cache.
    """

    what = "caching"

    def __init__(
        self,
        policy: CachePolicy,
        family: ModelFamily,
        model: Any,
        pipe: Callable[[], Any],
        ledger: Ledger,
        agreement: Agreement,
    ) -> None:
        self.policy, self.family, self.ledger, self.agreement = policy, family, ledger, agreement
        self._pipe = pipe
        self._layers = len(family.blocks(model))
        self._config = model.config
        self.phase: Any = False
        self.in_graph = False
        self.recording: Recording | None = None
        self.memory: LayerMemory | None = None
        self.index: Tensor | None = None
        self._values = ValueStore(policy.forecast, policy.forecast_weight)
        self._beside = [ValueStore(policy.forecast, policy.forecast_weight) for _ in range(family.beside)]
        self._memories: dict[str, LayerMemory] = {}
        self._generation: int | None = None
        self._tick: Tick | None = None
        self._grid: TokenGrid | None = None
        self._placed: tuple[Placed, ...] = ()
        self._latents: Tensor | None = None
        self._asked: list[_Asked] = []
        self.map = RecomputeMap()
        self.paused = False
        self.whole: Callable[[Tensor], Tensor] | None = None  # a rank's tokens to everybody's
        self._text_tokens, self._seconds = 0, 0.0
        self._looked_at_first_layer = False

    @property
    def grid(self) -> TokenGrid | None:
        """Of the last forward that began."""
        return self._grid

    @property
    def chooses(self) -> bool:
        """A forward may differ from the plain one."""
        return True

    # what the root hook says

    def begin(self, tick: Tick, grid: TokenGrid | None) -> None:
        """A forward starts; a new generation drops everything kept of the last."""
        if tick.generation != self._generation:
            self.clear()
            self._generation = tick.generation
            pipe = self._pipe()
            self.policy.begin(
                RunContext(steps_of(pipe), self._layers, model_dim(self._config), levels_of(pipe))
            )
        self._tick, self._grid, self.phase = tick, grid, True

    def finish(self) -> None:
        """The generation is over."""
        self.clear()

    def clear(self) -> None:
        """Give up values, keys and the policy's state; figures stay."""
        self._generation = None
        for store in (self._values, *self._beside):
            store.clear()
        self._memories.clear()
        self._asked, self._placed, self._latents = [], (), None
        self.memory = self.index = None
        self.policy.end()

    # what the hooks on the model say

    def enter(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Before the model's forward with these arguments; False: it has to run without us."""
        family = self.family
        if not self.paused and self._grid is None:
            self._grid = family.grid_of_call(args, kwargs)
        if self.paused or self._tick is None or self._grid is None:
            return False
        timestep, latents, _ = family.call(args, kwargs)
        self._latents = family.by_frame(latents, self._grid)
        self._text_tokens = family.text_tokens(args, kwargs)
        self._seconds = family.seconds(self._config, args, kwargs)
        self._placed = place_blocks(self._pipe(), self._grid, self._tick.step, timestep)
        return True

    def through(self, run: TokenForward) -> Tensor:
        """In place of all blocks: decide, then run what is to be computed."""
        assert self._tick is not None and self._grid is not None
        self._text_tokens = run.text_tokens
        self._ask_all(run)
        active = [a.decision for a in self._asked if a.placed.active]
        # without the keys of all tokens there is no computing some blocks alone
        alone = self.policy.partial and self._memory().holds(self._layers)
        full = [decision.kind is Kind.FULL for decision in active]
        if all(full) or (any(full) and not alone):
            self._asked = [_Asked(a.placed, a.ctx, a.rows, FULL) for a in self._asked]
        base, out = run.everything() if self._is_full() else run.some(self._tokens(run.hidden))
        return self._take_residual(base, out) if self.policy.reuse is ReusedValue.RESIDUAL else out

    def prepare(self, index: Tensor | None) -> None:
        """Before blocks run on these tokens `[B, U]`; None: on all."""
        self.index = index
        self.memory = self._memory() if self.policy.partial else None

    def computes_whole(self, run: Forward) -> bool:
        """Decide for a forward whose blocks are all computed, or not one."""
        self._ask_all(run)
        return self._is_full()

    def through_whole(self, base: States, out: States) -> States:
        """What stands for all blocks of such a forward.

        Args:
            base: what they were given, or what came out of the first if that was looked at.
            out: what came out of the last.
        """
        if self.policy.reuse is not ReusedValue.RESIDUAL:
            return out
        ctx, full = self._asked[0].ctx, self._is_full()
        made = [self._take_residual(base[0], out[0]), *out[1:]]
        for place, store in enumerate(self._beside, 1):
            if full:
                store.store(ctx, FULL, out[place] - base[place])
            else:
                made[place] = base[place] + store.reused(ctx)
        return tuple(made)

    def leave(self, outputs: States) -> States:
        """After the model's forward: velocity `[B, C, F, H, W]`, with reused values where none is new.

        Args:
            outputs: the velocity, and what else comes out beside it.
        """
        if self.paused:
            return outputs
        if self.policy.reuse is ReusedValue.VELOCITY and self._asked:
            ctx, full = self._asked[0].ctx, self._is_full()
            made = [self._take_velocity(outputs[0]), *outputs[1:]]
            for place, store in enumerate(self._beside, 1):
                if full:
                    store.store(ctx, FULL, outputs[place])
                else:
                    made[place] = store.reused(ctx)
            outputs = tuple(made)
        self.ledger.most_bytes = max(self.ledger.most_bytes, self.state_bytes())
        self._asked, self._latents, self.memory, self.index = [], None, None, None
        return outputs

    def died(self) -> None:
        """The forward raised."""
        self._asked, self._latents, self.memory, self.index = [], None, None, None

    # deciding

    def _ask_all(self, run: Forward) -> None:
        self._asked = [self._ask(placed, run) for placed in self._placed]
        self._looked_at_first_layer = run.looked_at_first_layer

    def _ask(self, placed: Placed, run: Forward) -> _Asked:
        assert self._tick is not None and self._grid is not None
        rows, grid = placed.rows(self._grid), placed.grid(self._grid)
        ctx = BlockContext(
            branch=self._tick.branch,
            block=placed.block,
            step=placed.step,
            steps=steps_of(self._pipe()),
            level=placed.level,
            grid=grid,
            given=placed.given,
            next_level=placed.next_level,
            row=self._tick.step,
        )
        if not placed.active:
            return _Asked(placed, ctx, rows, SKIP)
        decision = self.policy.decide(ctx, self._signals(placed, rows, run))
        if decision.kind is Kind.TOKENS and not self.policy.partial:
            raise ConfigError(
                f"cache policy '{self.policy.name}' chose single tokens, but does not say that it may",
                "set partial = True in its class, so that keys and values are kept",
            )
        decision = self.agreement.agreed(decision, run.hidden.device)
        return _Asked(placed, ctx, rows, decision if self._values.has(ctx) else FULL)

    def _signals(self, placed: Placed, rows: slice, run: Forward) -> Signals:
        grid, latents = self._grid, self._latents
        assert grid is not None and latents is not None
        patch = latents.shape[2] // grid.frames
        first, last = placed.first * patch, (placed.first + placed.frames) * patch
        return Signals(
            time=lambda: run.time(grid)[:, placed.first :][:, : placed.frames],
            embedded=run.hidden[:, rows],
            latents=latents[:, :, first:last],
            first_layer=lambda: run.first_layer()[:, rows] - run.hidden[:, rows],
        )

    def _is_full(self) -> bool:
        return all(a.decision.kind is Kind.FULL for a in self._asked)

    def _tokens(self, hidden: Tensor) -> Tensor | None:
        """Tokens to be computed of all blocks together, `[B, U]`; None: not one."""
        B, found = hidden.shape[0], []
        for asked in self._asked:
            if asked.decision.kind is Kind.FULL:
                every = torch.arange(asked.rows.start, asked.rows.stop, device=hidden.device)
                found.append(every.expand(B, -1))
            elif asked.decision.index is not None:
                found.append(asked.decision.index.to(hidden.device).expand(B, -1) + asked.rows.start)
        return torch.cat(found, dim=1) if found else None

    def _memory(self) -> LayerMemory:
        assert self._tick is not None
        return self._memories.setdefault(self._tick.branch, LayerMemory())

    # taking in what was computed

    def _take_residual(self, base: Tensor, out: Tensor) -> Tensor:
        """Hidden states after the stack: what the layers added is kept, and reused where it is not new."""
        made, skipped = [], 0
        for asked in self._asked:
            part = base[:, asked.rows]
            new = out[:, asked.rows] - part
            value, error = self._taken(asked, new)
            hidden = out[:, asked.rows]  # the very numbers where they are new, not part + (out - part)
            if asked.decision.kind is not Kind.FULL and value is not None:
                skipped += 1
                hidden = _merged(part + value, hidden, asked.decision)
            self._tell(asked, value, error, hidden)
            made.append(hidden)
        return torch.cat(made, dim=1) if skipped else out

    def _take_velocity(self, velocity: Tensor) -> Tensor:
        grid = self._grid
        assert grid is not None
        tokens = self.family.by_token(velocity, grid)
        made, skipped = [], 0
        for asked in self._asked:
            new = tokens[:, asked.rows]
            value, error = self._taken(asked, new)
            self._tell(asked, value, error, None)
            skipped += asked.decision.kind is not Kind.FULL and value is not None
            made.append(new if value is None else value)
        return self.family.by_place(torch.cat(made, dim=1), velocity, grid) if skipped else velocity

    def _taken(self, asked: _Asked, new: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """The block's values at this step `[B, P, D]` and their error; None: of a block never computed."""
        ctx, decision = asked.ctx, asked.decision
        self._count(asked)
        if decision.kind is Kind.SKIP:
            return (self._values.reused(ctx) if self._values.has(ctx) else None), None
        computed = new
        if decision.index is not None:
            index = decision.index.expand(new.shape[0], -1)
            computed = new.gather(1, index[..., None].expand(-1, -1, new.shape[2]))
        self._refuse_nan(ctx, computed)
        return self._values.store(ctx, decision, computed)

    def _tell(self, asked: _Asked, value: Tensor | None, error: Tensor | None, output: Tensor | None) -> None:
        """The policy of what came of an active block."""
        if asked.placed.active and value is not None:
            self.policy.observe(asked.ctx, Outcome(asked.decision, value, error, output))

    def _refuse_nan(self, ctx: BlockContext, computed: Tensor) -> None:
        if not bool(torch.isfinite(computed.sum())):
            raise NotFinite(
                f"the model's output holds NaN or infinity at step {ctx.step} of block {ctx.block}"
                f" (branch '{ctx.branch}')",
                "try dtype=bf16 or dtype=fp32, or another cache threshold; the steps so far are recorded",
            )

    def share_tokens(self, ranks: RankGroup) -> None:
        """See `CacheHandle.share_tokens`."""
        self.agreement.group, self.whole = ranks.group, partial(ranks.gathered, dim=1)

    def reused(self, ctx: BlockContext) -> Tensor:
        """What stands for a block's tokens if nothing is computed, `[B, P, D]`."""
        return self._values.reused(ctx)

    # counting

    def _count(self, asked: _Asked) -> None:
        grid, ctx, decision = self._grid, asked.ctx, asked.decision
        assert grid is not None
        self.map.add(ctx, decision)
        tokens = ctx.grid.tokens
        clip = Clip(grid.tokens, self._text_tokens, self._seconds)
        cost, share = forward_cost(self.family.layout, self._config, clip), tokens / grid.tokens
        computed, whole = decision.computed(tokens), cost.layers(tokens, share)
        layers = cost.layers(computed, share)
        if decision.kind is Kind.SKIP and self._looked_at_first_layer:
            layers = cost.layers(tokens, share, layers=1)
        self.ledger.append(
            LedgerRow(
                ctx.step,
                ctx.branch,
                ctx.block,
                decision.kind.value,
                computed,
                tokens,
                grid.tokens,
                layers + share * cost.ends(),
                whole - layers,
            )
        )

    def state_bytes(self) -> int:
        """Bytes of everything that is kept from step to step."""
        memories = [t for m in self._memories.values() for t in m.tensors()]
        tensors = [*memories, *self._values.tensors(), *self.policy.tensors()]
        tensors += [t for store in self._beside for t in store.tensors()]
        return sum(t.numel() * t.element_size() for t in tensors)


def _merged(reused: Tensor, new: Tensor, decision: Decision) -> Tensor:
    """Reused rows `[B, P, C]`, those of computed tokens new."""
    if decision.index is None:
        return reused
    index = decision.index.expand(reused.shape[0], -1)[..., None].expand(-1, -1, reused.shape[2])
    return reused.scatter(1, index, new.gather(1, index))
