"""Settings of `vidkit bench vr-bench`. Imports nothing of ours and nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class VrBenchSection(StrEnum):
    truth = "truth"  # trackers on clips whose way is known
    adversarial = "adversarial"  # clips that cheat: share called a success
    speed = "speed"  # levels, frames encoded and frames tracked per second


class Tracker(StrEnum):
    robust = "robust"  # ours
    ncc = "ncc"  # the authors' default
    csrt = "csrt"  # the one of the authors' paper; needs opencv-contrib-python-headless < 5


@dataclass
class TruthSettings:
    """Clips as the maker writes them, read back and tracked."""

    seeds: int = 1  # levels of each type, difficulty and skin
    trackers: list[Tracker] = field(default_factory=lambda: [Tracker.robust, Tracker.ncc])
    compared: int = 1  # seeds on which the trackers after the first are measured too
    size: int | None = 512  # side of the clips; none: native
    frames: int = 193  # of a clip at most, where the solution fits into them
    levels: str | None = None  # folder of further levels with clips, such as the authors'
    share: float = 1.0  # of the clips that is measured, spread evenly; the rest is left for later

    def __post_init__(self) -> None:
        for name in ("seeds", "compared"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be >= 1, got {getattr(self, name)}")
        if not 0 < self.share <= 1:
            raise ValueError(f"share must be in (0, 1], got {self.share}")
        if not self.trackers:
            raise ValueError("trackers=[] is empty\nname at least one")
        _even("size", self.size)
        if self.frames < 9:
            raise ValueError(f"frames must be >= 9, got {self.frames}")


@dataclass
class AdversarialSettings:
    """Nine ways to cheat on every level, and the honest clip beside them."""

    seeds: int = 1  # levels of each type, difficulty and skin
    size: int = 256  # side of the clips
    frames: int = 61  # of a cheating clip
    tracker: Tracker = Tracker.ncc  # of the official side
    share: float = 1.0  # of the levels that is measured, spread evenly

    def __post_init__(self) -> None:
        if self.seeds < 1:
            raise ValueError(f"seeds must be >= 1, got {self.seeds}")
        if not 0 < self.share <= 1:
            raise ValueError(f"share must be in (0, 1], got {self.share}")
        _even("size", self.size)
        if self.frames < 25:
            raise ValueError(f"frames must be >= 25, got {self.frames}")


@dataclass
class SpeedSettings:
    """By type, levels of all difficulties alike."""

    levels: int = 2  # of each difficulty, rendered and tracked
    states: int = 40  # of each difficulty, whose states are made
    size: int = 512  # side of the tracked clips
    runs: int = 3

    def __post_init__(self) -> None:
        for name in ("levels", "states", "runs"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be >= 1, got {getattr(self, name)}")
        _even("size", self.size)


def _even(name: str, side: int | None) -> None:
    if side is not None and (side < 64 or side % 2):
        raise ValueError(f"{name} must be an even number of pixels >= 64, got {side}")


@dataclass
class BenchVrBenchSettings:
    sections: list[VrBenchSection] = field(
        default_factory=lambda: [VrBenchSection.truth, VrBenchSection.adversarial, VrBenchSection.speed]
    )
    types: list[str] = field(default_factory=list)  # of mazes; none: all five
    difficulties: list[str] = field(default_factory=list)  # none: easy, medium, hard
    skins: list[str] = field(default_factory=list)  # names; none: all
    truth: TruthSettings = field(default_factory=TruthSettings)
    adversarial: AdversarialSettings = field(default_factory=AdversarialSettings)
    speed: SpeedSettings = field(default_factory=SpeedSettings)
    workers: int = 2  # processes
    authors: str | None = None  # checkout of the authors' code, whose tools are measured in `speed`
    authors_python: str | None = None  # Python with its packages; none: this one
    work: str | None = None  # folder from which a stopped run resumes; none: OUTPUT/work
    output: str | None = None  # folder; none: outputs/bench/vr_bench
    seed: int = 0  # first seed of the levels
    device: str = "auto"  # nothing here runs on one
    dry_run: bool = False
    force: bool = False  # overwrite files in the output folder that vidkit did not write
    verbose: bool = False

    def __post_init__(self) -> None:
        if not self.sections:
            raise ValueError("sections=[] is empty\nname at least one, or leave sections out")
        if self.workers < 1:
            raise ValueError(f"workers must be >= 1, got {self.workers}")
        if self.seed < 0:
            raise ValueError(f"seed must be >= 0, got {self.seed}")
