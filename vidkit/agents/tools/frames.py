"""Frame selection as a tool: an agent looks at moments of a video."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from vidkit.agents.types import ToolError, ToolResult
from vidkit.agents.workspace import Workspace, fitted
from vidkit.serving.messages import Image


class FramesTool:
    """Evenly spaced frames of a part of the video.

    Args:
        most: frames per call, >= 1.
        largest: pixels of a frame as it is shown, at most.
    """

    name = "video_frames_tool"
    description = "Shows frames of a part of the video, evenly spaced."
    parameters: Mapping[str, Any] = {
        "type": "object",
        "properties": {
            "start": {"type": "number", "description": "seconds"},
            "end": {"type": "number", "description": "seconds, after start"},
            "count": {"type": "integer", "description": "how many frames"},
        },
        "required": ["start", "end"],
    }

    def __init__(self, most: int = 8, largest: int = 500_000) -> None:
        self._most, self._largest = most, largest

    def run(self, arguments: Mapping[str, Any], workspace: Workspace) -> ToolResult:
        """The frames with their times in the text."""
        if workspace.frames is None:
            raise ToolError("there is no video")
        start, end = (self._seconds(arguments, name) for name in ("start", "end"))
        count = arguments.get("count", min(4, self._most))
        if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= self._most:
            raise ToolError(f"count must be a whole number from 1 to {self._most}, got {count!r:.40}")
        start, end = max(0.0, start), min(end, workspace.length_s)
        if not start < end:
            raise ToolError(f"start must lie before end, within 0 to {workspace.length_s:.1f} s")
        times = [start + (end - start) * (place + 0.5) / count for place in range(count)]
        pictures = workspace.frames(times)
        shown = [one.convert("RGB").resize(fitted(*one.size, largest=self._largest)) for one in pictures]
        told = "frames at " + ", ".join(f"{time:.1f} s" for time in times)
        return ToolResult(told, tuple(Image.from_pil(one) for one in shown))

    @staticmethod
    def _seconds(arguments: Mapping[str, Any], name: str) -> float:
        value = arguments.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ToolError(f"{name} must be seconds, got {value!r:.40}")
        return float(value)
