"""Settings of `vidkit bench caching`. Imports only other schemas, and nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from vidkit.config.schema import Dtype


class ClipSet(StrEnum):
    """What the clips show."""

    plain = "plain"  # mazes that the first frame determines
    extras = "extras"  # distractor balls beside, which the first frame does not tell of


class AttentionMode(StrEnum):
    """How the frames of a clip see each other."""

    bidirectional = "bidirectional"  # all frames move together and see each other
    # blocks of 4 latent frames, 5 steps apart; only those that move are computed
    block_causal = "block_causal"


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
    tokens = "tokens"  # our policy with single tokens between its full steps
    random = "random"  # the same with tokens drawn at random
    rate = "rate"  # by rate of change alone, whatever the age (as HSA)
    frame_difference = "frame_difference"  # by difference to the frame before (MotionCache's proxy)
    change = "change"
    oracle = "oracle"  # by the true change, which costs a whole forward to know: a bound, not a method


class Section(StrEnum):
    """Parts of the benchmark."""

    quality = "quality"  # clips of the embedded model, every policy
    clock = "clock"  # partial forwards at real shapes with random weights; for a GPU


class ClockShape(StrEnum):
    """What the clock is measured at."""

    skyreels_1_3b_540p = "skyreels_1_3b_540p"  # 97 frames, 51,000 tokens
    tiny = "tiny"  # to try it out


@dataclass
class BenchCachingSettings:
    sections: list[Section] = field(default_factory=lambda: [Section.quality])
    sets: list[ClipSet] = field(default_factory=lambda: [ClipSet.plain, ClipSet.extras])
    # how the frames of a clip see each other; each is a table of its own
    attention: list[AttentionMode] = field(default_factory=lambda: [AttentionMode.bidirectional])
    methods: list[CacheMethod] = field(default_factory=lambda: list(CacheMethod))
    steps: list[int] = field(default_factory=lambda: [20])  # N; each is a table of its own
    targets: list[float] = field(default_factory=lambda: [0.4])  # shares of the FLOPs without a cache
    clips: int = 4  # of each set, measured
    tune_clips: int = 2  # others of each set, on which settings and thresholds are found
    search: bool = True  # look for each row's best settings; false: defaults, set for the share alone
    size: int = 6  # cells per side of the mazes
    frames: int = 61  # pixel frames, 4 n + 1; fewer than 61 (the beginning of each clip) for a CPU
    batch: int = 1  # clips at once
    dtype: Dtype = Dtype.auto  # of the transformer; auto: fp32, so that rounding does not hide differences
    clock_shapes: list[ClockShape] = field(default_factory=lambda: [ClockShape.skyreels_1_3b_540p])
    clock_shares: list[float] = field(default_factory=lambda: [0.05, 0.1, 0.25, 0.5])  # of the tokens
    model_path: str | None = None  # a folder like the embedded model's; none: the embedded model
    seed: int = 0  # of mazes and noise
    work: str | None = None  # folder from which a killed run resumes; none: OUTPUT/work
    output: str | None = None  # folder; none: outputs/bench/caching
    device: str = "auto"  # auto, cpu, cuda, cuda:1
    dry_run: bool = False
    force: bool = False  # overwrite files in the output folder that vidkit did not write
    verbose: bool = False

    def __post_init__(self) -> None:
        for name in (
            "sections",
            "sets",
            "attention",
            "methods",
            "steps",
            "targets",
            "clock_shapes",
            "clock_shares",
        ):
            if not getattr(self, name):
                raise ValueError(f"{name}=[] is empty\nname at least one, or leave {name} out")
        if min(self.steps) < 8:
            raise ValueError(f"steps={self.steps}: caching needs 8 or more steps")
        if not all(0 < target <= 1 for target in self.targets):
            raise ValueError(f"targets must be in (0, 1], got {self.targets}")
        if not all(0 < share < 1 for share in self.clock_shares):
            raise ValueError(f"clock_shares must be between 0 and 1, got {self.clock_shares}")
        if not 9 <= self.frames <= 61 or self.frames % 4 != 1:
            raise ValueError(f"frames must be 9, 13, .. 61, got {self.frames}")
        if AttentionMode.block_causal in self.attention and (self.frames + 3) % 16:
            raise ValueError(
                f"frames={self.frames}: attention=block_causal takes whole blocks of 4 latent frames"
                "\nuse frames=61, or for a CPU frames=29 or 45"
            )
        if not 4 <= self.size <= 8:
            raise ValueError(f"size must be in 4..8, got {self.size}")
        for name in ("clips", "tune_clips", "batch"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be >= 1, got {getattr(self, name)}")

    @property
    def latent_frames(self) -> int:
        return (self.frames - 1) // 4 + 1
