"""A resolved style (RSL) as a look: its colours and times, what its rules and annotations do to shapes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from vidkit.algoviz.rsl.annotations import PlacedAnnotation
from vidkit.algoviz.rsl.choosing import ViewLayout
from vidkit.algoviz.rsl.looks import Look as Part
from vidkit.algoviz.rsl.looks import Looks
from vidkit.algoviz.rsl.resolve import ResolvedStyle
from vidkit.algoviz.rsl.targets import Target
from vidkit.algoviz.scene.colours import OUTLINE_CONTRAST, ink, luminance, mix, readable
from vidkit.algoviz.scene.look import Layouts, Look, Paint, Theme, is_plain
from vidkit.algoviz.scene.motion import halo
from vidkit.algoviz.scene.painters.base import Box, label
from vidkit.algoviz.scene.painters.grid import between
from vidkit.algoviz.scene.picture import MAIN, Network, Picture, Row, Story
from vidkit.algoviz.scene.shapes import CANVAS, Effect, Layer, Shape
from vidkit.algoviz.scene.text import unit_width
from vidkit.algoviz.scene.values import one_line
from vidkit.algoviz.vta.state import State

_GROWS, _SHRINKS = 1.12, 0.5  # of a size: more would touch what is beside it
_LINES = ("edge", "dependency")
USUAL = ViewLayout("")
UNIT = CANVAS[0] / 16  # pixels; a picture is 16 units wide


@dataclass(frozen=True)
class StyledLook(Look):
    """Paints of a style document; `known` are the names of styles that the trace describes."""

    looks: Looks | None = None
    known: frozenset[str] = field(default_factory=frozenset)

    def _paint(self, name: str) -> Paint:
        glares = is_plain(name) and luminance(self.theme.background) < 0.2
        if self.looks is None or glares or not (name in self.known or is_plain(name)):
            return super()._paint("" if glares else name)
        part = self.looks.of("element", name or None)
        # what only just suffices was made to: black or white is clearer
        return Paint(part.fill, part.stroke, ink(part.text, part.fill, 5.0), part.stroke_width)

    def badge(self, style: str | None) -> str:
        if self.looks is None or not style or style not in self.known or not self.looks.theme.recolours:
            return ""
        number = self.looks.of("element", style).badge
        return "" if number is None else str(number + 1)

    def line(self, style: str | None, usual: str) -> tuple[str, float]:
        if self.looks is None or not style or style not in self.known:
            return super().line(style, usual)
        part = self.looks.of("edge", style)
        return part.stroke, min(part.stroke_width, 6.0)


def look_of(style: ResolvedStyle, story: Story) -> Look:
    """What a resolved style means for the films of a story of the same trace."""
    said = style.theme
    theme = Theme(
        said.name,
        said.background,
        said.panel,
        mix(said.panel, said.text, 0.16),
        said.outline,
        said.text,
        said.muted,
        said.cell,
        said.primary,
        said.secondary,
        said.accent,
        readable("#c62828", said.panel, OUTLINE_CONTRAST),
    )
    main = style.rsl.layout.main
    params = dict(main.params) if main is not None else {}
    slots = {"aux": style.slots.aux, "code": style.slots.code, "comment": style.slots.comment}
    layouts = Layouts(
        main=main.type if main is not None else None,
        edge_curve=float(params.get("edge_curve") or 0.0),
        cells=float(params.get("cell_size") or USUAL.cell_size) / USUAL.cell_size,
        gaps=float(params.get("spacing") or USUAL.spacing) / USUAL.spacing,
        apart=UNIT * float(params["node_spacing"]) if params.get("node_spacing") else None,
        columns=params.get("grid_cols"),
        side_share=style.slots.code[1],
        hidden=frozenset(name for name, (place, _) in slots.items() if place == "none"),
        on_right=style.slots.code[0] == "right",
    )
    finish = _Finish(style, story, theme)
    return StyledLook(
        theme,
        layouts=layouts,
        times=tuple((time.move_s, time.hold_s) for time in style.times),
        merged=frozenset(step for step, time in enumerate(style.times) if time.is_merged),
        finish=finish,
        effects=finish.effects if style.rsl.rules else None,
        looks=style.looks,
        known=frozenset(style.trace.styles.names),
    )


class _Finish:
    """Applies rules and annotations to the shapes of a step."""

    def __init__(self, style: ResolvedStyle, story: Story, theme: Theme) -> None:
        self.style, self.story, self.theme = style, story, theme

    def __call__(self, step: int, shapes: list[Shape]) -> list[Shape]:
        rules, now = self.style.rsl.rules, self.style.step(step)
        state, picture = self.style.states[step], self.story.pictures[step]
        if rules:
            for target in now.touched:
                part = now.look(target.kind, target.view_id, target.key)
                plain = self.style.looks.of(target.kind, part.style)
                if part != plain:
                    key = shape_of(target, state, picture)
                    shapes = _restyled(shapes, key, part, plain, target.kind) if key else shapes
        for number, annotation in enumerate(now.annotations):
            shapes = [*shapes, *self._annotated(number, annotation, state, picture, shapes)]
        return shapes

    def effects(self, step: int, shapes: list[Shape]) -> dict[str, Effect]:
        """How the parts that rules speak of move, by ids of their shapes, their texts included."""
        now, state, picture = self.style.step(step), self.style.states[step], self.story.pictures[step]
        made: dict[str, Effect] = {}
        by_id = {shape.id: shape for shape in shapes}
        for target in now.touched:
            motion = now.motion(target.kind, target.view_id, target.key)
            key = shape_of(target, state, picture) if motion is not None and motion.is_said else None
            if motion is None or key not in by_id:
                continue
            effect = Effect(motion.variant, motion.easing, by_id[key].centre)
            made |= {shape.id: effect for shape in shapes if shape.id == key or shape.within == key}
        return made

    def _annotated(
        self, number: int, given: PlacedAnnotation, state: State, picture: Picture, shapes: list[Shape]
    ) -> Iterator[Shape]:
        key, colour = f"annotation:{number}", given.colour or self.theme.accent
        ends = [self._box(target, state, picture, shapes) for target in (given.source, given.target)]
        box = ends[1] or ends[0]
        if given.type == "arrow" and ends[0] and ends[1]:
            yield between(key, ends[0], ends[1], colour, 3.0)
        elif given.type in ("circle", "highlight") and box:
            kind: Any = "ellipse" if given.type == "circle" else "rect"
            wide = 7.0
            yield Shape(
                key,
                kind,
                box.x - wide,
                box.y - wide,
                box.w + 2 * wide,
                box.h + 2 * wide,
                layer=Layer.OUTLINE,
                role="annotation",
                stroke=colour,
                stroke_width=3.0,
                radius=9.0,
                dash=given.type == "circle",
            )
        if given.label:
            yield from self._label(
                key, one_line(given.label, 60), colour, box, self._at(given.position, shapes)
            )

    def _label(
        self, key: str, text: str, colour: str, box: Box | None, position: tuple[float, float] | None
    ) -> Iterator[Shape]:
        width, height = CANVAS
        wide = min(unit_width(text, "bold") * 14 + 18, 420.0)
        x, y = position or ((box.x + box.w / 2, box.y - 26) if box else (width / 2, 84.0))
        left, top = min(max(30.0, x - wide / 2), width - 30 - wide), min(max(74.0, y - 12), height - 50.0)
        place = Box(left, top, wide, 24.0)
        yield Shape(
            f"{key}:tag",
            "rect",
            place.x,
            place.y,
            place.w,
            place.h,
            layer=Layer.COMMENT,
            role="annotation",
            fill=self.theme.panel,
            stroke=readable(colour, self.theme.panel, OUTLINE_CONTRAST),
            stroke_width=2,
            radius=12,
        )
        yield label(
            f"{key}:text",
            text,
            place,
            14,
            readable(colour, self.theme.panel),
            font="bold",
            within=f"{key}:tag",
            pad=8,
            role="annotation",
            layer=Layer.COMMENT,
        )

    def _at(self, position: tuple[float, float] | None, shapes: list[Shape]) -> tuple[float, float] | None:
        """A place in pixels; given as a share of the box of the data."""
        if position is None:
            return None
        card = next(shape for shape in shapes if shape.id == "panel:main")
        return card.x + position[0] * card.w, card.y + position[1] * card.h

    def _box(self, target: Target | None, state: State, picture: Picture, shapes: list[Shape]) -> Box | None:
        key = shape_of(target, state, picture) if target else None
        found = next((shape for shape in shapes if shape.id == key), None)
        return Box(found.x, found.y, found.w, found.h) if found else None


def shape_of(target: Target, state: State, picture: Picture) -> str | None:
    """The id of the shape that stands for a part of a state; None: none does."""
    name = MAIN if target.view_id in ("", state.main.view_id) else f"aux.{target.view_id}"
    view, key = picture.view(name), target.key
    body = view.body if view else None
    if target.kind == "pointer":
        pointer = state.pointers.get(key)
        where = MAIN if pointer is None or pointer.view_id == state.main.view_id else f"aux.{pointer.view_id}"
        return f"pointer:{where}:{key}"
    if target.kind == "boundary":
        ranges = picture.marks[MAIN].ranges if MAIN in picture.marks else ()
        return f"range:{MAIN}:{ranges[key].key}" if key < len(ranges) else None
    if target.kind == "dependency":
        made = state.marks.dependencies[key]
        return f"arrow:{name}:{made.from_cells[0]}>{made.to_cell}" if made.from_cells else None
    if target.kind == "comment":
        return "comment:bar"
    if target.kind == "cell":
        return f"cell:{name}:{key[0]},{key[1]}"
    if target.kind in ("node", "bucket"):
        return f"{target.kind}:{name}:{key}"
    if target.kind == "edge" and isinstance(body, Network):
        return f"edge:{name}:{body.edges[key].key}" if key < len(body.edges) else None
    if target.kind in ("element", "item"):
        return _row_shape(name, view.kind if view else "", body, key)
    return None


def _row_shape(name: str, kind: str, body: Any, key: Any) -> str | None:
    if isinstance(body, Network):  # a heap
        return f"node:{name}:{key}"
    if not isinstance(body, Row):
        return None
    index = key
    if isinstance(key, tuple):
        names = [part for part, _ in body.names]
        before = body.names[: names.index(key[0])] if key[0] in names else ()
        index = sum(count for _, count in before) + key[1]
    if not 0 <= index < len(body.items):
        return None
    if kind in ("array", "string"):
        return f"cell:{name}:{index}"
    return f"item:{name}:{body.items[index].key or index}"


def _restyled(shapes: list[Shape], key: str, part: Part, plain: Part, kind: str) -> list[Shape]:
    """Shapes with a part as a rule wants it; only what the rule changes is changed."""
    made: list[Shape] = []
    scale = min(_GROWS, max(_SHRINKS, part.scale)) if part.scale != plain.scale else 1.0
    for shape in shapes:
        if shape.id == key or (kind == "dependency" and shape.id.startswith(key.partition(">")[0])):
            changes: dict[str, Any] = {}
            if part.fill != plain.fill and kind not in _LINES:
                changes["fill"] = part.fill
            if part.stroke != plain.stroke:
                changes["stroke"] = part.stroke
            if part.stroke_width != plain.stroke_width:
                changes["stroke_width"] = min(part.stroke_width, 8.0)
            if scale != 1.0 and kind not in _LINES:
                changes |= _scaled(shape, scale)
            if part.glow:
                made.append(halo(shape, part.stroke))
            made.append(replace(shape, **changes))
        elif shape.within == key and shape.kind == "text":
            changes_ink = part.text != plain.text or part.fill != plain.fill
            made.append(replace(shape, fill=ink(part.text, part.fill) if changes_ink else shape.fill))
        else:
            made.append(shape)
    return made


def _scaled(shape: Shape, scale: float) -> dict[str, float]:
    x, y = shape.centre
    wide, high = shape.w * scale, shape.h * scale
    return {"x": x - wide / 2, "y": y - high / 2, "w": wide, "h": high}
