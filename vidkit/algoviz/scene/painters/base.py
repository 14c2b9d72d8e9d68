"""What all painters share: they measure a view over all steps, get a place once, draw any step into it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from vidkit.algoviz.scene.look import Look
from vidkit.algoviz.scene.picture import NO_MARKS, OUTPUT, Body, Marks, Picture, View
from vidkit.algoviz.scene.shapes import Anchor, Layer, Shape
from vidkit.algoviz.scene.text import fit, line_height, width

TITLE = 24.0  # height of a view's title line, with the gap below
TITLE_SIZE = 14.0
PAD = 4.0  # pixels between a text and the border of its box, at least


@dataclass(frozen=True)
class Box:
    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        return self.x + self.w

    @property
    def bottom(self) -> float:
        return self.y + self.h

    def inset(self, by: float) -> Box:
        return Box(self.x + by, self.y + by, self.w - 2 * by, self.h - 2 * by)


class Painter(ABC):
    """One view through all steps.

    Args:
        view_id: of the view.
        pictures: every step; a view may be absent in some.
        look: colours.
    """

    elastic: ClassVar[bool] = False
    """Whether more room makes the picture better; others keep their natural size."""
    turns = False
    """Whether `turn` makes a difference."""

    def __init__(self, view_id: str, pictures: tuple[Picture, ...], look: Look) -> None:
        self.id, self.look = view_id, look
        self.views = [picture.view(view_id) for picture in pictures]
        self.marks = [picture.marks.get(view_id, NO_MARKS) for picture in pictures]
        self.title = next((view.title for view in self.views if view is not None), "")
        self.box = Box(0, 0, 0, 0)
        self.scale = 1.0
        self.left_out = False  # there is no room for it at all
        self.measure()

    @abstractmethod
    def measure(self) -> None:
        """Find the largest extent over all steps, once."""

    @abstractmethod
    def natural(self, scale: float, room: float) -> tuple[float, float]:
        """Width and height wanted at a scale, where `room` pixels of width are there; without the title."""

    @abstractmethod
    def settle(self) -> None:
        """Fix the geometry for `self.inner` and `self.scale`."""

    @abstractmethod
    def shapes(self, step: int, body: Body, marks: Marks) -> list[Shape]:
        """One step."""

    @property
    def bodies(self) -> list[Body]:
        return [view.body for view in self.views if view is not None]

    @property
    def inner(self) -> Box:
        """The place without the title."""
        top = TITLE if self.title else 0.0
        return Box(self.box.x, self.box.y + top, self.box.w, self.box.h - top)

    def line_count(self, scale: float, room: float) -> int:
        """In how many lines one after the other the elements run at a scale."""
        return 1

    def turn(self, turned: bool) -> None:  # noqa: B027 - most views have one direction only
        """Lay the view on its side, or upright, before it has a place."""

    def wanted(self, scale: float, room: float) -> tuple[float, float]:
        """Width and height wanted, with the title."""
        wide, high = self.natural(scale, room)
        if not self.title:
            return wide, high
        return max(wide, min(room, width(self.title, TITLE_SIZE, "bold") + 8)), high + TITLE

    def floor(self, scale: float, room: float) -> float:
        """Height, with the title, that a window of it needs to be legible."""
        return min(self.wanted(scale, room)[1], self._title_high + self.window(scale))

    def window(self, scale: float) -> float:
        """Height of the smallest window, with the line that says what it leaves out, without the title."""
        return 150.0

    @property
    def _title_high(self) -> float:
        return TITLE if self.title else 0.0

    def place(self, box: Box, scale: float) -> None:
        self.box, self.scale = box, scale
        self.settle()

    def draw(self, step: int) -> list[Shape]:
        """The view at a step; nothing where the trace does not have it then."""
        view = self.views[step]
        if view is None or self.left_out or (self.id == OUTPUT and not getattr(view.body, "items", True)):
            return []
        made = self.shapes(step, view.body, self.marks[step])
        return [*self._title(view), *made]

    def notes(self, step: int) -> list[str]:
        """What is left out of the picture at a step."""
        return []

    def _title(self, view: View) -> list[Shape]:
        if not self.title:
            return []
        text = view.title or self.title
        return [
            label(
                f"title:{self.id}",
                text,
                Box(self.box.x, self.box.y, self.box.w, TITLE - 4),
                TITLE_SIZE,
                self.look.theme.muted,
                font="bold",
                anchor="start",
                role="view-title",
            )
        ]


def label(
    key: str,
    text: str,
    box: Box,
    size: float,
    colour: str,
    *,
    font: str = "sans",
    anchor: Anchor = "middle",
    within: str = "",
    layer: int = Layer.CELL_TEXT,
    role: str = "label",
    full: str = "",
    pad: float = 0.0,
    **more: Any,
) -> Shape:
    """A line of text in a box, in the middle of its height; its own box is as wide as the text.

    `key` is its id, `pad` the pixels to keep free at both sides, `full` the whole text where `text` is
    already a part of it, `more` are fields of the shape.
    """
    fitted = fit(text, max(0.0, box.w - 2 * pad), size, font)
    high = line_height(fitted.size)
    left = {
        "start": box.x + pad,
        "middle": box.x + (box.w - fitted.width) / 2,
        "end": box.right - pad - fitted.width,
    }[anchor]
    return Shape(
        key,
        "text",
        left,
        box.y + (box.h - high) / 2,
        fitted.width,
        high,
        layer=layer,
        role=role,
        within=within,
        fill=colour,
        text=fitted.text,
        font=font,
        size=fitted.size,
        anchor=anchor,
        full=full or (text if fitted.cut else ""),
        **more,
    )


def empty(key: str, box: Box, look: Look, text: str = "empty") -> list[Shape]:
    """What stands where a structure holds nothing."""
    wide, high = min(box.w, 88.0), min(box.h, 40.0)
    frame = Shape(
        f"empty:{key}",
        "rect",
        box.x,
        box.y,
        wide,
        high,
        role="placeholder",
        stroke=look.theme.outline,
        stroke_width=1.2,
        radius=6,
        dash=True,
    )
    inner = Box(box.x, box.y, wide, high)
    return [frame, label(f"empty:{key}:text", text, inner, 13, look.theme.muted, within=frame.id, pad=PAD)]


def window_of(count: int, room: int, focus: int | None, before: int) -> int:
    """First of `room` elements to show out of `count`, such that `focus` is among them.

    Pages, not a sliding view: the picture stands still as long as the focus stays on a page.

    Args:
        count: of all elements.
        room: how many can be shown.
        focus: index that must be seen; None: what was seen before stays.
        before: first index of the step before.
    """
    if count <= room:
        return 0
    if focus is None:
        return min(before, count - room)
    page = max(1, room)
    return min(max(0, focus // page * page), count - room)
