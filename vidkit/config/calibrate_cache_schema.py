"""Settings of `vidkit calibrate cache`. Imports only other schemas, and nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, field

from vidkit.config.schema import Dtype, MazeSettings, ModelSettings, Sampler


@dataclass
class CalibrateCacheSettings:
    model: ModelSettings = field(default_factory=ModelSettings)
    maze: MazeSettings = field(default_factory=MazeSettings)
    prompts: str | None = None  # text file, one prompt per line; "maze": first frames and captions are drawn
    prompt_count: int | None = None  # prompts taken from the file, or mazes drawn; none: all, or 4
    output: str | None = None  # table file, .json; none: outputs/<model>-magnitudes.json
    seed: int = 0  # decides noise and mazes
    device: str = "auto"  # auto, cpu, cuda, cuda:1
    dtype: Dtype = Dtype.auto
    height: int = 480  # pixels
    width: int = 832  # pixels
    frames: int = 81  # pixel frames
    fps: int = 16  # frames per second, told to models trained with it
    sampler: Sampler = Sampler.unipc
    steps: int = 50  # levels between those of the steps are interpolated
    guidance: float = 5.0  # 1 or less: no guidance, one forward per step
    shift: float = 5.0  # timestep shift of flow matching
    max_sequence_length: int = 512  # text tokens the prompt is padded to
    force: bool = False  # overwrite output files that vidkit did not write; inputs are always kept
    dry_run: bool = False
    verbose: bool = False

    def __post_init__(self) -> None:
        for name in ("height", "width", "frames", "fps", "max_sequence_length"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be >= 1, got {getattr(self, name)}")
        if self.steps < 2:
            raise ValueError(f"steps must be >= 2, got {self.steps}")
        if self.prompt_count is not None and self.prompt_count < 1:
            raise ValueError(f"prompt_count must be >= 1, got {self.prompt_count}")
