"""Settings of `vidkit bench attention-quality`. Imports only other schemas, and nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from vidkit.config.attention_schema import ExecutorName, Keep
from vidkit.config.schema import Dtype


class Family(StrEnum):
    xattention = "xattention"
    svg2 = "svg2"


@dataclass
class BenchAttentionQualitySettings:
    families: list[Family] = field(default_factory=lambda: [Family.xattention, Family.svg2])
    steps: list[int] = field(default_factory=lambda: [5])  # denoising steps; each is a table of its own
    sizes: list[int] = field(default_factory=lambda: [4, 5, 6, 7, 8])  # cells per side of the mazes
    mazes: int = 2  # of each size, measured
    tune_mazes: int = 2  # others, on which densities are matched
    calibrate_mazes: int = 6  # others, on which heads are calibrated; the last one is held out
    tau: float = 0.9  # of the base rows; their density is what the other rows are matched to
    candidates: list[float] = field(default_factory=lambda: [0.85, 0.9, 0.95])  # of the tables; tau is one
    reuse_share: float = 0.67  # of the masks that could be reused at all, wanted from TMR
    block: int | None = None  # xattention: tokens per block; none: the demo's
    stride: int | None = None  # xattention: tokens; none: the demo's
    svg2_block: int | None = None  # svg2: tokens per executed block; none: the demo's
    query_clusters: int | None = None  # svg2; none: the demo's
    key_clusters: int | None = None  # svg2; none: the demo's
    always_keep: list[Keep] | None = None  # blocks kept whatever the scores say; none: the demo's
    executor: ExecutorName = ExecutorName.AUTO  # auto: gather on a CPU, masked on a GPU (any block size)
    batch: int = 1  # clips at once
    dtype: Dtype = Dtype.auto  # of the transformer; auto: fp32, so that rounding does not hide differences
    model_path: str | None = None  # a folder like the embedded model's; none: the embedded model
    work: str | None = None  # folder from which a killed run resumes; none: OUTPUT/work
    output: str | None = None  # folder; none: outputs/bench/attention_quality
    seed: int = 0  # of mazes, noise and calibration
    device: str = "auto"  # auto, cpu, cuda, cuda:1
    dry_run: bool = False
    force: bool = False  # overwrite files in the output folder that vidkit did not write
    verbose: bool = False

    def __post_init__(self) -> None:
        for name in ("families", "steps", "sizes"):
            if not getattr(self, name):
                raise ValueError(f"{name}=[] is empty\nname at least one, or leave {name} out")
        if min(self.steps) < 3:
            raise ValueError(f"steps={self.steps}: mask reuse needs 3 or more steps")
        if not set(self.sizes) <= set(range(4, 9)):
            raise ValueError(f"sizes must be in 4..8, got {self.sizes}")
        for name, low in (
            ("mazes", 1),
            ("tune_mazes", 1),
            ("calibrate_mazes", 2),
            ("batch", 1),
            ("block", 1),
        ):
            value = getattr(self, name)
            if value is not None and value < low:
                raise ValueError(f"{name} must be >= {low}, got {value}")
        taus = self.candidates
        if not taus or taus != sorted(set(taus)) or not 0 < taus[0] <= taus[-1] <= 1:
            raise ValueError(f"candidates={taus} must be ascending, different and in (0, 1]")
        if self.tau not in taus or self.tau == 1:
            raise ValueError(f"tau={self.tau:g} must be one of candidates={taus} and below 1")
        if not 0 <= self.reuse_share <= 1:
            raise ValueError(f"reuse_share must be in [0, 1], got {self.reuse_share}")
