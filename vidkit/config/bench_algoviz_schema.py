"""Settings of `vidkit bench algoviz`. Imports nothing of ours and nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class ProgramForm(StrEnum):
    """What a program is."""

    tracker = "tracker"  # it tells its own trace
    script = "script"  # an ordinary program, watched
    manim = "manim"  # the end-to-end baseline: code for Manim, no trace


@dataclass
class BenchAlgovizSettings:
    programs: str | None = None  # folder of TASK.py, or `reference`: our own solutions, watched
    model: str | None = None  # name of a served model, asked for every program
    base_url: str | None = None  # of its OpenAI-compatible server
    api_key_env: str = "OPENAI_API_KEY"  # variable that holds the key
    forms: list[ProgramForm] = field(default_factory=lambda: [ProgramForm.tracker])  # of the programs
    areas: list[str] = field(default_factory=list)  # array, dp, sorting, graph, tree, hashtable; none: all
    tasks: list[str] = field(default_factory=list)  # ids of single tasks; none: those of `areas`
    limit: int | None = None  # tasks, spread evenly over the areas; none: all
    attempts: int = 3  # replies for a program at most
    max_tokens: int = 8192  # of a reply
    temperature: float = 0.0  # of sampling
    timeout_s: float = 600.0  # of one reply of the server, to its last byte
    seconds: float = 10.0  # of processor for a run; Manim gets thirty times as much
    draw: bool = True  # lay out the steps and look for overlaps (level S5)
    concurrency: int = 4  # tasks at the same time
    workers: int = 2  # programs that run at the same time
    export: str | None = None  # write the tasks to this file (JSON lines) and stop
    output: str | None = None  # folder; none: outputs/bench/algoviz
    seed: int = 1  # of the inputs
    device: str = "auto"  # nothing here runs on one
    dry_run: bool = False
    force: bool = False  # overwrite files in the output folder that vidkit did not write
    verbose: bool = False

    def __post_init__(self) -> None:
        if not self.forms:
            raise ValueError("forms=[] is empty\nname tracker, script or manim, or leave forms out")
        for name in ("attempts", "max_tokens", "concurrency", "workers"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be >= 1, got {getattr(self, name)}")
        if self.limit is not None and self.limit < 1:
            raise ValueError(f"limit must be >= 1, got {self.limit}")
        if not 0 <= self.temperature <= 2:
            raise ValueError(f"temperature must be between 0 and 2, got {self.temperature}")
        if not self.timeout_s > 0:
            raise ValueError(f"timeout_s must be > 0, got {self.timeout_s}")
        if not 0.5 <= self.seconds <= 600:
            raise ValueError(f"seconds must be between 0.5 and 600, got {self.seconds}")
