"""Guesses of an agent's next call, which run while the model is still thinking.

A right guess saves the tool's time; a wrong one is dropped and changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from vidkit.agents.tools.boxes import FRAMES
from vidkit.agents.tools.zoom import ZoomTool
from vidkit.agents.types import Step, ToolCall
from vidkit.agents.workspace import Workspace


class Centre:
    """The call before again, or the middle half of the first picture.

    Agents that zoom in steps often repeat the last box, and those that look around begin in the middle.

    Args:
        frame: in which the model writes boxes, one of `boxes.FRAMES`.

    Raises:
        ValueError: unknown frame.
    """

    def __init__(self, frame: str = "model") -> None:
        if frame not in FRAMES:
            raise ValueError(f"unknown frame '{frame}': must be one of {', '.join(FRAMES)}")
        self._frame = frame

    def __call__(self, steps: Sequence[Step], workspace: Workspace) -> ToolCall | None:
        """The guess; None where there is no picture."""
        if steps:
            return steps[-1].call
        if not workspace.pictures:
            return None
        width, height = {
            "model": workspace.shown_size(),
            "pixel": workspace.pictures[0].size,
            "unit": (1, 1),
            "thousand": (1000, 1000),
        }[self._frame]
        box = [width / 4, height / 4, 3 * width / 4, 3 * height / 4]
        numbers = box if self._frame == "unit" else [round(side) for side in box]
        return ToolCall(ZoomTool.name, {"bbox_2d": numbers})
