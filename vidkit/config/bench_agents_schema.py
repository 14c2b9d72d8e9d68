"""Settings of `vidkit bench agents`. Imports nothing of ours and nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class AgentsSection(StrEnum):
    """What is measured."""

    schedule = "schedule"
    latency = "latency"
    gates = "gates"
    pair = "pair"
    groups = "groups"
    replay = "replay"
    load = "load"
    shapes = "shapes"


SUBSETS = ("existence", "attributes", "relations")


def _is_share(text: str) -> bool:
    try:
        return 0 < float(text) < 1
    except ValueError:
        return False


@dataclass
class PairBench:
    """The embedded pair (sections `gates`, `pair`, `groups`, `replay` and `load`)."""

    folder: str | None = None  # with other weights; none: those that ship
    columns: str | None = (
        None  # folder that keeps what models said of `calibrate` and `test` for the next run
    )
    calibrate: int = 900  # questions on which gates are calibrated; the small model answers them
    test: int = 600  # questions of `gates` and `replay`, of another split; both models answer them
    timed: int = 64  # questions of `pair`, `groups` and `load`
    batch: int = 8  # questions a pass
    workers: int = 16  # agents side by side
    gate: str = "min_prob"  # of `groups`, `replay`, `load`: margin, paper, min_prob, log_mean, entropy, blend
    risk: float = 0.1  # of `gates`: share of wrong among the believed, at most
    loss: float = (
        0.02  # of `pair`, `groups`, `replay`, `load`: the same, so that no more is lost to the agent
    )
    losses: list[float] = field(default_factory=list)  # of `replay`: the funnel's speed and accuracy at each
    stream_s: float = 5.0  # seconds of a stream of `load`, at least
    rounds: int = 3  # of `groups`: how often each engine runs, in turn; of `replay`: each pass
    stream: int = 2000  # questions of a stream of `replay`
    mixes: list[float] = field(default_factory=lambda: [0.5, 0.8, 0.95])  # shares that need no zoom
    subsets: list[str] = field(  # kinds of `groups`; "existence .8" is a mix of one
        default_factory=lambda: list(SUBSETS)
    )
    delta: float = 0.02  # probability that a threshold fails its promise
    splits: int = 100  # random divisions on which the promise is checked
    mix: float | None = None  # of `load`: share of the questions that need no zoom; none: as they are drawn
    loads: list[float] = field(default_factory=lambda: [0.5, 0.8])  # of what the batched agents can do
    faster: list[float] = field(  # further ones for the funnel, until two are slower than the agents
        default_factory=lambda: [1.2, 1.6, 2.0, 2.5, 3.0, 3.5]
    )

    def __post_init__(self) -> None:
        for name in ("calibrate", "test", "timed", "batch", "workers", "splits", "rounds", "stream"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be >= 1, got {getattr(self, name)}")
        for name in ("risk", "loss", "delta", "mix"):
            value = getattr(self, name)
            if value is not None and not 0 < value < 1:
                raise ValueError(f"{name} must be between 0 and 1, got {value}")
        for value in self.losses:
            if not 0 < value < 1:
                raise ValueError(f"losses must be between 0 and 1, got {value}")
        for value in (*self.loads, *self.faster):
            if not value > 0:
                raise ValueError(f"loads must be > 0, got {value}")
        if not self.stream_s > 0:
            raise ValueError(f"stream_s must be > 0, got {self.stream_s}")
        for value in self.mixes:
            if not 0 < value < 1:
                raise ValueError(f"mixes must be between 0 and 1, got {value}")
        for name in self.subsets:
            kind, _, share = name.partition(" ")
            if kind not in SUBSETS or (share and not _is_share(share)):
                raise ValueError(
                    f"unknown subset '{name}'\none of {', '.join(SUBSETS)}, each with a share such as .8"
                )


@dataclass
class ShapesBench:
    """Models of real shapes with random weights (section `shapes`); shares and depth are set."""

    small: str = "2b"  # 2b, 7b, tiny
    large: str = "7b"
    queries: int = 24
    alpha: float = 0.6
    beta: float = 0.7
    depth: int = 2  # steps of an agent
    step: int = 32  # new tokens of a step
    together: int = 8  # agents that share calls

    def __post_init__(self) -> None:
        for name in ("small", "large"):
            if getattr(self, name) not in ("2b", "7b", "tiny"):
                raise ValueError(f"{name} must be 2b, 7b or tiny, got {getattr(self, name)}")
        for name in ("queries", "depth", "step", "together"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be >= 1, got {getattr(self, name)}")
        for name in ("alpha", "beta"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be between 0 and 1, got {getattr(self, name)}")


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
    pair: PairBench = field(default_factory=PairBench)
    shapes: ShapesBench = field(default_factory=ShapesBench)
    output: str | None = None  # folder; none: outputs/bench/agents
    seed: int = 0  # of the order of queries, times and arrivals
    device: str = "auto"  # of the models; schedule and latency run on none
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
        if AgentsSection.load in self.sections and not self.pair.loads:
            raise ValueError("pair.loads=[] is empty\nname at least one, or leave the section load out")
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
