"""Settings of `vidkit bench agents`. Imports nothing of ours and nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class AgentsSection(StrEnum):
    """What is measured."""

    schedule = "schedule"
    latency = "latency"


@dataclass
class BenchAgentsSettings:
    sections: list[AgentsSection] = field(
        default_factory=lambda: [AgentsSection.schedule, AgentsSection.latency]
    )
    alphas: list[float] = field(default_factory=lambda: [0.0, 0.5, 0.9])  # shares of drafts believed
    betas: list[float] = field(default_factory=lambda: [0.3, 0.6, 0.9])  # shares screened as tool-free
    workers: list[int] = field(default_factory=lambda: [1, 4])  # agents side by side
    batches: list[int] = field(default_factory=lambda: [1, 6])  # queries per screening and drafting call
    queries: int = 256  # of each schedule
    screen_s: float = 0.15  # seconds of a screening call, whatever its batch
    draft_s: float = 0.25  # of a drafting call
    agent_s: float = 6.0  # of an agent's whole loop
    jitter: float = 0.5  # share by which every time is drawn up or down in `latency`
    loads: list[float] = field(default_factory=lambda: [0.5, 0.7, 0.9])  # of the agents' capacity, `latency`
    output: str | None = None  # folder; none: outputs/bench/agents
    seed: int = 0  # of the order of queries, times and arrivals
    device: str = "auto"  # nothing here runs on one
    dry_run: bool = False
    force: bool = False  # overwrite files in the output folder that vidkit did not write
    verbose: bool = False

    def __post_init__(self) -> None:
        for name in ("sections", "alphas", "betas", "workers", "batches", "loads"):
            if not getattr(self, name):
                raise ValueError(f"{name}=[] is empty\nname at least one, or leave {name} out")
        for name in ("alphas", "betas"):
            for value in getattr(self, name):
                if not 0 <= value <= 1:
                    raise ValueError(f"{name} must be between 0 and 1, got {value}")
        for name in ("workers", "batches"):
            for value in getattr(self, name):
                if value < 1:
                    raise ValueError(f"{name} must be >= 1, got {value}")
        if self.queries < 1:
            raise ValueError(f"queries must be >= 1, got {self.queries}")
        for name in ("screen_s", "draft_s"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} must be >= 0, got {getattr(self, name)}")
        if not self.agent_s > 0:
            raise ValueError(f"agent_s must be > 0, got {self.agent_s}")
        if not 0 <= self.jitter < 1:
            raise ValueError(f"jitter must be in [0, 1), got {self.jitter}")
        for value in self.loads:
            if not value > 0:
                raise ValueError(f"loads must be > 0, got {value}")
