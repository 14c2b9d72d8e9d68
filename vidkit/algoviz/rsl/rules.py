"""Rules of a style: which operations they mean, and what they say of the parts that these touch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from vidkit.algoviz.rsl.grammar import Rule
from vidkit.algoviz.rsl.looks import Wish
from vidkit.algoviz.rsl.targets import Target, targets_of
from vidkit.algoviz.rsl.timing import weight
from vidkit.algoviz.vta.diagnostics import Refusal
from vidkit.algoviz.vta.document import Delta
from vidkit.algoviz.vta.engine.context import resolve
from vidkit.algoviz.vta.operations import Op
from vidkit.algoviz.vta.state import State


@dataclass(frozen=True, slots=True)
class Motion:
    """How a part moves in its step.

    Args:
        variant: pulse, glow, shake, fade or morph.
        run_time_s: how long.
        easing: linear, ease-in, ease-out or ease-in-out.
        group: group of operations that it belongs to; groups move one after the other.
        is_said: a rule asks for the variant or the easing.
    """

    variant: str
    run_time_s: float
    easing: str
    group: int
    is_said: bool = False


_MORPH = (
    "updateValues",
    "updateTableCell",
    "moveElements",
    "shiftElements",
    "swapNodes",
    "reparent",
    "x-pointer",
)


def meets(rule: Rule, op: Op, step: int, state: State) -> bool:
    """Whether a rule means an operation of a step; all that it gives has to hold.

    Args:
        rule: of the style.
        op: of the step.
        step: 1 for the first delta.
        state: after the step.
    """
    when = rule.when
    if when.op is not None and when.op != op.op:
        return False
    if when.code_highlight_in is not None and not set(when.code_highlight_in) & set(state.code):
        return False
    if when.step_range is not None and not when.step_range[0] <= step <= when.step_range[1]:
        return False
    if when.style_key is not None and getattr(op.params, "style_key", None) != when.style_key:
        return False
    return when.view_id is None or view_of(op, state) == when.view_id


def view_of(op: Op, state: State) -> str | None:
    """The id of the view that an operation is about; None: none, or one that is not there."""
    if op.op in ("updateBoundary", "removeBoundary"):
        return state.main.view_id
    if not hasattr(op.params, "view_id"):
        return None
    try:
        return resolve(state, op.params.view_id).view_id
    except Refusal:
        return None


def run_time(rules: tuple[Rule, ...], op: Op, step: int, state: State) -> float | None:
    """Seconds that the last rule with a say gives an operation; None: none has."""
    told = (
        r.do.animation.run_time
        for r in reversed(rules)
        if r.do.animation.run_time is not None and meets(r, op, step, state)
    )
    return next(told, None)


@dataclass(frozen=True)
class Touched:
    """What operations of a step touch.

    Args:
        wishes: what rules say of how parts look; of two rules the later wins, property by property.
        motions: how parts move, of each the last operation that touches it.
    """

    wishes: dict[Target, Wish]
    motions: dict[Target, Motion]


def touched(
    rules: tuple[Rule, ...], delta: Delta | None, step: int, state: State, transition_s: float
) -> Touched:
    """What a step touches, and what rules say of it; nothing for the initial state (`delta` None)."""
    wishes: dict[Target, Wish] = {}
    motions: dict[Target, Motion] = {}
    for group, op in _operations(delta):
        met = [rule for rule in rules if meets(rule, op, step, state)]
        motion = _motion(met, op, group, transition_s)
        for target in targets_of(op, state):
            motions[target] = motion
            for rule in met:
                wishes[target] = _joined(wishes.get(target, Wish()), rule)
    return Touched(wishes, motions)


def _operations(delta: Delta | None) -> Iterator[tuple[int, Op]]:
    if delta is not None:
        for place, group in enumerate(delta.operations):
            for op in group:
                yield place, op


def _joined(wish: Wish, rule: Rule) -> Wish:
    said = {name: value for name, value in rule.do.style if value is not None}
    return replace(wish, **said)


def _motion(met: list[Rule], op: Op, group: int, transition_s: float) -> Motion:
    variant = "morph" if op.op in _MORPH else "fade"
    seconds, easing = weight(op, transition_s), "ease-in-out"
    for rule in met:
        animation = rule.do.animation
        variant = animation.variant or variant
        easing = animation.easing or easing
        seconds = seconds if animation.run_time is None else animation.run_time
    said = any(rule.do.animation.variant or rule.do.animation.easing for rule in met)
    return Motion(variant, seconds, easing, group, said)
