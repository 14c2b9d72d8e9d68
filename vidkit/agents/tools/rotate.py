"""Rotate: a source picture turned or mirrored."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from vidkit.agents.tools.boxes import picture_place
from vidkit.agents.types import ToolError, ToolResult
from vidkit.agents.workspace import MAX_PIXELS, Workspace, fitted
from vidkit.serving.messages import Image


class RotateTool:
    """Turns counter-clockwise by any angle, the canvas growing with it; mirrors before that when asked."""

    name = "image_rotate_tool"
    description = "Shows the picture turned counter-clockwise, and mirrored if you ask."
    parameters: Mapping[str, Any] = {
        "type": "object",
        "properties": {
            "degrees": {"type": "number", "description": "counter-clockwise"},
            "mirror": {"type": "boolean", "description": "left and right exchanged, before turning"},
            "image": {"type": "integer", "description": "which picture, from 1; the first if left out"},
        },
        "required": ["degrees"],
    }

    def run(self, arguments: Mapping[str, Any], workspace: Workspace) -> ToolResult:
        """The whole picture, turned; quarter turns are exact."""
        from PIL import ImageOps
        from PIL.Image import Resampling

        place, degrees = picture_place(arguments, workspace), arguments.get("degrees")
        if isinstance(degrees, bool) or not isinstance(degrees, int | float) or not -3600 <= degrees <= 3600:
            raise ToolError(f"degrees must be a number from -3600 to 3600, got {degrees!r:.40}")
        if math.isnan(degrees):
            raise ToolError("degrees must be a number, got nan")
        picture = workspace.pictures[place].convert("RGB")
        if arguments.get("mirror") is True:
            picture = ImageOps.mirror(picture)
        turned = picture.rotate(degrees, resample=Resampling.BICUBIC, expand=True)
        size = fitted(*turned.size, largest=min(workspace.largest, MAX_PIXELS))
        return ToolResult(images=(Image.from_pil(turned.resize(size), lossless=True),))
