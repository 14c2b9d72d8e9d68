"""Zoom: a part of a source picture, cut from the full size and enlarged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vidkit.agents.tools.boxes import FRAMES, picture_place, source_box
from vidkit.agents.types import ToolResult
from vidkit.agents.workspace import MIN_PIXELS, Workspace, fitted
from vidkit.serving.messages import Image


class ZoomTool:
    """Crops and enlarges.

    Source: the one tool of DeepEyes; differs: which picture may be named,
    the box's frame is explicit, and small crops are enlarged to `smallest`.

    Args:
        frame: in which the model writes boxes, one of `boxes.FRAMES`.
        smallest: pixels of a crop as it is shown, at least.
        largest: the same, at most.

    Raises:
        ValueError: unknown frame.
    """

    name = "image_zoom_in_tool"
    description = "Shows a part of the picture enlarged, in full detail."

    def __init__(
        self, frame: str = "model", smallest: int = 4 * MIN_PIXELS, largest: int = 1_000_000
    ) -> None:
        if frame not in FRAMES:
            raise ValueError(f"unknown frame '{frame}': must be one of {', '.join(FRAMES)}")
        self._frame, self._smallest, self._largest = frame, smallest, largest
        unit = {
            "model": "pixels of the picture as you see it",
            "pixel": "pixels of the picture's full size",
            "unit": "shares of width and height, 0 to 1",
            "thousand": "thousandths of width and height, 0 to 1000",
        }[frame]
        self.parameters: Mapping[str, Any] = {
            "type": "object",
            "properties": {
                "bbox_2d": {
                    "type": "array",
                    "items": {"type": "number"},
                    "minItems": 4,
                    "maxItems": 4,
                    "description": f"the part: x1, y1, x2, y2 in {unit}",
                },
                "label": {"type": "string", "description": "what the part shows"},
                "image": {"type": "integer", "description": "which picture, from 1; the first if left out"},
            },
            "required": ["bbox_2d"],
        }

    def run(self, arguments: Mapping[str, Any], workspace: Workspace) -> ToolResult:
        """The crop, without loss."""
        place = picture_place(arguments, workspace)
        box = source_box(arguments.get("bbox_2d"), workspace, place, self._frame)
        crop = workspace.pictures[place].convert("RGB").crop(box)
        size = fitted(*crop.size, smallest=self._smallest, largest=self._largest, grid=workspace.grid)
        shown = crop if crop.size == size else crop.resize(size)
        return ToolResult(images=(Image.from_pil(shown, lossless=True),), box=(place, *box))
