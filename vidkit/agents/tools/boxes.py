"""Boxes that models write: numbers checked, coordinate frames made explicit, clamped to the picture."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from vidkit.agents.types import ToolError
from vidkit.agents.workspace import GRID, Workspace

FRAMES = ("model", "pixel", "unit", "thousand")
"""model: pixels of the picture as shown; pixel: of the source; unit: 0 to 1; thousand: 0 to 1000."""


def picture_place(arguments: Mapping[str, Any], workspace: Workspace) -> int:
    """Which source a call means: `image`, from 1; the first one where it says nothing.

    Raises:
        ToolError: there is no such picture.
    """
    place = arguments.get("image", 1)
    if isinstance(place, bool) or not isinstance(place, int) or not 1 <= place <= len(workspace.pictures):
        raise ToolError(f"image must be a whole number from 1 to {len(workspace.pictures)}, got {place!r}")
    return place - 1


def source_box(value: object, workspace: Workspace, place: int, frame: str) -> tuple[int, int, int, int]:
    """A box in pixels of the source picture.

    Args:
        value: what the model wrote: x1, y1, x2, y2.
        workspace: holds the picture.
        place: of the picture.
        frame: in which the numbers are, one of `FRAMES`.

    Returns:
        left, top, right, bottom, within the picture and at least 1 px in each direction.

    Raises:
        ToolError: not four numbers, inverted, outside the picture, or smaller than 28 px of it.
    """
    if not isinstance(value, list | tuple) or len(value) != 4:
        raise ToolError(f"bbox_2d must be four numbers x1, y1, x2, y2, got {value!r:.80}")
    if any(isinstance(one, bool) or not isinstance(one, int | float) for one in value):
        raise ToolError(f"bbox_2d must be four numbers, got {value!r:.80}")
    try:
        x1, y1, x2, y2 = (float(one) for one in value)
    except OverflowError:
        x1 = y1 = x2 = y2 = math.inf
    if not all(math.isfinite(one) for one in (x1, y1, x2, y2)):
        raise ToolError("bbox_2d must be four finite numbers")
    if x2 <= x1 or y2 <= y1:
        raise ToolError(f"bbox_2d is inverted or empty: x1 < x2 and y1 < y2 are needed, got {list(value)}")
    width, height = workspace.pictures[place].size
    shown_width, shown_height = workspace.shown_size(place)
    units = {
        "model": (width / shown_width, height / shown_height),
        "pixel": (1.0, 1.0),
        "unit": (float(width), float(height)),
        "thousand": (width / 1000, height / 1000),
    }
    across, down = units[frame]
    left, right = (min(max(x * across, 0.0), width) for x in (x1, x2))
    top, bottom = (min(max(y * down, 0.0), height) for y in (y1, y2))
    if right - left <= 0 or bottom - top <= 0:
        ends = {
            "model": (shown_width, shown_height),
            "pixel": (width, height),
            "unit": (1, 1),
            "thousand": (1000, 1000),
        }[frame]
        raise ToolError(f"bbox_2d lies outside the picture, which ends at {ends[0]}, {ends[1]}")
    for name, length, side in (("wide", right - left, width), ("high", bottom - top, height)):
        if length < (least := min(GRID, side)) - 1e-6:
            raise ToolError(f"bbox_2d is only {length:.0f} px {name}; at least {least} px are needed")
    return math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom)
