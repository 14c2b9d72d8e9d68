"""How long each step takes: what moves, what is held, what is read."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass

from vidkit.algoviz.rsl.grammar import Pacing
from vidkit.algoviz.vta.document import Delta
from vidkit.algoviz.vta.operations import Op
from vidkit.algoviz.vta.state import State

SHORTEST = 0.12  # s of a step, however short the whole is to be

# seconds of an operation as a share of the transition
_STYLES = ("updateStyle", "updateNodeStyle", "updateEdgeStyle")
_MARKS = ("highlightTableCell", "showDependency", "highlightBucket", "highlightPath", "showHash")
_MOVES = ("moveElements", "shiftElements", "swapNodes", "reparent")
_WEIGHTS = {**dict.fromkeys((*_STYLES, *_MARKS, "highlightCollision"), 0.4), **dict.fromkeys(_MOVES, 0.75)}
_OTHERS = 0.3
_STILL = ("showComment", "x-note")
# what changes no value: steps of these alone may be merged with the next one
_MINOR = (*_STYLES, *_MARKS, "highlightCollision", "x-pointer", "updateBoundary", "removeBoundary")


@dataclass(frozen=True, slots=True)
class StepTime:
    """When a step is seen, in seconds of the whole video.

    Args:
        start_s: when it begins to move.
        move_s: how long it moves; 0 for the initial state.
        hold_s: how long it is held then, reading included.
        is_merged: whether it is not seen by itself, but as part of the next one; then it takes no time.
    """

    start_s: float
    move_s: float
    hold_s: float
    is_merged: bool = False

    @property
    def end_s(self) -> float:
        return self.start_s + self.move_s + self.hold_s


def weight(op: Op, transition_s: float) -> float:
    """Seconds that an operation moves where no rule says otherwise."""
    return 0.0 if op.op in _STILL else _WEIGHTS.get(op.op, _OTHERS) * transition_s


def is_minor(delta: Delta) -> bool:
    """Whether a step changes no value and says nothing."""
    ops = delta.ops
    return not delta.meta and all(op.op in _MINOR for op in ops)


@dataclass(frozen=True)
class Pace:
    """What a style says of time.

    Args:
        transition_s: base of what moves.
        pause_s: how long a step is held.
        coalesce: whether minor steps are merged with the next one.
        changes_per_s: the most steps per second; None: any.
        pacing: reading and the whole duration.
    """

    transition_s: float
    pause_s: float
    coalesce: bool
    changes_per_s: float | None
    pacing: Pacing


def step_times(
    deltas: Sequence[Delta],
    states: Sequence[State],
    pace: Pace,
    run_time: Callable[[int, Op], float | None],
    kept: Container[int] = (),
) -> tuple[StepTime, ...]:
    """The time of each state, the initial one first.

    A step takes its transition, where groups of operations follow each other, its pause, and the time to read
    a comment that was not there before.

    Args:
        deltas: of the trace.
        states: of the trace, one more.
        pace: what the style says.
        run_time: what a rule says of an operation of a step, in seconds; None: nothing.
        kept: steps that are never merged.
    """
    moves, holds = [0.0], [pace.pause_s + _reading(None, states[0], pace.pacing)]
    for place, delta in enumerate(deltas):
        groups = (
            max((_one(place + 1, op, pace, run_time) for op in group), default=0.0)
            for group in delta.operations
        )
        moves.append(pace.transition_s + sum(groups))
        holds.append(pace.pause_s + _reading(states[place], states[place + 1], pace.pacing))
    mergeable = _mergeable(deltas, kept)
    merged = mergeable if pace.coalesce else [False] * len(states)
    target = pace.pacing.target_duration
    if target is not None:
        moves, holds, merged = _fitted(moves, holds, merged, mergeable, target)
    return _laid_out(moves, holds, merged, pace.changes_per_s)


def _one(step: int, op: Op, pace: Pace, run_time: Callable[[int, Op], float | None]) -> float:
    told = run_time(step, op)
    return weight(op, pace.transition_s) if told is None else told


def _reading(before: State | None, state: State, pacing: Pacing) -> float:
    known = set() if before is None else {comment.text for comment in before.marks.comments}
    new = [comment.text for comment in state.marks.comments if comment.text not in known]
    characters = sum(map(len, new)) + sum(len(remark.text) for remark in state.marks.remarks)
    if not characters:
        return 0.0
    return min(pacing.longest_reading, max(1.0, characters / pacing.reading_speed))


def _mergeable(deltas: Sequence[Delta], kept: Container[int]) -> list[bool]:
    """Minor steps that have a step after them."""
    last = len(deltas)
    return [False, *(is_minor(d) and step < last and step not in kept for step, d in enumerate(deltas, 1))]


def _fitted(
    moves: list[float], holds: list[float], merged: list[bool], mergeable: list[bool], target: float
) -> tuple[list[float], list[float], list[bool]]:
    """Times scaled to a whole duration; where the shortest steps are too long, minor ones are merged."""

    def total(share: float) -> float:
        steps = zip(moves, holds, merged, strict=True)
        return sum(max(SHORTEST, (move + hold) * share) for move, hold, gone in steps if not gone)

    if total(0.0) > target:
        merged = mergeable
    low, high = 0.0, 1.0
    while total(high) < target and high < 1e6:
        high *= 2
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if total(middle) < target else (low, middle)
    fitted = [_scaled(move, hold, high) for move, hold in zip(moves, holds, strict=True)]
    return [move for move, _ in fitted], [hold for _, hold in fitted], merged


def _scaled(move: float, hold: float, share: float) -> tuple[float, float]:
    whole = move + hold
    if whole * share >= SHORTEST:
        return move * share, hold * share
    return (move * SHORTEST / whole, hold * SHORTEST / whole) if whole > 0 else (0.0, SHORTEST)


def _laid_out(
    moves: list[float], holds: list[float], merged: list[bool], changes_per_s: float | None
) -> tuple[StepTime, ...]:
    shortest = 0.0 if changes_per_s is None else 1 / changes_per_s
    made, now = [], 0.0
    for move, hold, gone in zip(moves, holds, merged, strict=True):
        if gone:
            made.append(StepTime(now, 0.0, 0.0, True))
            continue
        step = StepTime(now, move, max(hold, shortest - move))
        made.append(step)
        now = step.end_s
    return tuple(made)
