"""A cache policy on block-by-block execution: asks it, keeps what stands for the rest, counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from vidkit.caching import BlockContext, CachePolicy, Outcome, ReusedValue, RunContext, Signals, ValueStore
from vidkit.caching.agreement import Agreement
from vidkit.caching.apply import HOOK_NAME
from vidkit.caching.decision import FULL, Decision, Kind
from vidkit.caching.ledger import Ledger, LedgerRow
from vidkit.caching.recompute_map import RecomputeMap
from vidkit.errors import ConfigError
from vidkit.generation.blocks.executor import Asked, Part, positions
from vidkit.hooks.blocks.skyreels_layer import tokens_at
from vidkit.hooks.root import hook_of
from vidkit.models.block_model import BlockModel, Entered


class PolicyCache:
    """A policy with its values; keys and values are kept by whoever runs the blocks.

    Args:
        policy: decides.
        ledger: where executed and skipped FLOPs go.
        agreement: makes one decision of all ranks'.
        filled: map of who was computed when.
    """

    def __init__(
        self,
        policy: CachePolicy,
        ledger: Ledger | None = None,
        agreement: Agreement | None = None,
        filled: RecomputeMap | None = None,
    ) -> None:
        self.policy = policy
        self.ledger = ledger or Ledger()
        self.agreement = agreement or Agreement()
        self.map = filled or RecomputeMap()
        self.values = ValueStore(policy.forecast, policy.forecast_weight)
        self._layers = 1

    def begin(self, steps: int, layers: int, levels: Sequence[float] | None = None) -> None:
        """A clip or window begins; `levels` before each step and after the last one, falling, where known."""
        self.end()
        self._layers = layers
        self.policy.begin(RunContext(steps, layers, levels=None if levels is None else tuple(levels)))

    def end(self) -> None:
        """Give up every tensor."""
        self.values.clear()
        self.policy.end()

    def ask(self, branch: str, part: Part, entered: Entered, first_layer: Callable[[], Tensor]) -> Asked:
        """What to compute; a block of which nothing is stored is computed whatever the policy says."""
        ctx = _context(branch, part)
        first = part.start // part.grid.per_frame
        signals = Signals(
            time=lambda: entered.signals["time"][:, first : first + part.grid.frames],
            embedded=entered.hidden[:, part.rows],
            latents=part.latents,
            first_layer=lambda: first_layer()[:, part.rows] - entered.hidden[:, part.rows],
        )
        decision = self.policy.decide(ctx, signals)
        decision = self.agreement.agreed(decision, entered.hidden.device)
        looked = "first_layer" in signals.made
        if not self.values.has(ctx) or decision.kind is Kind.FULL:
            return Asked(part, (ctx, FULL, looked))
        index = decision.index
        if decision.kind is Kind.SKIP or index is None:
            index = torch.empty(0, dtype=torch.int64, device=entered.hidden.device)
        elif not self.policy.partial:
            raise ConfigError(
                f"cache policy '{self.policy.name}' chose single tokens, but does not say that it may",
                "set partial = True in its class",
            )
        if index.dim() == 2 and index.shape[0] == 1:
            index = index[0]
        own = None if decision.counts is None else sum(decision.counts) / len(decision.counts)
        return Asked(part, (ctx, decision, looked), index.to(entered.hidden.device), own)

    def velocities(
        self, branch: str, asked: Asked, entered: Entered, model: BlockModel, computed: Tensor | None
    ) -> Tensor:
        """Velocities of all tokens of a part, fresh where computed."""
        ctx, decision, _ = asked.decision
        if self.policy.reuse is ReusedValue.VELOCITY:
            return self._from_velocities(ctx, decision, asked, entered, model, computed)
        hidden = entered.hidden[:, asked.part.rows]
        if computed is None:
            value, error = self.values.reused(ctx), None
            out = hidden + value
        else:
            before = hidden if asked.index is None else tokens_at(hidden, asked.index)
            value, error = self.values.store(ctx, decision, computed - before)
            out = computed  # the very numbers, not before + (computed - before)
            if asked.index is not None:
                index = asked.index.expand(len(hidden), -1)[..., None].expand(-1, -1, hidden.shape[2])
                out = (hidden + value).scatter(1, index, computed)
        self.policy.observe(ctx, Outcome(decision, value, error, out))
        return model.head(entered, out, positions(asked, entered))

    def _from_velocities(
        self,
        ctx: BlockContext,
        decision: Decision,
        asked: Asked,
        entered: Entered,
        model: BlockModel,
        computed: Tensor | None,
    ) -> Tensor:
        error = None
        if computed is None:
            value = self.values.reused(ctx)
        else:
            rows = positions(asked, entered)
            if asked.index is not None:
                rows = asked.index + asked.part.start
            fresh = model.head(entered, computed, rows)
            value, error = self.values.store(ctx, decision, fresh)
        self.policy.observe(ctx, Outcome(decision, value, error))
        return value

    def count(self, branch: str, asked: Asked, keys: int, flops: float, full_flops: float) -> None:
        """A row of the ledger."""
        part = asked.part
        kind = Kind.FULL
        if asked.decision is not None:
            ctx, decision, looked = asked.decision
            kind = decision.kind
            self.map.add(ctx, decision)
            if looked and not asked.count:
                flops += full_flops / self._layers
        row = LedgerRow(
            part.step,
            branch,
            part.block,
            kind.value,
            asked.computed,
            part.tokens,
            keys,
            flops,
            max(0.0, full_flops - flops),
        )
        self.ledger.append(row)

    def note_bytes(self, keys_and_values: int) -> int:
        """Keys and values, stored values and the policy's state together."""
        tensors = [*self.values.tensors(), *self.policy.tensors()]
        held = keys_and_values + sum(x.nbytes for x in tensors)
        self.ledger.most_bytes = max(self.ledger.most_bytes, held)
        return held


def _context(branch: str, part: Part) -> BlockContext:
    return BlockContext(
        branch=branch,
        block=part.block,
        step=part.step,
        steps=part.steps,
        level=part.level,
        grid=part.grid,
        given=part.given,
        next_level=part.next_level,
    )


def enabled_cache(transformer: Any) -> PolicyCache | None:
    """The policy that `vidkit.caching.enable` put on a transformer, for a loop that never calls its forward.

    Args:
        transformer: of diffusers.
    """
    hook = hook_of(transformer, HOOK_NAME)
    return None if hook is None else cache_of(hook.follower)


def cache_of(runtime: Any) -> PolicyCache:
    """The same for whatever holds policy, ledger, agreement and map."""
    return PolicyCache(runtime.policy, runtime.ledger, runtime.agreement, runtime.map)
