"""One point of the sweep: a choice on each axis, in words and as settings of `vidkit generate`."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from vidkit.config.attention_schema import AttentionSettings, Backend
from vidkit.config.cache_schema import CacheSettings
from vidkit.config.schema import Dtype, GenerateSettings, Quantize
from vidkit.config.tune_schema import Precision

AXES = ("steps", "attention", "cache", "precision")


@dataclass(frozen=True)
class Setting:
    """Changes to the reference; an empty one is the reference itself.

    Attributes:
        steps: denoising steps; None: as many as the reference.
        attention: preset and tau; None: dense.
        cache: policy, knob and value of the knob; None: no cache.
        precision: None: that of the config.
    """

    steps: int | None = None
    attention: tuple[str, float | None] | None = None
    cache: tuple[str, str | None, float | None] | None = None
    precision: Precision | None = None

    @property
    def axes(self) -> tuple[str, ...]:
        """What is changed."""
        return tuple(name for name in AXES if getattr(self, name) is not None)

    @property
    def name(self) -> str:
        """In words, unique."""
        parts = []
        if self.steps is not None:
            parts.append(f"{self.steps} steps")
        if self.attention is not None:
            preset, tau = self.attention
            parts.append(f"{preset}" + ("" if tau is None else f" tau {tau:g}"))
        if self.cache is not None:
            policy, knob, value = self.cache
            parts.append(f"cache {policy}" + ("" if knob is None else f" {knob} {value:g}"))
        if self.precision is not None:
            parts.append(self.precision.value.replace("_", " "))
        return " + ".join(parts) or "reference"

    def joined(self, other: Setting) -> Setting:
        """Both changes; `other` changes other axes."""
        changes = {name: getattr(other, name) for name in other.axes}
        return dataclasses.replace(self, **changes)


REFERENCE = Setting()


@dataclass(frozen=True)
class Ladder:
    """Settings of one axis and method, from the mildest change to the strongest."""

    axis: str
    settings: tuple[Setting, ...]


def reference_of(base: GenerateSettings) -> GenerateSettings:
    """What every clip is compared with: dense attention, no cache, all steps, nothing in 8 bits."""
    attention = dataclasses.replace(_copied(base.attention), predictor="dense", reuse="never", table=None)
    if attention.backend in (Backend.SAGE, Backend.INT8, Backend.FP8):
        attention.backend = Backend.AUTO
    model = dataclasses.replace(base.model, quantize=Quantize.none)
    return dataclasses.replace(base, attention=attention, cache=CacheSettings(), model=model)


def applied(reference: GenerateSettings, setting: Setting) -> GenerateSettings:
    """Settings of `vidkit generate` for a point of the sweep.

    Args:
        reference: from `reference_of`.
        setting: changes.
    """
    made = dataclasses.replace(reference, attention=_copied(reference.attention))
    if setting.steps is not None:
        made.steps = setting.steps
    if setting.attention is not None:
        made.attention = _sparse(reference, *setting.attention, steps=made.steps)
    if setting.cache is not None:
        policy, knob, value = setting.cache
        made.cache = CacheSettings(policy, settings={} if knob is None else {knob: value})
    if setting.precision is not None:
        made = _with_precision(made, setting.precision)
    return made


def _sparse(reference: GenerateSettings, name: str, tau: float | None, steps: int) -> AttentionSettings:
    """A preset on top of the config's own blocks; the dense share of the steps stays as it is."""
    from vidkit.attention.presets import preset

    own, chosen = reference.attention, preset(name)
    dense = own.dense_steps or chosen.dense_steps
    return dataclasses.replace(
        own,
        predictor=chosen.predictor,
        reuse=chosen.reuse,
        table=chosen.table,
        tau=chosen.tau if tau is None else tau,
        dense_steps=max(1, round(dense * steps / reference.steps)) if dense else 0,
        settings={**chosen.settings, **own.settings},
    )


def _with_precision(made: GenerateSettings, precision: Precision) -> GenerateSettings:
    if precision in (Precision.bf16, Precision.fp16, Precision.fp32):
        return dataclasses.replace(made, dtype=Dtype(precision.value))
    if precision in (Precision.linear_fp8, Precision.linear_int8):
        quantize = Quantize(precision.value.removeprefix("linear_"))
        return dataclasses.replace(made, model=dataclasses.replace(made.model, quantize=quantize))
    made.attention.backend = Backend(precision.value.removeprefix("attention_"))
    return made


def _copied(attention: AttentionSettings) -> AttentionSettings:
    return dataclasses.replace(attention, settings=dict(attention.settings))
