"""Settings of clips made chunk by chunk (`causal=...`). Imports nothing of ours and nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class PromptSwitch(StrEnum):
    """What a new prompt does to the keys and values that are kept."""

    refresh = "refresh"  # they are made again under it, from the finished latents
    keep = "keep"  # they stay as they are


@dataclass
class CausalSettings:
    """How few-step causal models make a clip: a chunk at a time, each seeing only earlier ones."""

    chunk: int = 0  # latent frames per chunk; 0: the model is none of these
    timesteps: list[float] = field(
        default_factory=list
    )  # noise level of each step, 1000 noise .. 0 clean; []: equal parts
    warp: bool = True  # timesteps are those before `shift`; false: as the model is told them
    renoise: bool = True  # new noise after every step but the last, as distilled; false: Euler steps
    window: int | None = 21  # latent frames that a chunk sees, sink and itself included; none: all
    sink: int = 0  # first latent frames of the clip that are always seen
    moving_sink: bool = False  # the sink's positions stay next to the window's; false: where they were
    prompts: list[str] = field(
        default_factory=list
    )  # later prompts, each "TIME: TEXT" with TIME in seconds (5s) or frames (80)
    switch: PromptSwitch = PromptSwitch.refresh

    def __post_init__(self) -> None:
        for name in ("chunk", "sink"):
            if getattr(self, name) < 0:
                raise ValueError(f"causal.{name} must be >= 0, got {getattr(self, name)}")
        if self.window is not None and self.window < 1:
            raise ValueError(f"causal.window must be >= 1, got {self.window}")
        wrong = [value for value in self.timesteps if not 0 < value <= 1000]
        if wrong:
            raise ValueError(f"causal.timesteps must hold values in (0, 1000], got {wrong[0]:g}")
        if any(later >= value for value, later in zip(self.timesteps, self.timesteps[1:], strict=False)):
            raise ValueError(f"causal.timesteps must fall from step to step, got {self.timesteps}")
