"""What a run did: one record per run, one a denoising step."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class StepRecord:
    """One denoising step, all guidance branches together.

    Attributes:
        index: from 0; for block-autoregressive clips, the row of the schedule.
        seconds: wall clock, accelerator drained.
        timestep: lowest and highest noise level the model saw, 0..1000.
        density: kept share of attention pairs, in [0, 1]; None: no sparse attention.
        refreshed_heads: heads whose sparse mask was recomputed in this step.
        reused_heads: heads that ran on a mask of an earlier step.
        executor: who computed the sparse layers; None: none was sparse.
        skipped_tokens: share of tokens whose layers were not computed, in [0, 1]; None: no step cache.
        executed_flops: of the transformer in this step, all branches; None: no step cache.
        skipped_flops: what computing everything would have cost more.
    """

    index: int
    seconds: float
    timestep: tuple[float, float] | None = None
    density: float | None = None
    refreshed_heads: int | None = None
    reused_heads: int | None = None
    executor: str | None = None
    skipped_tokens: float | None = None
    executed_flops: float | None = None
    skipped_flops: float | None = None


@dataclass(frozen=True)
class RunRecord:
    """Everything needed to repeat a run and to compare its speed.

    Attributes:
        labels: what a reader must know before quoting a figure, such as "random weights".
        settings: the whole config.
        phase_seconds: load, encode, prepare, denoise, decode, write.
        peak_host_bytes: high-water mark of the process, imports included.
        peak_device_bytes: of tensors on the accelerator; None on the CPU.
        attention: policy, executors, density and reuse of sparse attention; None: dense.
        blocks: of a clip made block by block: mode, FLOPs that the transformer executed, baselines, and bytes
            kept from step to step; None: whole forwards.
        stream: of a clip made chunk by chunk: chunks, levels, frames per second with decoding, bytes kept
            from chunk to chunk, prompts; None: decoded after the last step.
        cache: policy, executed and skipped FLOPs, decisions and bytes of a step cache; None: none.
        kernels: who computed dense, sparse and cross-attention, what was compiled, and the measurements that
            decided it; empty: everything as diffusers has it.
        sound: samples per second, channels and seconds of the video's sound; None: it has none.
        outputs: file by kind: video, sheet, record.
    """

    labels: tuple[str, ...]
    seed: int
    device: str
    device_name: str
    dtype: str
    prompt: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    model: Mapping[str, Any] = field(default_factory=dict)
    tokens: int = 0
    phase_seconds: Mapping[str, float] = field(default_factory=dict)
    steps: tuple[StepRecord, ...] = ()
    peak_host_bytes: int | None = None
    peak_device_bytes: int | None = None
    versions: Mapping[str, str | None] = field(default_factory=dict)
    commit: str | None = None
    attention: Mapping[str, Any] | None = None
    blocks: Mapping[str, Any] | None = None
    stream: Mapping[str, Any] | None = None
    cache: Mapping[str, Any] | None = None
    kernels: Mapping[str, Any] = field(default_factory=dict)
    sound: Mapping[str, Any] | None = None
    started_at: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    verdict: Mapping[str, Any] | None = None

    @property
    def seconds_per_step(self) -> float | None:
        """Median over the steps, the first left out (compilation, allocation) if there are others."""
        seconds = [step.seconds for step in self.steps[1:] or self.steps]
        return statistics.median(seconds) if seconds else None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, the summary first."""
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        steps = [dataclasses.asdict(step) for step in fields.pop("steps")]
        return {
            "schema_version": SCHEMA_VERSION,
            **{key: list(value) if isinstance(value, tuple) else value for key, value in fields.items()},
            "seconds_per_step": self.seconds_per_step,
            "steps": steps,
        }


class StepReporter(Protocol):
    """Something that acts inside the forwards, such as a sparse-attention or caching policy."""

    def step_report(self) -> Mapping[str, Any]:
        """What it did since the last call: values for `StepRecord` by field name."""


class Listener(Protocol):
    """Hears how a run proceeds; implementations print a bar, log lines, or nothing."""

    def phase(self, name: str, detail: str = "") -> None:
        """A phase begins."""

    def steps(self, total: int) -> None:
        """Denoising begins and will take `total` steps."""

    def step(self, record: StepRecord) -> None:
        """A denoising step is done."""

    def pictures(self, done: int, total: int, per_second: float) -> None:
        """So many frames of a clip that is streamed are decoded and handed on, at that rate so far."""

    def warning(self, text: str) -> None:
        """Something the user should know."""


class Silent:
    """A listener that says nothing."""

    def phase(self, name: str, detail: str = "") -> None:
        return

    def steps(self, total: int) -> None:
        return

    def step(self, record: StepRecord) -> None:
        return

    def pictures(self, done: int, total: int, per_second: float) -> None:
        return

    def warning(self, text: str) -> None:
        return
