"""What changed from state to state, forwards and backwards, and where two traces part."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from vidkit.algoviz.vta.hashing import StateHasher
from vidkit.algoviz.vta.state import State
from vidkit.algoviz.vta.values import FrozenDict

Path = tuple[str | int, ...]  # names of fields and entries, positions in tuples


@dataclass(frozen=True, slots=True)
class Change:
    """One value that differs.

    Args:
        path: where it is in the state: `("main", "elements", 3, "value")`.
        before: the value before.
        after: the value after.
    """

    path: Path
    before: Any
    after: Any


def diff(before: State, after: State) -> tuple[Change, ...]:
    """The changes that make one state of the other; empty for equal states."""
    made: list[Change] = []
    _compare(before, after, (), made)
    return tuple(made)


def _compare(before: Any, after: Any, path: Path, made: list[Change]) -> None:
    if before is after:
        return
    if type(before) is not type(after):
        made.append(Change(path, before, after))
    elif dataclasses.is_dataclass(before):
        for field in dataclasses.fields(before):
            name = field.name
            _compare(getattr(before, name), getattr(after, name), (*path, name), made)
    elif isinstance(before, FrozenDict) and list(before) == list(after):
        for name in before:
            _compare(before[name], after[name], (*path, name), made)
    elif isinstance(before, tuple) and len(before) == len(after):
        for place, (one, other) in enumerate(zip(before, after, strict=True)):
            _compare(one, other, (*path, place), made)
    elif isinstance(before, FrozenDict | tuple) or before != after:
        made.append(Change(path, before, after))


def apply(state: State, changes: Sequence[Change], backwards: bool = False) -> State:
    """The state with changes made, or undone.

    `apply(before, diff(before, after)) == after`, and the other way round with `backwards`.
    """
    for change in changes:
        state = _put(state, change.path, change.before if backwards else change.after)
    return state


def _put(whole: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    first, rest = path[0], path[1:]
    if isinstance(whole, tuple):
        assert isinstance(first, int)
        return (*whole[:first], _put(whole[first], rest, value), *whole[first + 1 :])
    assert isinstance(first, str)
    if isinstance(whole, FrozenDict):
        return whole.having({first: _put(whole[first], rest, value)})
    return dataclasses.replace(whole, **{first: _put(getattr(whole, first), rest, value)})


@dataclass(frozen=True)
class Stretch:
    """Steps of two traces that belong together: the same, or in one alone.

    Args:
        kind: "equal", "removed" (only in the first), "added" (only in the second), or "changed".
        first: steps of the first trace, from and up to (the latter excluded).
        second: of the second.
    """

    kind: str
    first: tuple[int, int]
    second: tuple[int, int]


@dataclass(frozen=True)
class TraceDifference:
    """How two traces differ; step 0 is the initial state.

    Args:
        stretches: both traces from end to end.
        divergence: the first step that differs, of both traces; None: all steps are equal.
        changes: what differs in that step, from the first trace to the second.
        headers: names of parts of the header that differ.
    """

    stretches: tuple[Stretch, ...]
    divergence: int | None
    changes: tuple[Change, ...]
    headers: tuple[str, ...]

    @property
    def is_equal(self) -> bool:
        return self.divergence is None and not self.headers


_KINDS = {"equal": "equal", "delete": "removed", "insert": "added", "replace": "changed"}
_ALIGNED = 2000  # steps that are aligned one by one; a longer middle part is told as a whole


def diff_states(first: Sequence[State], second: Sequence[State]) -> TraceDifference:
    """Align two replayed traces by the hashes of their states, marks of a step included."""
    hasher = StateHasher(whole=True)
    ours = [hasher.hash(state) for state in first]
    theirs = [hasher.hash(state) for state in second]
    shorter = min(len(ours), len(theirs))
    head = next((i for i in range(shorter) if ours[i] != theirs[i]), shorter)
    tail = 0
    while tail < shorter - head and ours[-1 - tail] == theirs[-1 - tail]:
        tail += 1
    stretches = _stretches(ours, theirs, head, tail)
    if head == len(ours) == len(theirs):
        return TraceDifference(stretches, None, (), ())
    changes = diff(first[head], second[head]) if head < shorter else ()
    return TraceDifference(stretches, head, changes, ())


def _stretches(ours: list[str], theirs: list[str], head: int, tail: int) -> tuple[Stretch, ...]:
    a, b = ours[head : len(ours) - tail], theirs[head : len(theirs) - tail]
    if max(len(a), len(b)) <= _ALIGNED:
        codes = SequenceMatcher(None, a, b, autojunk=False).get_opcodes()
    else:
        codes = [("replace" if a and b else "delete" if a else "insert", 0, len(a), 0, len(b))]
    made = [Stretch("equal", (0, head), (0, head))]
    made += [Stretch(_KINDS[k], (head + i, head + j), (head + m, head + n)) for k, i, j, m, n in codes]
    made.append(Stretch("equal", (len(ours) - tail, len(ours)), (len(theirs) - tail, len(theirs))))
    return tuple(s for s in made if s.first[0] < s.first[1] or s.second[0] < s.second[1])
