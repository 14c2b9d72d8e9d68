"""Settings of `vidkit bench caching`. Imports only other schemas, and nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from vidkit.config.schema import Dtype


class ClipSet(StrEnum):
    """What the clips show."""

    plain = "plain"  # mazes that the first frame determines
    extras = "extras"  # distractor balls beside, which the first frame does not tell of


class CacheMethod(StrEnum):
    """Rows of the table: policies, the baseline, and rankers of single tokens beside ours."""

    fewer_steps = "fewer_steps"
    interval = "interval"
    teacache = "teacache"
    magcache = "magcache"
    first_block = "first_block"
    taylor = "taylor"
    seacache = "seacache"
    flowcache = "flowcache"
    motioncache = "motioncache"
    random = "random"  # our policy with tokens drawn at random
    rate = "rate"  # by rate of change alone, whatever the age (as HSA)
    frame_difference = "frame_difference"  # by difference to the frame before (MotionCache's proxy)
    change = "change"
    oracle = "oracle"  # by the true change, which costs a whole forward to know: a bound, not a method


@dataclass
class BenchCachingSettings:
    sets: list[ClipSet] = field(default_factory=lambda: [ClipSet.plain, ClipSet.extras])
    methods: list[CacheMethod] = field(default_factory=lambda: list(CacheMethod))
    steps: list[int] = field(default_factory=lambda: [20])  # N; each is a table of its own
    targets: list[float] = field(default_factory=lambda: [0.4])  # shares of the FLOPs without a cache
    clips: int = 4  # of each set, measured
    tune_clips: int = 2  # others of each set, on which settings and thresholds are found
    size: int = 6  # cells per side of the mazes
    batch: int = 1  # clips at once
    dtype: Dtype = Dtype.auto  # of the transformer; auto: fp32, so that rounding does not hide differences
    seed: int = 0  # of mazes and noise
    work: str | None = None  # folder from which a killed run resumes; none: OUTPUT/work
    output: str | None = None  # folder; none: outputs/bench/caching
    device: str = "auto"  # auto, cpu, cuda, cuda:1
    dry_run: bool = False
    force: bool = False  # overwrite files in the output folder that vidkit did not write
    verbose: bool = False

    def __post_init__(self) -> None:
        for name in ("sets", "methods", "steps", "targets"):
            if not getattr(self, name):
                raise ValueError(f"{name}=[] is empty\nname at least one, or leave {name} out")
        if min(self.steps) < 8:
            raise ValueError(f"steps={self.steps}: caching needs 8 or more steps")
        if not all(0 < target <= 1 for target in self.targets):
            raise ValueError(f"targets must be in (0, 1], got {self.targets}")
        if not 4 <= self.size <= 8:
            raise ValueError(f"size must be in 4..8, got {self.size}")
        for name in ("clips", "tune_clips", "batch"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be >= 1, got {getattr(self, name)}")
