"""Geometry that every renderer needs beside the shapes themselves."""

from __future__ import annotations

from vidkit.algoviz.scene.shapes import Shape

_HEAD = 9.0  # length of an arrowhead, at a line of 2 pixels


def head_points(shape: Shape) -> tuple[tuple[float, float], ...]:
    """The three corners of the arrowhead of a line, and where the line itself ends."""
    (ax, ay), (bx, by) = shape.points[-2], shape.points[-1]
    length = ((bx - ax) ** 2 + (by - ay) ** 2) ** 0.5 or 1.0
    ux, uy = (bx - ax) / length, (by - ay) / length
    reach = min(_HEAD + 1.5 * max(0.0, shape.stroke_width - 2), 0.8 * length)
    half = reach * 0.42
    foot = (bx - ux * reach, by - uy * reach)
    left = (foot[0] - uy * half, foot[1] + ux * half)
    right = (foot[0] + uy * half, foot[1] - ux * half)
    return (bx, by), left, right, (bx - ux * reach * 0.8, by - uy * reach * 0.8)
