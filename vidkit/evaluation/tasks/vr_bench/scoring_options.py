"""`benchmark.NAME=VALUE` of the runs that score clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from vidkit.evaluation.tasks.vr_bench.clip_score import Metrics
from vidkit.evaluation.tasks.vr_bench.level_set import Picked
from vidkit.mazes.tracking.trackers import TRACKERS


@dataclass(frozen=True)
class ScoringOptions:
    """`benchmark.NAME=VALUE` of runs that score clips."""

    # of the authors' metrics: ncc (their code's default), csrt (their paper's) or robust (vidkit's own)
    tracker: Literal["ncc", "csrt", "robust"] = "ncc"
    split: str = ""  # eval, train or all; empty: eval where there is one
    types: Sequence[str] = ()  # maze types; empty: all
    difficulties: Sequence[str] = ()  # easy, medium, hard; empty: all
    skins: Sequence[str] = ()  # names of the skins' folders; empty: all
    eps: float = 0.05  # tolerance of the authors' PR, as a share of width and height
    points: int = 1000  # points at which the authors' PR compares
    gallery: int = 120  # maximum number of clips on the page
    name: str = ""  # name of the model in tables; empty: the folder's name

    def __post_init__(self) -> None:
        if self.tracker not in TRACKERS:
            raise ValueError(f"tracker={self.tracker} is unknown\nchoose from: {', '.join(TRACKERS)}")
        for name, least in (("eps", 0), ("points", 2), ("gallery", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or value < least:
                raise ValueError(f"{name}={value} is too small or not a number\ngive {least} or more")
        for name in ("types", "difficulties", "skins"):
            if isinstance(getattr(self, name), str):
                raise ValueError(f"{name} is one word, not a list\ngive benchmark.{name}=[...]")

    @property
    def picked(self) -> Picked:
        """Which levels are meant."""
        return Picked.of_words(self.split, self.types, self.difficulties, self.skins)

    @property
    def metrics(self) -> Metrics:
        """How the authors' metrics are computed."""
        return Metrics(self.tracker, float(self.eps), int(self.points))
