"""A style applied to a trace: how every part looks and moves in every step, and where views are.

`style_of(trace, style)` gives a `ResolvedStyle`; `resolved.step(k)` how step k looks:

    resolved = style_of(trace, "light")
    now = resolved.step(3)                       # 0 is the initial state
    now.look("element", "data_state", 2).fill    # "#ffd970"
    now.motion("element", "data_state", 2)       # Motion, or None: it does not move
    resolved.times[3].start_s
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidkit.algoviz.rsl.annotations import PlacedAnnotation
from vidkit.algoviz.rsl.checking import check_style
from vidkit.algoviz.rsl.choosing import Slots, ViewLayout, default_layout, default_pace
from vidkit.algoviz.rsl.codes import StyleError, StyleFinding
from vidkit.algoviz.rsl.grammar import Layout, Rsl
from vidkit.algoviz.rsl.looks import Look, Looks
from vidkit.algoviz.rsl.reading import read_style
from vidkit.algoviz.rsl.rules import Motion, Touched, meets, run_time, touched
from vidkit.algoviz.rsl.targets import Target
from vidkit.algoviz.rsl.themes import Theme
from vidkit.algoviz.rsl.theming import theme_of
from vidkit.algoviz.rsl.timing import Pace, StepTime, step_times
from vidkit.algoviz.vta.state import (
    ArrayView,
    GraphView,
    ListView,
    State,
    TreeView,
    View,
)
from vidkit.algoviz.vta.trace import Trace
from vidkit.algoviz.vta.view_specs import MAIN


class StepStyle:
    """How one step looks.

    Args:
        looks: of the whole style.
        state: at the step.
        touched: what its operations touch.
        annotations: of this step.
    """

    def __init__(
        self, looks: Looks, state: State, touched: Touched, annotations: tuple[PlacedAnnotation, ...]
    ) -> None:
        self.state = state
        self.annotations = annotations
        self._looks = looks
        self._touched = touched
        self._marked = _marked(state)

    @property
    def touched(self) -> tuple[Target, ...]:
        """The parts that operations of the step touch, in their order."""
        return tuple(self._touched.motions)

    def look(self, kind: str, view_id: str, key: Any) -> Look:
        """How a part looks; kind, view and key as `Target` has them.

        Parts that are not there have the look of their kind.
        """
        target = Target(kind, view_id, key)
        style = self._marked.get(target) or _style_name(self.state, target)
        look = self._looks.of(kind, style)
        wish = self._touched.wishes.get(target)
        return look if wish is None else self._looks.with_wish(look, kind, wish)

    def motion(self, kind: str, view_id: str, key: Any) -> Motion | None:
        """How a part moves in this step; None: no operation touches it."""
        return self._touched.motions.get(Target(kind, view_id, key))


@dataclass(frozen=True)
class ResolvedStyle:
    """A style applied to a trace.

    Args:
        trace: the trace.
        rsl: the style document.
        theme: colours by role; all pairs have enough contrast.
        slots: where code, auxiliary views and comments are.
        times: when each state is seen, the initial one first; `times[-1].end_s` is the duration.
        findings: what is odd about the style or the colours of the trace.
        looks: looks by kind and named style.
        placed: annotations by step.
        states: of the trace, one more than deltas.
    """

    trace: Trace
    rsl: Rsl
    theme: Theme
    slots: Slots
    times: tuple[StepTime, ...]
    findings: tuple[StyleFinding, ...]
    looks: Looks
    placed: Mapping[int, tuple[PlacedAnnotation, ...]]
    states: Sequence[State]

    @property
    def lang(self) -> str:
        """Language of vidkit's own words: "en", "zh"."""
        return self.rsl.lang

    @property
    def duration_s(self) -> float:
        """Of the whole video."""
        return self.times[-1].end_s

    def step(self, k: int) -> StepStyle:
        """How step k looks, 0 for the initial state.

        Raises:
            IndexError: k is not from 0 to the number of deltas.
        """
        if not 0 <= k < len(self.states):
            raise IndexError(f"step must be from 0 to {len(self.states) - 1}, got {k}")
        delta = self.trace.deltas[k - 1] if k else None
        state = self.states[k]
        transition, _ = _transition(self.rsl, len(self.trace))
        made = touched(self.rsl.rules, delta, k, state, transition)
        return StepStyle(self.looks, state, made, self.placed.get(k, ()))

    def layout(self, view: View) -> ViewLayout:
        """How a view is laid out: the main one as the style says, others by their type and size.

        Give the view as it is in its largest state, so that the layout is one for the whole video.
        """
        chosen = default_layout(view)
        said = self.rsl.layout.main
        if view.view_id != MAIN or said is None:
            return chosen
        params = {name: value for name, value in said.params if value is not None}
        values = {name: getattr(chosen, name) for name in ViewLayout.__dataclass_fields__}
        return ViewLayout(**{**values, "type": said.type, **params})


