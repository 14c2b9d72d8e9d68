"""Frame selection as a tool: an agent looks at moments of a video."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from vidkit.agents.types import ToolError, ToolResult
from vidkit.agents.workspace import Workspace, fitted
from vidkit.errors import VidkitError
from vidkit.serving.messages import Image

_LONGEST = 500  # letters of a query


class FramesTool:
    """Frames of a part of the video: evenly spaced, or those that `vidkit select-frames` picks for a query.

    Args:
        most: frames per call, >= 1.
        largest: pixels of a frame as it is shown, at most.
    """

    name = "video_frames_tool"
    description = (
        "Shows frames of a part of the video: those that fit a query if you give one, else evenly spaced."
    )
    parameters: Mapping[str, Any] = {
        "type": "object",
        "properties": {
            "start": {"type": "number", "description": "seconds"},
            "end": {"type": "number", "description": "seconds, after start"},
            "count": {"type": "integer", "description": "how many frames"},
            "query": {"type": "string", "description": "what to look for, in a few words"},
        },
        "required": ["start", "end"],
    }

    def __init__(self, most: int = 8, largest: int = 500_000) -> None:
        self._most, self._largest = most, largest

    def run(self, arguments: Mapping[str, Any], workspace: Workspace) -> ToolResult:
        """The frames with their times in the text."""
        video = workspace.video
        if video is None:
            raise ToolError("there is no video")
        start, end = (self._seconds(arguments, name) for name in ("start", "end"))
        count = arguments.get("count", min(4, self._most))
        if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= self._most:
            raise ToolError(f"count must be a whole number from 1 to {self._most}, got {count!r:.40}")
        query = arguments.get("query", "")
        if not isinstance(query, str) or len(query) > _LONGEST:
            raise ToolError(f"query must be text of at most {_LONGEST} letters, got {query!r:.40}")
        start, end = max(0.0, start), min(end, video.length_s)
        if not start < end:
            raise ToolError(f"start must lie before end, within 0 to {video.length_s:.1f} s")
        try:
            if query.strip():
                times = video.chosen(query, count, start, end)
            else:
                times = [start + (end - start) * (place + 0.5) / count for place in range(count)]
            pictures = video.at(times)
        except VidkitError as error:
            raise ToolError(f"the video cannot be read: {error.message}") from error
        shown = [one.convert("RGB").resize(fitted(*one.size, largest=self._largest)) for one in pictures]
        told = "frames at " + ", ".join(f"{time:.1f} s" for time in times)
        return ToolResult(told, tuple(Image.from_pil(one) for one in shown))

    @staticmethod
    def _seconds(arguments: Mapping[str, Any], name: str) -> float:
        value = arguments.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ToolError(f"{name} must be seconds, got {value!r:.40}")
        try:
            seconds = float(value)
        except OverflowError:
            seconds = math.inf
        if not math.isfinite(seconds):
            raise ToolError(f"{name} must be seconds, got {value!r:.40}")
        return seconds
