"""Procedural maze levels: make, solve, render, read, track."""

from vidkit.mazes.level import Level, make
from vidkit.mazes.tracking import Trajectory, track
from vidkit.mazes.types import Difficulty, MazeType

__all__ = ["Difficulty", "Level", "MazeType", "Trajectory", "make", "track"]
