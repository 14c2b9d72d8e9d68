"""Sparse attention as a command puts it on a pipeline: refused early, enabled late, told in the record.

Dense attention touches nothing and imports nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkit.config.attention_schema import AttentionSettings, Predictor, Reuse
from vidkit.errors import ConfigError
from vidkit.utils.fingerprint import weights_fingerprint

if TYPE_CHECKING:
    from vidkit.attention import AttentionHandle, AttentionPolicy
    from vidkit.generation.record import StepReporter
    from vidkit.generation.spec import ModelSpec, Request

_OF_MASKS = ("tau", "reuse", "pre_rope", "share_cfg_mask", "dense_layers", "executor", "compensate")


@dataclass
class SparseRun:
    """The policy of one run; `policy` is None for dense attention.

    Attributes:
        unused: settings of masks that were given, though attention is dense.
    """

    policy: AttentionPolicy | None = None
    unused: tuple[str, ...] = ()
    _handle: AttentionHandle | None = field(default=None, repr=False)

    def check(self, spec: ModelSpec, request: Request) -> list[str]:
        """Refuse a table that does not fit; say where the policy will have no effect.

        Raises:
            ConfigError: the table was made for another model, predictor or size; or the predictor cannot keep
                text exact that shares the video's attention.
        """
        if self.policy is None:
            told = ", ".join(f"attention.{name}" for name in self.unused)
            return [f"{told} without effect: attention=dense has no masks"] if told else []
        from vidkit.generation.cost import estimate_cost
        from vidkit.generation.plan import window_rows

        check_text(self.policy.predictor, spec)
        self.policy.thresholds(spec.attention_layers, spec.heads)
        notes = [] if self.policy.note is None else [self.policy.note]
        if request.by_blocks:
            return [*notes, "sparse attention has no effect: clips that are made block by block run dense"]
        rows = max(rows for _, rows in window_rows(spec, request))
        policy, tokens = self.policy, estimate_cost(spec, request, with_encoders=False).tokens
        for name, dense, limit in (
            ("dense_steps", policy.dense_steps >= rows, f"steps={rows}"),
            ("dense_layers", policy.dense_layers >= spec.layers, f"the model has {spec.layers} layers"),
            ("min_tokens", policy.min_tokens > tokens, f"the clip has {tokens:,} tokens"),
        ):
            if dense:
                notes.append(f"every step runs dense: attention.{name}={getattr(policy, name)}, {limit}")
        return notes

    @contextmanager
    def on(self, pipe: Any) -> Iterator[Sequence[StepReporter]]:
        """Enable for the length of a block; gives what reports into the steps' records."""
        if self.policy is None:
            yield ()
            return
        from vidkit.attention import enable

        with enable(pipe, self.policy) as self._handle:
            yield (self._handle,)

    @property
    def handle(self) -> AttentionHandle | None:
        """Of what is on the pipeline, or was last; None: dense."""
        return self._handle

    def report(self) -> dict[str, Any] | None:
        """Policy, executors, density and reuse of the run; None if dense."""
        return None if self._handle is None else self._handle.report()


def check_text(predictor: Any, spec: ModelSpec) -> None:
    """Refuse a predictor that cannot keep text exact where it shares the video's attention.

    Raises:
        ConfigError: it does there.
    """
    from vidkit.generation.stock import stock_of

    stock = stock_of(spec.family)
    if stock is None or predictor is None:
        return
    from vidkit.attention.predictors import keeps_text
    from vidkit.hooks.families import FAMILIES, adapter_of

    if not keeps_text(predictor, adapter_of(FAMILIES[stock.transformer]).text):
        raise ConfigError(
            f"attention={predictor.name} does not run on '{spec.name}': its text shares the video's"
            " attention and must be kept exact",
            "use attention=xattention or attention=haste_xattention",
        )


def _unused(settings: AttentionSettings) -> tuple[str, ...]:
    """Settings of masks that are not the default; sizes of blocks and of the warm-up come with configs."""
    usual = AttentionSettings()
    return tuple(name for name in _OF_MASKS if getattr(settings, name) != getattr(usual, name))


def is_dense(settings: AttentionSettings) -> bool:
    """Whether nothing is to be enabled; a table without a predictor is left for the policy to refuse."""
    return settings.predictor is Predictor.DENSE and settings.table in (None, "", "auto")


def prepare(
    settings: AttentionSettings, model: str, needs_delta: bool = True, folder: Path | None = None
) -> SparseRun:
    """Build the policy and read its table, before any weight is loaded.

    Args:
        settings: `attention=...`.
        model: name that a table must have been made for.
        needs_delta: False for a calibration, which is what finds delta for reuse=tmr_auto.
        folder: of the model's files, to tell which weights a table must have been made on; None: not known.

    Raises:
        ConfigError: values that do not go together.
        DataError: a table file that cannot be used.
    """
    if is_dense(settings):
        return SparseRun(unused=_unused(settings))
    if not needs_delta:
        settings = dataclasses.replace(settings, reuse=Reuse.NEVER, table=None)
    from vidkit.utils.quiet import quiet_libraries

    with quiet_libraries():
        from vidkit.attention import build_policy

        weights = None if folder is None else weights_fingerprint(folder / "transformer")
        return SparseRun(build_policy(settings, model, weights))
