"""Mazes of the embedded model as tensors: make, solve, render, read, track."""

from vidkit.mazes.embedded.level import ClipVerdict, Level, render_first_frame, sample_level
from vidkit.mazes.embedded.level import judge_clip as judge

__all__ = ["ClipVerdict", "Level", "judge", "render_first_frame", "sample_level"]
