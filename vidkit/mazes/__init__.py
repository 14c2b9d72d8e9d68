"""Procedural maze levels: make, solve, render, read, track. No model knows this room exists."""

from vidkit.mazes.level import ClipVerdict, Level, render_first_frame, sample_level
from vidkit.mazes.level import judge_clip as judge

__all__ = ["ClipVerdict", "Level", "judge", "render_first_frame", "sample_level"]
