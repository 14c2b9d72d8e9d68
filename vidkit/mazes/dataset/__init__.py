"""The whole set of VR-Bench: 7,920 levels with pictures, clips, states and prompts, in the published tree."""

from vidkit.mazes.dataset.making import MadeSet, make_set
from vidkit.mazes.dataset.options import SetOptions

__all__ = ["MadeSet", "SetOptions", "make_set"]
