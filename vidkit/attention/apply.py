"""Put sparse attention on a pipeline and take it off again."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Any

from diffusers.utils.torch_utils import unwrap_module
from torch import nn

from vidkit.attention.hook import SparseRuntimeHook, hook_of, put_hook, take_hook
from vidkit.attention.policy import AttentionPolicy, as_policy
from vidkit.attention.processor import SparseAttnProcessor, refuse_parallelism
from vidkit.attention.runtime import SparseRuntime
from vidkit.attention.stats import CallStats, Recorder
from vidkit.config.attention_schema import AttentionSettings
from vidkit.errors import ConfigError, ModelError
from vidkit.hooks.clock import Clock
from vidkit.hooks.schedule import ScheduleWatch

log = logging.getLogger(__name__)

TRANSFORMERS = ("transformer", "transformer_2")


class AttentionHandle:
    """Sparse attention in place; also a context manager that disables on leaving.

    Attributes:
        policy: what is running.
        runtimes: one for each transformer, by attribute name.
    """

    def __init__(self, policy: AttentionPolicy, transformers: dict[str, Any], pipe: Any = None) -> None:
        self.policy = policy
        self.runtimes: dict[str, SparseRuntime] = {}
        self._recorder = Recorder()
        self._clock, schedule = Clock(), ScheduleWatch(pipe)
        self._transformers = dict(transformers)
        for name, model in transformers.items():
            self.runtimes[name] = SparseRuntime(
                policy, *model_size(model), name, self._recorder, alone=len(transformers) == 1
            )
        for name, model in transformers.items():
            put_hook(model, SparseRuntimeHook(self.runtimes[name], self._clock, schedule))
            for layer in self.runtimes[name].sparse_layers:
                attn = model.blocks[layer].attn1
                attn.set_processor(SparseAttnProcessor(attn.processor, layer, self.runtimes[name]))

    def disable(self) -> None:
        """Restore the very processor objects that were there; safe to call twice.

        Figures stay, everything else is given up.
        """
        for name, model in self._transformers.items():
            hook = hook_of(model)
            if hook is not None and hook.runtime is self.runtimes[name]:
                _take_off(model)
        self._transformers.clear()
        self._clock.reset()
        for runtime in self.runtimes.values():
            runtime.clear()

    def reset(self) -> None:
        """Drop masks and figures, as between two generations."""
        self._clock.reset()
        self.clear_stats()
        for runtime in self.runtimes.values():
            runtime.clear()

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
        }

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

    Works on every model whose `blocks[i].attn1` follows the Wan contract: Wan2.1, Wan2.2 (both transformers),
    SkyReels-V2. Call before or after offloading, LoRA, `fuse_qkv_projections`, step caches and `compile`.

    Args:
        pipe: pipeline with `transformer` (and `transformer_2`), or a transformer.
        policy: a policy, settings, or a preset's name such as `haste_xattention`.
        model: name that a threshold table must have been made for.

    Raises:
        ConfigError: already enabled, context parallelism, or the policy does not fit the model.
        ModelError: no transformer of this kind.
    """
    transformers = find_transformers(pipe)
    for name, module in transformers.items():
        if is_enabled(module):
            raise ConfigError(
                f"sparse attention is already enabled on {name}", "call disable() on its handle first"
            )
        for block in module.blocks:
            refuse_parallelism(getattr(block.attn1.processor, "_parallel_config", None))
    made = as_policy(policy, model)
    register_with_diffusers()
    return AttentionHandle(made, transformers, pipe)


def disable(pipe: Any) -> None:
    """Take sparse attention off a pipeline without its handle; does nothing when there is none."""
    for module in find_transformers(pipe).values():
        _take_off(module)


def _take_off(module: Any) -> None:
    """Processors back, hook off, masks forgotten."""
    for block in module.blocks:
        processor = block.attn1.processor
        if isinstance(processor, SparseAttnProcessor):
            block.attn1.set_processor(processor.original)
    hook = take_hook(module)
    if hook is not None:
        hook.clock.reset()
        hook.runtime.clear()


def is_enabled(module: Any) -> bool:
    """True when sparse attention sits on the transformer."""
    return hook_of(module) is not None


def find_transformers(pipe: Any) -> dict[str, Any]:
    """Transformers by attribute name.

    Raises:
        ModelError: none with Wan-like blocks.
    """
    found: dict[str, Any] = {
        n: getattr(pipe, n) for n in TRANSFORMERS if isinstance(getattr(pipe, n, None), nn.Module)
    }
    if not found and isinstance(pipe, nn.Module):
        found = {"transformer": pipe}
    found = {name: unwrap_module(module) for name, module in found.items()}  # of torch.compile
    for name, module in found.items():
        blocks = getattr(module, "blocks", None)
        if not blocks or not hasattr(blocks[0], "attn1"):
            raise ModelError(
                f"{name} ({type(module).__name__}) has no blocks with self-attention 'attn1'",
                "sparse attention runs on Wan2.1, Wan2.2 and SkyReels-V2 transformers",
            )
    if not found:
        raise ModelError(f"{type(pipe).__name__} has no transformer", "pass a Wan or SkyReels-V2 pipeline")
    return found


def model_size(model: Any) -> tuple[int, int]:
    """Layers and heads."""
    return len(model.blocks), int(model.blocks[0].attn1.heads)


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