def style_of(
    trace: Trace, style: str | Path | Mapping[str, Any] | Rsl | None = None, strict: bool = True
) -> ResolvedStyle:
    """Apply a style to a trace.

    Args:
        trace: what is shown.
        style: name of a preset, path of an RSL file, JSON value; None is the preset `dark`.
        strict: whether an error of the style ends it; otherwise it is among the findings, and what it is
            about is left out.

    Raises:
        DataError: no such preset or file, or not JSON.
        StyleError: not in the grammar; or `strict`, and it does not fit the trace.
    """
    rsl, where = read_style(style)
    states = trace.replay()
    theme, colour_findings = theme_of(rsl)
    found, placed = check_style(rsl, trace, states, theme)
    findings = (*colour_findings, *found)
    error = next((finding for finding in findings if finding.is_error), None)
    if strict and error is not None:
        raise StyleError(where, error)
    times = _times(trace, rsl, states, set(placed))
    looks = Looks(theme, trace.styles)
    return ResolvedStyle(trace, rsl, theme, _slots(rsl.layout), times, findings, looks, placed, states)


def _transition(rsl: Rsl, steps: int) -> tuple[float, float]:
    if rsl.timeline is None:
        return default_pace(steps)
    return rsl.timeline.transition, rsl.timeline.pause


def _times(trace: Trace, rsl: Rsl, states: Sequence[State], annotated: set[int]) -> tuple[StepTime, ...]:
    transition, pause = _transition(rsl, len(trace))
    line = rsl.timeline
    coalesce = line is not None and line.coalesce_minor_frames
    pace = Pace(transition, pause, coalesce, line.max_fps_for_changes if line else None, rsl.pacing)
    # a step that a rule or an annotation speaks of is to be seen
    kept = annotated | {
        step
        for step, delta in enumerate(trace.deltas, 1)
        if any(meets(rule, op, step, states[step]) for rule in rsl.rules for op in delta.ops)
    }
    return step_times(
        trace.deltas, states, pace, lambda step, op: run_time(rsl.rules, op, step, states[step]), kept
    )


def _slots(layout: Layout) -> Slots:
    chosen = Slots()
    made = {}
    for name in ("aux", "code", "comment"):
        said, default = getattr(layout, name), getattr(chosen, name)
        made[name] = default if said is None else (said.slot, said.max_share or default[1])
    return Slots(**made)


def _marked(state: State) -> dict[Target, str | None]:
    """Styles that marks of the step give to parts."""
    made: dict[Target, str | None] = {}
    for cell in state.marks.cells:
        made[Target("cell", cell.view_id, (cell.row, cell.col))] = cell.style
    for bucket in state.marks.buckets:
        made[Target("bucket", bucket.view_id, bucket.bucket)] = bucket.style
    for path in state.marks.paths:
        made |= {Target("node", path.view_id, name): path.style for name in path.nodes}
    return made


def _style_name(state: State, target: Target) -> str | None:
    """The style that a part has in the state."""
    kind, view_id, key = target
    if kind == "boundary":
        return state.boundaries[key].style if key in range(len(state.boundaries)) else None
    if kind == "dependency":
        found = state.marks.dependencies
        return found[key].style if key in range(len(found)) else None
    view = state.main if view_id == state.main.view_id else state.aux.get(view_id)
    if kind == "node" and isinstance(view, GraphView | TreeView):
        return view.nodes[key].style if key in view.nodes else None
    if kind == "edge" and isinstance(view, GraphView):
        return view.edges[key].style if key in range(len(view.edges)) else None
    if kind == "item" and isinstance(view, ListView):
        items = view.lists.get(key[0], ())
        return items[key[1]].style if key[1] in range(len(items)) else None
    if kind == "element" and isinstance(view, ArrayView):
        return next((element.style for element in view.elements if element.index == key), None)
    return None
