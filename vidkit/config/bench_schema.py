"""Settings of `vidkit bench`, a class each benchmark. Imports only other schemas, and nothing heavy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from vidkit.config.schema import Dtype


class AttentionSection(StrEnum):
    rates = "rates"  # dense libraries and every executor at densities 1, .5, .25, .1
    prediction = "prediction"  # parts of mask prediction, against dense attention
    memory = "memory"  # cached masks, and the peak of one prediction
    loop = "loop"  # denoising loops of whole transformers
    launch = "launch"  # launch configurations of the Triton kernel; CUDA only


@dataclass
class BenchAttentionSettings:
    # of rates, prediction, memory, loop, launch (configurations of the Triton kernel, CUDA only)
    sections: list[AttentionSection] = field(
        default_factory=lambda: [
            AttentionSection.rates,
            AttentionSection.prediction,
            AttentionSection.memory,
            AttentionSection.loop,
        ]
    )
    shapes: list[str] | None = None  # of attention; none: Wan's on CUDA, small ones on a CPU
    loops: list[str] | None = None  # models that are denoised; none: Wan2.1-1.3B on CUDA, a tiny one on a CPU
    dtype: Dtype = Dtype.auto
    output: str | None = None  # folder; none: outputs/bench/attention
    seed: int = 0  # of Q, K and V; block lists, weights and noise have seeds of their own
    device: str = "auto"  # auto, cpu, cuda, cuda:1
    dry_run: bool = False
    force: bool = False  # overwrite files in the output folder that vidkit did not write
    verbose: bool = False

    def __post_init__(self) -> None:
        _not_empty("sections", self.sections)
        for name in ("shapes", "loops"):
            _not_empty(name, getattr(self, name))


_MOST_FEATURES = 100_000_000  # numbers of a made array, 800 MB


class SelectFramesSection(StrEnum):
    planted = "planted"  # recall, coverage, redundancy of every method on videos with known events
    tokens = "tokens"  # events read under a budget of vision tokens: few large, many small pictures
    selectors = "selectors"  # time of selection alone, on made arrays
    stages = "stages"  # time by stage of one video, against decoding alone
    hour = "hour"  # the same on an hour, with the peak of memory
    manifest = "manifest"  # a data set on one worker and on several
    qa = "qa"  # answers from the frames: an oracle, and the embedded pair of models


@dataclass
class PlantedSettings:
    """Videos with planted events."""

    videos: int = 6
    duration_s: int = 240  # each
    events: int = 6  # that answer the query, a video; twice as many distractors
    budgets: list[int] = field(default_factory=lambda: [8, 16, 32, 64])  # frames kept
    resamples: int = 2000  # of the bootstrap over videos

    def __post_init__(self) -> None:
        _check_planted(self, least_events=1, least_budget=1)


@dataclass
class TokensSettings:
    """Videos with planted events of two sizes, and an oracle that needs an object two tokens high."""

    videos: int = 4
    duration_s: int = 240  # each
    events: int = 6
    budgets: list[int] = field(default_factory=lambda: [512, 1024, 2048])  # vision tokens
    resamples: int = 2000  # of the bootstrap over videos

    def __post_init__(self) -> None:
        _check_planted(self, least_events=2, least_budget=16)


def _check_planted(settings: PlantedSettings | TokensSettings, least_events: int, least_budget: int) -> None:
    """Refuse numbers that drawn videos with planted events cannot have."""
    for name in ("videos", "resamples"):
        _at_least(name, getattr(settings, name), 1)
    _at_least("events", settings.events, least_events)
    needed = 24 * settings.events + 16
    if settings.duration_s < needed:
        raise ValueError(
            f"duration_s={settings.duration_s} leaves no room for {settings.events} events and their"
            f" distractors\ngive at least {needed} s"
        )
    _not_empty("budgets", settings.budgets)
    for budget in settings.budgets:
        _at_least("budgets", budget, least_budget)


@dataclass
class QaSettings:
    """Drawn videos with questions whose evidence lies in one, two or four moments."""

    videos: int = 4
    duration_s: int = 240  # each
    budgets: list[int] = field(default_factory=lambda: [8, 16, 32])  # frames kept
    readers: list[str] = field(
        default_factory=lambda: ["small", "agent"]
    )  # embedded models; []: the oracle alone
    sure: float = 0.9  # probability from which a model believes that a picture shows the object
    resamples: int = 2000  # of the bootstrap over videos

    def __post_init__(self) -> None:
        for name in ("videos", "resamples"):
            _at_least(name, getattr(self, name), 1)
        _at_least("duration_s", self.duration_s, 90)
        _not_empty("budgets", self.budgets)
        for budget in self.budgets:
            _at_least("budgets", budget, 1)
        for name in self.readers:
            if name not in ("small", "agent"):
                raise ValueError(
                    f"unknown reader '{name}'\nsmall, agent, or none of them: the oracle is always there"
                )
        if not 0 < self.sure < 1:
            raise ValueError(f"sure must be between 0 and 1, got {self.sure}")


@dataclass
class SelectorsSettings:
    """Made arrays; the defaults are an hour at 1 fps with BLIP-2's features."""

    candidates: int = 3600
    dim: int = 1408  # of the features
    k: int = 64  # frames kept
    runs: int = 9

    def __post_init__(self) -> None:
        for name in ("candidates", "dim", "k", "runs"):
            _at_least(name, getattr(self, name), 1)
        if self.candidates * self.dim > _MOST_FEATURES:
            raise ValueError(
                f"candidates={self.candidates} of dim={self.dim} are more than {_MOST_FEATURES} numbers"
                "\nlower one of them: they are drawn in memory"
            )


