"""A whole trace as scenes: everything measured once, every step drawn when it is asked for."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass, replace

from vidkit.algoviz.scene.arranging import arrange
from vidkit.algoviz.scene.crowding import NOTE
from vidkit.algoviz.scene.fonts import lacking
from vidkit.algoviz.scene.look import Look, is_plain
from vidkit.algoviz.scene.motion import changed_values, moves_between
from vidkit.algoviz.scene.page import PAD, Page, make_page
from vidkit.algoviz.scene.painters.base import Box, Painter, label
from vidkit.algoviz.scene.painters.buckets import BucketsPainter
from vidkit.algoviz.scene.painters.chips import ChipsPainter, QueuePainter, StackPainter
from vidkit.algoviz.scene.painters.graph import GraphPainter
from vidkit.algoviz.scene.painters.grid import GridPainter
from vidkit.algoviz.scene.painters.linked import LinkedPainter
from vidkit.algoviz.scene.painters.panels import CallsPanel, CodePanel, VariablesPanel, panel
from vidkit.algoviz.scene.painters.row import RowPainter, StringPainter
from vidkit.algoviz.scene.painters.tree import TreePainter
from vidkit.algoviz.scene.picture import OUTPUT, Buckets, Grid, Network, Picture, Remark, Row, Story
from vidkit.algoviz.scene.shapes import CANVAS, Layer, Region, Scene, Shape
from vidkit.algoviz.scene.text import line_height, unit_width, wrap
from vidkit.algoviz.scene.values import one_line

PAINTERS: dict[str, type[Painter]] = {
    "array": RowPainter,
    "string": StringPainter,
    "list": ChipsPainter,
    "set": ChipsPainter,
    "queue": QueuePainter,
    "stack": StackPainter,
    "linkedlist": LinkedPainter,
    "table": GridPainter,
    "matrix": GridPainter,
    "hashtable": BucketsPainter,
    "graph": GraphPainter,
    "tree": TreePainter,
    "heap": TreePainter,
}
_MOST_LEGEND = 8


@dataclass(frozen=True)
class Timing:
    """Seconds of a step: how long it moves, how long it stands."""

    moves_s: float
    stands_s: float


class Film:
    """Scenes of all steps, the initial state first.

    Args:
        story: what is shown.
        look: colours and times.
    """

    def __init__(self, story: Story, look: Look) -> None:
        self.look = replace(look, styles={**story.styles, **look.styles})
        hidden = look.layouts.hidden
        pictures = _without(story.pictures, hidden)
        self.story = replace(story, pictures=pictures)
        self.code = CodePanel(story.code, self.look) if story.code and "code" not in hidden else None
        names = tuple(dict.fromkeys(name for picture in pictures for name, _ in picture.variables))
        self.variables = VariablesPanel(names, self.look) if names else None
        deepest = max((len(picture.calls) for picture in pictures), default=0)
        self.calls = CallsPanel(deepest, self.look) if deepest else None
        self.legend = _legend(pictures)
        self.page: Page = make_page(
            self.code,
            self.variables,
            self.calls,
            any(p.remarks for p in pictures),
            bool(self.legend),
            look.layouts.on_right,
            look.layouts.side_share,
        )
        self.painters = [PAINTERS[kind](name, pictures, self.look) for name, kind in _kinds(pictures).items()]
        if len(self.painters) > 1 and not self.painters[0].title:  # the others have titles
            self.painters[0].title = _kinds(pictures)[self.painters[0].id].capitalize()
        arrange(self.painters, self._content())
        lines = [picture.code_lines for picture in pictures]
        self.firsts = self.code.firsts(self.page.code, lines) if self.code and self.page.code else []
        self._scene = functools.lru_cache(maxsize=64)(self._draw)
        self._shapes = functools.lru_cache(maxsize=8)(self._drawn)

    def __len__(self) -> int:
        return len(self.story.pictures)

    @property
    def title(self) -> str:
        return self.story.title or "Algorithm"

    @property
    def size(self) -> tuple[int, int]:
        return CANVAS

    @property
    def regions(self) -> tuple[Region, ...]:
        return self.page.regions

    def scene(self, step: int) -> Scene:
        """One step as shapes; the same object for the same step as long as it is remembered."""
        return self._scene(step)

    def scene_after(self, step: int, before: int | None) -> Scene:
        """A step as it follows on another one, not always its neighbour: moves and changes are from there."""
        scene = self.scene(step)
        if before is None or before == step - 1:
            return scene
        old = self.scene(before).shapes
        moves = moves_between(old, scene.shapes)
        return replace(scene, moves=moves, changed=tuple(changed_values(old, scene.shapes)))

    def timing(self, step: int) -> Timing:
        """How long a step takes: a new comment can be read before it goes."""
        look, pictures = self.look, self.story.pictures
        if look.times:
            return Timing(*look.times[step])
        new = step == 0 or pictures[step].remarks != pictures[step - 1].remarks
        length = sum(len(remark.text) for remark in pictures[step].remarks) if new else 0
        reading = min(length * look.reading_s, look.longest_pause_s)
        return Timing(look.transition_s if step else 0.0, max(look.pause_s, reading))

    def missing_glyphs(self, steps: Iterable[int] | None = None) -> str:
        """Characters of these steps (None: all) that the bundled fonts cannot draw."""
        chosen = range(len(self)) if steps is None else steps
        return lacking({shape.text for step in chosen for shape in self.scene(step).shapes})

    def notes(self, step: int) -> list[str]:
        """What is left out of the picture of a step."""
        made = [note for one in self.painters if not one.left_out for note in one.notes(step)]
        return made + [f"{name}: not shown, there is no room for it" for name in self._left_out(step)]

    def _content(self) -> Box:
        inner = self.page.main.inset(PAD)
        cut = (self.page.main.bottom - self.page.legend.y - PAD + 6) if self.page.legend else 0.0
        return Box(inner.x, inner.y, inner.w, inner.h - max(0.0, cut))

    def _draw(self, step: int) -> Scene:
        shapes = self._shapes(step)
        before = self._shapes(step - 1) if step else []
        notes = tuple(self.notes(step))
        changed = changed_values(before, shapes)
        return Scene(
            *CANVAS,
            self.look.theme.background,
            tuple(shapes),
            moves_between(before, shapes),
            self.look.effects(step, shapes) if self.look.effects else {},
            tuple(changed),
            notes,
            self._description(step, changed, before, shapes),
        )

    def _drawn(self, step: int) -> list[Shape]:
        picture = self.story.pictures[step]
        made = [*self._title(step), *panel("main", "", self.page.main, self.look, "main")]
        page = self.page
        if self.code and page.code:
            made += self.code.draw(page.code, picture.code_lines, self.firsts[step])
        if self.calls and page.calls:
            made += self.calls.draw(page.calls, picture.calls)
        if self.variables and page.variables:
            before = dict(self.story.pictures[step - 1].variables) if step else {}
            made += self.variables.draw(page.variables, dict(picture.variables), before)
        for painter in self.painters:
            made += painter.draw(step)
        made += self._legend_shapes()
        made += self._missing(self._left_out(step))
        if page.comment:
            made += self._comment(picture.remarks, page.comment)
        if self.look.finish:
            made = self.look.finish(step, made)
        # stable: the order of drawing within a layer stays
        return sorted(made, key=lambda shape: shape.layer)

    def _title(self, step: int) -> list[Shape]:
        box, theme = self.page.title, self.look.theme
        count = f"step {step} of {len(self) - 1}"
        right = 130.0
        title = label(
            "title",
            self.title,
            Box(box.x, box.y, box.w - right, box.h),
            25,
            theme.text,
            font="bold",
            anchor="start",
            role="title",
            region="title",
        )
        made = [title]
        if self.story.subtitle and title.w + 200 < box.w - right:
            left = title.x + title.w + 14
            under = Box(left, box.y + 4, box.w - right - (left - box.x), box.h - 2)
            made.append(
                label(
                    "subtitle",
                    self.story.subtitle,
                    under,
                    15,
                    theme.muted,
                    anchor="start",
                    role="subtitle",
                    region="title",
                )
            )
        made.append(
            label(
                "step",
                count,
                Box(box.right - right, box.y + 4, right, box.h - 2),
                14,
                theme.muted,
                anchor="end",
                role="step",
                region="title",
            )
        )
        return made

    def _comment(self, remarks: tuple[Remark, ...], box: Box) -> list[Shape]:
        theme = self.look.theme
        made = panel("comment", "", box, self.look, "comment")
        worst = {"error": theme.danger, "warning": theme.accent}
        colour = next((worst[r.severity] for r in remarks if r.severity in worst), theme.primary)
        if remarks:
            made.append(
                Shape(
                    "comment:bar",
                    "rect",
                    box.x + 10,
                    box.y + 11,
                    4,
                    box.h - 22,
                    layer=Layer.COMMENT,
                    role="bar",
                    region="comment",
                    fill=colour,
                    radius=2,
                )
            )
        text = "   ".join(" ".join(remark.text.split()) for remark in remarks)
        size, lines = _wrapped(one_line(text, 2000), box.w - 50, box.h - 12)
        high = line_height(size) * 1.1
        top = box.y + (box.h - high * len(lines)) / 2
        for number, line in enumerate(lines if text else []):
            place = Box(box.x + 26, top + number * high, box.w - 50, high)
            made.append(
                label(
                    f"comment:{number}",
                    line,
                    place,
                    size,
                    theme.text,
                    anchor="start",
                    role="comment",
                    region="comment",
                    within="panel:comment",
                    layer=Layer.COMMENT,
                    full=text if number == len(lines) - 1 and line.endswith("…") else "",
                )
            )
        return made

    def _left_out(self, step: int) -> list[str]:
        """Names of the views that are there at a step and have no place on the page."""
        return [one.title or one.id for one in self.painters if one.left_out and one.views[step] is not None]

    def _missing(self, names: list[str]) -> list[Shape]:
        if not names:
            return []
        room = self._content()
        box = Box(room.x, room.bottom - NOTE, room.w, NOTE)
        text = f"no room for {', '.join(names)}"
        return [label("left-out", text, box, 12, self.look.theme.muted, anchor="start", role="window")]

    def _legend_shapes(self) -> list[Shape]:
        box = self.page.legend
        if box is None:
            return []
        made: list[Shape] = []
        x = box.x
        for style in self.legend:
            text = f"{self.look.badge(style)} {one_line(style.replace('_', ' '), 24)}".lstrip()
            wide = unit_width(text) * 12
            if x + 22 + wide > box.right:
                break
            paint = self.look.paint(style)
            made.append(
                Shape(
                    f"legend:{style}",
                    "rect",
                    x,
                    box.y + 6,
                    14,
                    14,
                    role="swatch",
                    fill=paint.fill,
                    stroke=paint.stroke,
                    stroke_width=1.5,
                    radius=4,
                )
            )
            made.append(
                label(
                    f"legend:{style}:text",
                    text,
                    Box(x + 20, box.y, wide + 1, LEGEND_LINE),
                    12,
                    self.look.theme.muted,
                    anchor="start",
                    role="legend",
                )
            )
            x += 20 + wide + 22
        return made

    def _description(self, step: int, changed: list[str], before: list[Shape], shapes: list[Shape]) -> str:
        picture = self.story.pictures[step]
        parts = [f"Step {step} of {len(self) - 1}."]
        for line in picture.code_lines[:1]:
            if 1 <= line <= len(self.story.code):
                parts.append(f"Line {line}: {self.story.code[line - 1].strip()}.")
        old, new = {s.id: s for s in before}, {s.id: s for s in shapes}
        for key in changed[:6]:
            was = f", was {old[key].text}" if key in old else ""
            parts.append(f"{_spoken(key)} is {new[key].text}{was}.")
        parts += [remark.text for remark in picture.remarks]
        return " ".join(parts)


LEGEND_LINE = 26.0


def _spoken(key: str) -> str:
    """An id in words: `value:main:2` is "main 2"."""
    return " ".join(part for part in key.split(":") if part not in ("value", "item", "entry", "text"))


def _wrapped(text: str, wide: float, high: float) -> tuple[float, list[str]]:
    """The largest size at which a comment fits, and its lines."""
    for size in (18.0, 16.5, 15.0, 13.5, 12.0):
        most = int(high // (line_height(size) * 1.1))
        lines = wrap(text, wide, size, most=most + 1)
        if len(lines) <= most:
            return size, lines
    return size, wrap(text, wide, size, most=most)


def _without(pictures: tuple[Picture, ...], hidden: frozenset[str]) -> tuple[Picture, ...]:
    """Pictures without what a style hides."""
    made = pictures
    if "aux" in hidden:
        made = tuple(replace(p, views=p.views[:1], variables=(), calls=()) for p in made)
    return tuple(replace(p, remarks=()) for p in made) if "comment" in hidden else made


def _kinds(pictures: tuple[Picture, ...]) -> dict[str, str]:
    """Every view that occurs, by id; views with data go before the main one where it never holds any."""
    kinds: dict[str, str] = {}
    for picture in pictures:
        for view in picture.views:
            kinds.setdefault(view.id, view.kind)
    if OUTPUT in kinds and len(kinds) > 1:  # what is printed matters less than the data
        kinds[OUTPUT] = kinds.pop(OUTPUT)
    return kinds


def _legend(pictures: tuple[Picture, ...]) -> tuple[str, ...]:
    """Names of the styles that cells and nodes have at some step, in the order in which they come."""
    found: dict[str, None] = {}
    seen: set[int] = set()
    for picture in pictures:
        for view in picture.views:
            if id(view) in seen:
                continue
            seen.add(id(view))
            body = view.body
            if isinstance(body, Row):
                found |= dict.fromkeys(item.style for item in body.items)
            elif isinstance(body, Network):
                found |= dict.fromkeys(node.style for node in body.nodes)
            elif isinstance(body, Grid | Buckets):
                found |= dict.fromkeys(body.styles.values())
        for marks in picture.marks.values():
            found |= dict.fromkeys([*marks.cells.values(), *marks.buckets.values()])
    return tuple(style for style in found if not is_plain(style))[:_MOST_LEGEND]
