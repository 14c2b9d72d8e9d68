"""Settings of `vidkit calibrate`. Imports only other schemas, and nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, field

from vidkit.config.attention_schema import AttentionSettings
from vidkit.config.schema import Dtype, MazeSettings, ModelSettings, Sampler


@dataclass
class CalibrateSettings:
    model: ModelSettings = field(default_factory=ModelSettings)
    maze: MazeSettings = field(default_factory=MazeSettings)
    # the predictor that the table will serve; tau is the shared threshold that the table is compared with
    attention: AttentionSettings = field(default_factory=AttentionSettings)
    prompts: str | None = None  # text file, one prompt per line; "maze": first frames and captions are drawn
    prompt_count: int | None = None  # prompts taken from the file, or mazes drawn; none: all, or 4
    held_out: int = 1  # last prompts, kept for the joint error; 0: no joint error
    candidates: list[float] = field(default_factory=lambda: [0.85, 0.9, 0.95])  # thresholds, ascending
    intervals: int = 4  # of the denoising steps; one step of each is probed
    budget: float | None = None  # minimum mean sparsity, 0..1; none: what attention.tau reaches on every head
    target_reuse: float | None = 0.7  # share of masks that reuse=tmr_auto keeps; none: no delta in the table
    output: str | None = None  # table file, .json; none: outputs/<model>-<predictor>.json
    work: str | None = None  # folder of measurements, from which a killed run resumes; none: beside the table
    resolve: str | None = None  # a table to spend another budget on; no model is loaded
    seed: int = 0  # decides prompts of heads, steps, noise and mazes
    device: str = "auto"  # auto, cpu, cuda, cuda:1
    dtype: Dtype = Dtype.auto
    height: int = 480  # pixels
    width: int = 832  # pixels
    frames: int = 81  # pixel frames
    fps: int = 16  # frames per second, told to models trained with it
    sampler: Sampler = Sampler.unipc
    steps: int = 50
    guidance: float = 5.0  # 1 or less: no guidance, one forward per step
    shift: float = 5.0  # timestep shift of flow matching
    max_sequence_length: int = 512  # text tokens the prompt is padded to
    force: bool = False  # overwrite output files that vidkit did not write; inputs are always kept
    dry_run: bool = False
    verbose: bool = False

    def __post_init__(self) -> None:
        for name in ("height", "width", "frames", "fps", "steps", "max_sequence_length", "intervals"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be >= 1, got {getattr(self, name)}")
        if self.held_out < 0:
            raise ValueError(f"held_out must be >= 0, got {self.held_out}")
        if self.prompt_count is not None and self.prompt_count <= self.held_out:
            raise ValueError(
                f"prompt_count={self.prompt_count} leaves no probe prompt with held_out={self.held_out}"
            )
        for name in ("budget", "target_reuse"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise ValueError(f"{name} must be in [0, 1], got {value}")
        if self.shift <= 0:
            raise ValueError(f"shift must be > 0, got {self.shift}")
        if self.guidance < 0:
            raise ValueError(f"guidance must be >= 0, got {self.guidance}")
        self._check_candidates()

    def _check_candidates(self) -> None:
        taus = self.candidates
        if not taus or taus != sorted(set(taus)) or not 0 < taus[0] <= taus[-1] <= 1:
            raise ValueError(f"candidates={taus} must be ascending, different and in (0, 1]")
        if self.resolve is None and self.budget is None and self.attention.tau not in taus:
            raise ValueError(
                f"candidates={taus} lack attention.tau={self.attention.tau:g}, whose sparsity is the budget"
                "\nadd it to the candidates, or set a budget, e.g. budget=0.6"
            )
