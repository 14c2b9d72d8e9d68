"""Put a cache policy on a pipeline and take it off again."""

from __future__ import annotations

import weakref
from types import TracebackType
from typing import TYPE_CHECKING, Any

import torch

from vidkit.caching.agreement import Agreement
from vidkit.caching.ledger import Ledger, LedgerRow, summary_of
from vidkit.caching.policies import CachePolicy
from vidkit.caching.policies import policy as policy_by_name
from vidkit.caching.processor import CachedAttnProcessor
from vidkit.caching.recompute_map import RecomputeMap
from vidkit.caching.runtime import CacheRuntime
from vidkit.caching.stack import SwappedBlocks
from vidkit.errors import ConfigError
from vidkit.hooks.families import ModelFamily
from vidkit.hooks.install import Installation, families_of, find_transformers
from vidkit.hooks.root import hook_of

if TYPE_CHECKING:
    from vidkit.hooks.parallel.exchange import RankGroup

HOOK_NAME = "vidkit_caching"


class CacheHandle:
    """A cache in place; also a context manager that disables on leaving.

    Attributes:
        policy: what is running.
        runtimes: one for each transformer, by attribute name.
        ledger: what was computed, by step, branch and block.
    """

    def __init__(
        self, policy: CachePolicy, transformers: dict[str, Any], pipe: Any = None, group: Any = None
    ) -> None:
        self.policy, self.ledger = policy, Ledger()
        families = families_of(transformers)
        find = _weak(pipe)
        agreement = Agreement(group)
        self.runtimes = {
            name: CacheRuntime(policy, families[name], model, find, self.ledger, agreement)
            for name, model in transformers.items()
        }
        self._installed = Installation(HOOK_NAME, transformers, self.runtimes, families, pipe)
        self._sides = [
            _Side(model, families[name], self.runtimes[name]) for name, model in transformers.items()
        ]

    def disable(self) -> None:
        """Take everything off and give every tensor up, figures stay; safe to call twice."""
        for side in self._sides:
            side.remove()
        self._installed.remove()

    def reset(self) -> None:
        """Drop state and figures, as between two generations."""
        self.ledger.clear()
        self._installed.reset()

    @property
    def map(self) -> RecomputeMap:
        """Who was computed when, in the last clip, of the first transformer."""
        return next(iter(self.runtimes.values())).map

    def rows(self) -> list[LedgerRow]:
        """One row a forward and block, the last 4,096 of them."""
        return self.ledger.rows()

    def step_report(self) -> dict[str, Any]:
        """Share of tokens and FLOPs not computed since the last call, all branches together."""
        rows = self.ledger.fresh()
        if not rows:
            return {}
        figures = summary_of(rows)
        tokens = sum(row.tokens for row in rows)
        return {
            "skipped_tokens": 1 - sum(row.computed for row in rows) / tokens,
            "executed_flops": figures["executed_flops"],
            "skipped_flops": figures["skipped_flops"],
        }

    def report(self) -> dict[str, Any]:
        """Policy, FLOPs, decisions and bytes of state, for a run's record."""
        return {
            "policy": self.policy.describe(),
            **self.ledger.summary(),
            **self.policy.report(),
        }

    def share_tokens(self, ranks: RankGroup) -> None:
        """Tokens are on several ranks from now on: the first rank decides, on the whole clip."""
        for runtime in self.runtimes.values():
            runtime.share_tokens(ranks)

    def __enter__(self) -> CacheHandle:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.disable()


class LoopHandle(CacheHandle):
    """A policy for a pipeline whose own loop asks it: it stands at `cache_handle`, and hooks nothing.

    Args:
        policy: decides.
        pipe: pipeline with `asks_policies`.
        group: see `enable`.

    Raises:
        ConfigError: already enabled.
    """

    def __init__(self, policy: CachePolicy, pipe: Any, group: Any = None) -> None:
        if pipe.cache_handle is not None:
            raise ConfigError("a cache is already enabled on pipe", "call disable() on its handle first")
        self.policy, self.ledger, self.agreement = policy, Ledger(), Agreement(group)
        self._map = RecomputeMap()
        self.runtimes = {}
        self._pipe = pipe
        pipe.cache_handle = self

    @property
    def map(self) -> RecomputeMap:
        """Who was computed when, in the last clip."""
        return self._map

    def disable(self) -> None:
        """Take it off; safe to call twice."""
        if self._pipe.cache_handle is self:
            self._pipe.cache_handle = None

    def reset(self) -> None:
        """Drop figures, as between two generations."""
        self.ledger.clear()


