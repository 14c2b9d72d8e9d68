"""Settings of `vidkit calibrate gate`. Imports nothing of ours and nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class CalibrateGateSettings:
    task: str = ""  # benchmark, name or YAML file
    data: str | None = None  # its questions with answers
    predictions: str | None = None  # log of the small model's run, with log-probabilities kept
    model: str | None = (
        None  # the small model's name, as draft.model will be; none: as the run's manifest says
    )
    # of the score: margin, paper, min_prob, log_mean, entropy; best: whichever tells right from wrong best on
    # a third of the drafts, which the threshold is then not found on
    kind: str = "best"
    k: int | None = None  # alternatives per token that count; none: as many as the log holds
    risk: float = 0.05  # share of wrong drafts among the believed, at most
    delta: float = 0.05  # probability that this does not hold
    # clopper-pearson: of the believed, at most `risk` are wrong, with probability 1 - delta;
    # conformal: of all drafts, at most `risk` are believed and wrong, on average
    method: str = "clopper-pearson"
    output: str | None = None  # gate file, .json, with its plot beside it; none: gate.json
    force: bool = False  # overwrite files that vidkit did not write
    dry_run: bool = False
    verbose: bool = False

    def __post_init__(self) -> None:
        for name in ("risk", "delta"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(f"{name} must be between 0 and 1, both excluded, got {getattr(self, name)}")
        if self.method not in ("clopper-pearson", "conformal"):
            raise ValueError(f"method must be clopper-pearson or conformal, got {self.method}")
        if self.k is not None and self.k < 3:
            raise ValueError(f"k must be >= 3, got {self.k}")
