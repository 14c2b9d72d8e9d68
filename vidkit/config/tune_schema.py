"""Settings of `vidkit tune`: those of `vidkit generate`, and the sweep. Imports only other schemas."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

from vidkit.config.schema import GenerateSettings


class Precision(StrEnum):
    """Numbers that are computed with, where the device has them."""

    bf16 = "bf16"  # dtype=bf16
    fp16 = "fp16"  # dtype=fp16
    fp32 = "fp32"  # dtype=fp32
    linear_fp8 = "linear_fp8"  # model.quantize=fp8
    linear_int8 = "linear_int8"  # model.quantize=int8
    attention_int8 = "attention_int8"  # attention.backend=int8, dense attention alone
    attention_fp8 = "attention_fp8"  # attention.backend=fp8, likewise
    sage = "sage"  # attention.backend=sage, likewise


@dataclass
class SweepSettings:
    """What is tried, and what it has to hold."""

    psnr: float = 25.0  # minimum mean PSNR to the unchanged clip, dB; the interval must lie above it
    success_loss: float = 0.4  # mazes that may be lost at most, 0..1; the interval must lie below it
    clips: int = 6  # clips of a setting that may be chosen, each with a seed of its own
    first_clips: int = 2  # clips on which every setting is tried first
    steps: list[float] = field(default_factory=lambda: [0.8, 0.6, 0.4])  # shares of the config's steps
    attention: list[str] = field(default_factory=lambda: ["xattention", "haste_xattention"])  # presets
    taus: list[float] = field(default_factory=lambda: [0.9, 0.8])  # of each preset, mild first
    caches: list[str] = field(default_factory=lambda: ["change", "seacache"])  # policies
    cache_levels: int = 2  # values of a policy's own knob that are tried, mild first
    precisions: list[Precision] = field(
        default_factory=lambda: [
            Precision.bf16,
            Precision.linear_fp8,
            Precision.attention_int8,
            Precision.attention_fp8,
        ]
    )
    combinations: int = 4  # settings of several changes at once that are tried
    finalists: int = 2  # settings measured on all clips, beside fewer steps

    def __post_init__(self) -> None:
        if not math.isfinite(self.psnr) or not 0 < self.psnr < 100:
            raise ValueError(f"psnr must be in (0, 100) dB, got {self.psnr}")
        if not 0 < self.success_loss <= 1:
            raise ValueError(f"success_loss must be in (0, 1], got {self.success_loss}")
        if self.first_clips < 2:
            raise ValueError(f"first_clips must be >= 2, got {self.first_clips}\none clip has no spread")
        if self.clips < self.first_clips:
            raise ValueError(f"clips={self.clips} is less than first_clips={self.first_clips}")
        if not self.steps or not all(0 < share < 1 for share in self.steps):
            raise ValueError(
                f"steps={self.steps} must name shares of the config's steps, above 0 and below 1"
                "\ngive at least one, such as steps=[0.6]: fewer steps are the baseline of the table"
            )
        if self.attention and not self.taus:
            raise ValueError("taus=[] is empty\nname one, such as taus=[0.9]")
        if not all(0 < tau <= 1 for tau in self.taus):
            raise ValueError(f"taus must be in (0, 1], got {self.taus}")
        for name, low in (("cache_levels", 1), ("combinations", 0), ("finalists", 1)):
            if getattr(self, name) < low:
                raise ValueError(f"{name} must be >= {low}, got {getattr(self, name)}")


@dataclass
class TuneSettings(GenerateSettings):
    tune: SweepSettings = field(default_factory=SweepSettings)  # what is tried, and what it has to hold
