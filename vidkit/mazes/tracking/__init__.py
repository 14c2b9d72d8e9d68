"""Following the player, and in sokoban the box, through a clip of a level."""

from vidkit.mazes.tracking.trackers import track
from vidkit.mazes.tracking.trajectory import Trajectory

__all__ = ["Trajectory", "track"]