@dataclass
class StagesSettings:
    """One video, 1280x720 at 30 fps, H.264."""

    video: str | None = None  # a file of your own; none: drawn
    duration_s: int = 60  # of the drawn one
    query: str = "two red stars"  # for the embedded network; "red" is measured in the pictures without it
    k: int = 16  # frames kept
    runs: int = 3  # fresh processes each

    def __post_init__(self) -> None:
        for name in ("duration_s", "k", "runs"):
            _at_least(name, getattr(self, name), 1)


@dataclass
class BenchManifestSettings:
    """A data set of short clips, 640x360 at 30 fps."""

    clips: int = 200
    clip_s: int = 8
    workers: int = 2  # compared with one

    def __post_init__(self) -> None:
        for name in ("clips", "clip_s"):
            _at_least(name, getattr(self, name), 1)
        _at_least("workers", self.workers, 2)


@dataclass
class BenchSelectFramesSettings:
    # of planted, tokens, qa, selectors, stages, hour (stages of 3600 s), manifest
    sections: list[SelectFramesSection] = field(
        default_factory=lambda: [
            SelectFramesSection.planted,
            SelectFramesSection.selectors,
            SelectFramesSection.stages,
        ]
    )
    methods: list[str] | None = None  # none: all; planted leaves omp out, which needs a two-tower encoder
    planted: PlantedSettings = field(default_factory=PlantedSettings)
    tokens: TokensSettings = field(default_factory=TokensSettings)
    qa: QaSettings = field(default_factory=QaSettings)
    selectors: SelectorsSettings = field(default_factory=SelectorsSettings)
    stages: StagesSettings = field(default_factory=StagesSettings)
    manifest: BenchManifestSettings = field(default_factory=BenchManifestSettings)
    encoder: str | None = None  # of stages, hour and manifest: hub id or folder; none: what is embedded
    folder: str | None = None  # keeps the drawn videos for the next run; none: a temporary folder
    output: str | None = None  # folder; none: outputs/bench/select_frames
    seed: int = 0  # of videos, arrays and intervals
    device: str = "auto"  # of the encoder
    dry_run: bool = False
    force: bool = False  # overwrite files in the output folder that vidkit did not write
    verbose: bool = False

    def __post_init__(self) -> None:
        _not_empty("sections", self.sections)
        _not_empty("methods", self.methods)


def _not_empty(name: str, values: Sequence[object] | None) -> None:
    if values is not None and not values:
        raise ValueError(f"{name}=[] is empty\nname at least one, or leave {name} out")


def _at_least(name: str, value: int, low: int) -> None:
    if value < low:
        raise ValueError(f"{name} must be >= {low}, got {value}")
