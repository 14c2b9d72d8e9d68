"""Put sparse attention on a pipeline and take it off again."""

from __future__ import annotations

import logging
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any

from torch import nn

from vidkit.attention.head_shares import HeadShares
from vidkit.attention.policy import AttentionPolicy, as_policy
from vidkit.attention.predictors import MaskPredictor, keeps_text
from vidkit.attention.processor import SparseAttnProcessor, refuse_parallelism
from vidkit.attention.runtime import SparseRuntime
from vidkit.attention.stats import CallStats, Recorder
from vidkit.config.attention_schema import AttentionSettings
from vidkit.errors import ConfigError, ModelError
from vidkit.hooks.families import ModelFamily, family_of
from vidkit.hooks.install import Installation, families_of, find_transformers, remove
from vidkit.hooks.root import hook_of
from vidkit.hooks.stacking import put_under_cache, take_from_under_cache

if TYPE_CHECKING:
    from vidkit.hooks.parallel.exchange import RankGroup

log = logging.getLogger(__name__)

HOOK_NAME = "vidkit_sparse_attention"


class AttentionHandle:
    """Sparse attention in place; also a context manager that disables on leaving.

    Attributes:
        policy: what is running.
        runtimes: one for each transformer, by attribute name.
    """

    def __init__(self, policy: AttentionPolicy, transformers: dict[str, Any], pipe: Any = None) -> None:
        self.policy = policy
        self._recorder = Recorder()
        families = families_of(transformers)
        self.runtimes: dict[str, SparseRuntime] = {}
        for name, model in transformers.items():
            layers, heads = families[name].layers(model), families[name].heads(model)
            self.runtimes[name] = SparseRuntime(
                policy,
                len(layers),
                heads,
                name,
                self._recorder,
                alone=len(transformers) == 1,
                depths=[layer.depth for layer in layers],
                text=families[name].text,
            )
        self._installed = Installation(HOOK_NAME, transformers, self.runtimes, families, pipe)
        for name, model in transformers.items():
            runtime, layers = self.runtimes[name], families[name].layers(model)
            for index in runtime.sparse_layers:
                put_under_cache(
                    layers[index].attention,
                    partial(SparseAttnProcessor, layer=index, runtime=runtime, family=families[name]),
                )

    def disable(self) -> None:
        """Restore the very processor objects that were there; safe to call twice.

        Figures stay, everything else is given up.
        """
        for model in self._installed.mine():
            _processors_back(model)
        self._installed.remove()

    def reset(self) -> None:
        """Drop masks and figures, as between two generations."""
        self.clear_stats()
        self._installed.reset()

    def rows(self) -> list[CallStats]:
        """Figures of the forwards since `enable` or `clear_stats`, the last 4,096 of them."""
        return self._recorder.rows()

    def step_report(self) -> dict[str, Any]:
        """Density, refreshed and reused heads and executor since the last call, all branches together.

        Reads the device once.
        """
        rows = self._recorder.fresh_rows()
        if not rows:
            return {}
        density = sum(row.density for row in rows) / len(rows)
        refreshed, heads = sum(row.refreshed for row in rows), sum(row.heads for row in rows)
        executor = ", ".join(self.policy.executor.used) if heads else None
        return {
            "density": density,
            "refreshed_heads": refreshed,
            "reused_heads": heads - refreshed,
            "executor": executor,
        }

    def clear_stats(self) -> None:
        """Forget figures, keep masks."""
        self._recorder.clear()
        self.policy.executor.dense_share.clear()

    def report(self) -> dict[str, Any]:
        """Policy, executors that ran, and means of density and reuse, for a run's record."""
        chooser = self.policy.executor
        return {
            **self.policy.describe(),
            "executors_used": list(chooser.used),
            "executors_passed_over": dict(chooser.reasons),
            **chooser.dense_share.describe(),
            **self._recorder.summary(),
            **self._shares(),
        }

    def share_heads(self, ranks: RankGroup) -> None:
        """Heads are on several ranks from now on, given out by density."""
        for runtime in self.runtimes.values():
            runtime.shares = HeadShares(ranks, runtime.heads)

    def _shares(self) -> dict[str, Any]:
        found = [r.shares.report() for r in self.runtimes.values() if r.shares is not None]
        return {"shares": found} if found else {}

    def __enter__(self) -> AttentionHandle:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.disable()


def enable(
    pipe: Any, policy: AttentionPolicy | AttentionSettings | str, model: str | None = None
) -> AttentionHandle:
    """Put sparse attention on a diffusers pipeline or a bare transformer.

    Works on transformers of the classes in `vidkit.hooks.families.FAMILIES` and classes derived from them.
    Call before or after offloading, LoRA, `fuse_qkv_projections`, step caches and `compile`.

    Args:
        pipe: pipeline with `transformer` (and `transformer_2`), or a transformer.
        policy: a policy, settings, or a preset's name such as `haste_xattention`.
        model: name that a threshold table must have been made for.

    Raises:
        ConfigError: already enabled, context parallelism, or the policy does not fit the model.
        ModelError: no transformer, or one of a class without an adapter.
    """
    transformers = find_transformers(pipe)
    for name, family in families_of(transformers).items():
        module = transformers[name]
        if is_enabled(module):
            raise ConfigError(
                f"sparse attention is already enabled on {name}", "call disable() on its handle first"
            )
        for layer in family.layers(module):
            refuse_parallelism(getattr(layer.attention.processor, "_parallel_config", None))
    made = as_policy(policy, model)
    for name, family in families_of(transformers).items():
        refuse_joint_text(made.predictor, family, name, transformers[name])
    register_with_diffusers()
    return AttentionHandle(made, transformers, pipe)


def disable(pipe: Any) -> None:
    """Take sparse attention off a pipeline without its handle; does nothing when there is none."""
    for module in find_transformers(pipe).values():
        _processors_back(module)
        remove(module, HOOK_NAME)


def refuse_joint_text(predictor: MaskPredictor | None, family: ModelFamily, name: str, module: Any) -> None:
    """Raise where text and video share one attention and the predictor does not keep the text exact.

    Raises:
        ModelError: they do.
    """
    if predictor is None or keeps_text(predictor, family.text):
        return
    raise ModelError(
        f"predictor '{predictor.name}' cannot keep the prompt exact in '{name}' ({type(module).__name__}), "
        f"which handles text as {family.text.value}",
        "use xattention or pooled_mean",
    )


def _processors_back(module: Any) -> None:
    """The processors that were found."""
    for part in module.modules():
        if getattr(part, "processor", None) is not None:
            take_from_under_cache(part, SparseAttnProcessor)


def is_enabled(module: Any) -> bool:
    """True when sparse attention sits on the transformer."""
    return hook_of(module, HOOK_NAME) is not None


def model_size(model: Any) -> tuple[int, int]:
    """Layers and heads, as thresholds count them."""
    family = family_of(model)
    return len(family.layers(model)), family.heads(model)


def register_with_diffusers() -> None:
    """Tell diffusers' attention caches (PAB, FasterCache) how a skipped call of our processor looks."""
    try:
        from diffusers.hooks._helpers import AttentionProcessorMetadata, AttentionProcessorRegistry
    except ImportError:  # moved in another release: only those two caches lose out
        log.debug("diffusers has no attention processor registry here")
        return

    def skipped(attn: nn.Module, hidden_states: Any, *args: Any, **kwargs: Any) -> Any:
        return hidden_states

    metadata = AttentionProcessorMetadata(skip_processor_output_fn=skipped)
    AttentionProcessorRegistry.register(SparseAttnProcessor, metadata)