class _Side:
    """Hooks and processors on one transformer."""

    def __init__(self, model: Any, family: ModelFamily, runtime: CacheRuntime) -> None:
        self.model, self.family, self.runtime = model, family, runtime
        self.swapped = SwappedBlocks(model, family)
        self.hooks = [
            model.register_forward_pre_hook(self._before, with_kwargs=True),
            model.register_forward_hook(self._after, always_call=True),
        ]
        if runtime.policy.partial:
            for index, layer in enumerate(family.layers(model)):
                attention = layer.attention
                attention.set_processor(CachedAttnProcessor(attention.processor, index, runtime, family))

    def remove(self) -> None:
        """Take all of it off."""
        self.swapped.restore()
        for hook in self.hooks:
            hook.remove()
        for layer in self.family.layers(self.model):
            processor = layer.attention.processor
            if isinstance(processor, CachedAttnProcessor) and processor.runtime is self.runtime:
                layer.attention.set_processor(processor.original)

    def _before(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if torch.compiler.is_compiling():
            raise ConfigError(
                "a cache policy cannot decide inside a transformer that is compiled as a whole",
                "compile its blocks instead: transformer.compile_repeated_blocks()",
            )
        if torch.is_grad_enabled() and any(p.requires_grad for p in module.parameters()):
            raise ConfigError("there are no gradients through a cache", "run under torch.no_grad()")
        if self.runtime.enter(args, kwargs):
            self.swapped.swap(self.runtime)

    def _after(self, module: Any, args: Any, output: Any) -> Any:
        self.swapped.restore()
        if output is None:  # it raised
            self.runtime.died()
            return None
        count = 1 + self.family.beside
        if isinstance(output, tuple):
            return (*self.runtime.leave(output[:count]), *output[count:])
        names = list(output)[:count]  # by place, whatever the family calls them
        made = self.runtime.leave(tuple(output[name] for name in names))
        for name, tensor in zip(names, made, strict=True):
            output[name] = tensor
        return output


def enable(pipe: Any, policy: CachePolicy | str, group: Any = None) -> CacheHandle:
    """Put a cache policy on a diffusers pipeline or a bare transformer.

    Args:
        pipe: pipeline with `transformer` (and `transformer_2`), or a transformer, of a class that has an
            adapter; or a pipeline whose own loop asks policies, such as MAGI-1's.
        policy: from `vidkit.caching.policy`, or its name.
        group: `torch.distributed` process group of ranks that make one clip together; the first decides.

    Raises:
        ConfigError: already enabled, or a policy that needs the loop's help.
        ModelError: no transformer, or one of a class without an adapter.
    """
    policy = policy_by_name(policy) if isinstance(policy, str) else policy
    if not hasattr(policy, "changes_steps"):
        raise ConfigError(
            f"a cache policy cannot be {type(policy).__name__}",
            "give a policy of vidkit.caching.policy, its name, or a subclass of CachePolicy",
        )
    transformers = find_transformers(pipe)
    if policy.changes_steps:
        raise ConfigError(
            f"'{policy.name}' changes the sampler's steps, which nothing on a transformer can",
            "call the pipeline with fewer steps, or use vidkit generate cache=fewer_steps",
        )
    if getattr(pipe, "asks_policies", False):
        return LoopHandle(policy, pipe, group)
    for name, family in families_of(transformers).items():
        module = transformers[name]
        if hook_of(module, HOOK_NAME) is not None:
            raise ConfigError(f"a cache is already enabled on {name}", "call disable() on its handle first")
        if policy.partial:
            refuse_single_tokens(family, policy.name, type(module).__name__)
        for layer in family.layers(module):
            if policy.partial:
                _refuse_processor(layer.attention.processor, policy.name)
    return CacheHandle(policy, transformers, pipe, group)


def refuse_single_tokens(family: ModelFamily, policy: str, model: str) -> None:
    """Policies that compute some tokens alone need blocks in which nothing depends on all of them.

    Raises:
        ConfigError: the family's do.
    """
    if not family.token_wise:
        raise ConfigError(
            f"cache policy '{policy}' computes single tokens, which {model} cannot: text, sound or control"
            " beside them need all",
            "choose one that computes whole steps, such as change without share or threshold",
        )


def _refuse_processor(processor: Any, policy: str) -> None:
    if getattr(processor, "_parallel_config", None) is not None:
        raise ConfigError(
            f"cache policy '{policy}' does not run under context parallelism",
            "choose a policy that computes whole steps, or run on one device",
        )


def _weak(pipe: Any) -> Any:
    try:
        return weakref.ref(pipe)
    except TypeError:
        return lambda: None
