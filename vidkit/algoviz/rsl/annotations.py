"""Annotations of a style: at which parts of which step they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vidkit.algoviz.rsl.codes import StyleFinding
from vidkit.algoviz.rsl.grammar import Annotation
from vidkit.algoviz.rsl.targets import Target
from vidkit.algoviz.vta.state import ArrayView, GraphView, HashView, ListView, State, TableView, TreeView


@dataclass(frozen=True, slots=True)
class PlacedAnnotation:
    """Something drawn in one step.

    Args:
        type: arrow, text, highlight or circle.
        label: its text; may be empty, of a text it is not.
        colour: `#rrggbb`, enough contrast to the background.
        source: where an arrow begins; of a highlight or circle, what it is round.
        target: where an arrow ends.
        position: share of the main view's box, (0, 0) its top left corner; of a text, its middle.
    """

    type: str
    label: str
    colour: str
    source: Target | None
    target: Target | None
    position: tuple[float, float] | None


# type: (fields that it needs, fields that it has no use for)
_NEEDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "arrow": (("source", "target"), ("position",)),
    "text": (("label", "position"), ("source", "target")),
    "highlight": (("source",), ("target", "position")),
    "circle": (("source",), ("target", "position")),
}
_NAMES = {"source": "from", "target": "to"}


def place(
    annotation: Annotation, states: Sequence[State], colour: str, pointer: str
) -> PlacedAnnotation | StyleFinding:
    """An annotation at the parts that it names, or what is wrong with it.

    Args:
        annotation: of the style.
        states: all of the trace.
        colour: that it gets.
        pointer: JSON pointer of it in the style.
    """
    if annotation.frame >= len(states):
        last = len(states) - 1
        return StyleFinding("R204", f"{pointer}/frame", f"step {annotation.frame}: the last one is {last}")
    needed, useless = _NEEDS[annotation.type]
    for name in needed:
        if getattr(annotation, name) in (None, ""):
            said = f"{annotation.type} needs '{_NAMES.get(name, name)}'"
            return StyleFinding("R205", pointer, said)
    for name in useless:
        if getattr(annotation, name) is not None:
            said = f"{annotation.type} does not take '{_NAMES.get(name, name)}'"
            return StyleFinding("R205", f"{pointer}/{_NAMES.get(name, name)}", said, "remove it")
    ends: dict[str, Target | None] = {}
    for name in ("source", "target"):
        raw = getattr(annotation, name)
        ends[name] = None if raw is None else part_named(raw, states[annotation.frame])
        if raw is not None and ends[name] is None:
            said = f"nothing is called {raw!r:.40} in step {annotation.frame}"
            hint = 'a node\'s id, an index, or a cell as "row,col"'
            return StyleFinding("R206", f"{pointer}/{_NAMES[name]}", said, hint)
    return PlacedAnnotation(
        annotation.type, annotation.label, colour, ends["source"], ends["target"], annotation.position
    )


def part_named(name: str | int, state: State) -> Target | None:
    """The part of the main view that a name means; None: there is none."""
    main, text = state.main, str(name).strip()
    if isinstance(main, GraphView | TreeView):
        return Target("node", main.view_id, text) if text in main.nodes else None
    if isinstance(main, TableView):
        parts = text.strip("()[]").split(",")
        if len(parts) != 2 or not all(part.strip().isdecimal() for part in parts):
            return None
        row, column = (int(part) for part in parts)
        inside = row < len(main.rows) and column < len(main.rows[row])
        return Target("cell", main.view_id, (row, column)) if inside else None
    if not text.isdecimal() or len(text) > 9:
        return None
    index = int(text)
    if isinstance(main, ArrayView):
        known = any(element.index == index for element in main.elements)
        return Target("element", main.view_id, index) if known else None
    if isinstance(main, HashView):
        known = any(bucket.index == index for bucket in main.buckets)
        return Target("bucket", main.view_id, index) if known else None
    assert isinstance(main, ListView)
    return Target("item", main.view_id, ("", index)) if index < len(main.lists.get("", ())) else None
