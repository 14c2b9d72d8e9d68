"""What operations need besides the state: finding their view, noting what is odd."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from vidkit.algoviz.vta.diagnostics import Refusal
from vidkit.algoviz.vta.notes import Notes
from vidkit.algoviz.vta.state import Marks, State, View
from vidkit.algoviz.vta.styles import Styles
from vidkit.algoviz.vta.values import FrozenDict
from vidkit.algoviz.vta.view_specs import ALIASES, MAIN
from vidkit.utils.naming import did_you_mean

V = TypeVar("V", bound=View)


@dataclass(frozen=True)
class Context:
    """Of one replay.

    Args:
        styles: that the trace brings.
        notes: takes what is odd and applied all the same.
    """

    styles: Styles
    notes: Notes

    def check_style(self, name: str | None, find: Callable[[str], Mapping[str, Any] | None]) -> None:
        """Note a style that the trace does not define."""
        if name is not None and find(name) is None:
            hint = did_you_mean(name, self.styles.names).strip()
            self.notes.once("V311", name, f"no style '{name}'", hint)


def resolve(state: State, view_id: str | None) -> View:
    """The view that an operation names; none is the main one.

    Raises:
        Refusal: there is none.
    """
    if view_id is None or view_id == MAIN:
        return state.main
    view = state.aux.get(view_id)
    if view is not None:
        return view
    if view_id in ALIASES:
        return state.main
    raise Refusal("V302", f"no view '{view_id}'", _views_hint(view_id, state))


def _views_hint(view_id: str, state: State) -> str:
    names = (MAIN, *state.aux)
    return f"{did_you_mean(view_id, names)}views: {', '.join(names[:12])}"


def resolve_as(state: State, view_id: str | None, kind: type[V]) -> V:
    """The view that an operation names, of this kind.

    Raises:
        Refusal: there is none, or it is of another kind.
    """
    view = resolve(state, view_id)
    if not isinstance(view, kind):
        raise Refusal("V312", f"view '{view.view_id}' is of type {view.kind}")
    return view


def put(state: State, view: View) -> State:
    """The state with this view in the place of the one of its name."""
    if view.view_id == MAIN:
        return replace(state, main=view)
    return replace(state, aux=state.aux.having({view.view_id: view}))


def without_marks(state: State, is_gone: Callable[[Any], bool]) -> State:
    """The state without pointers and marks at what is no longer there; `is_gone` is asked of each."""
    pointers = {label: pointer for label, pointer in state.pointers.items() if not is_gone(pointer)}
    kept = {
        field.name: tuple(
            mark
            for mark in getattr(state.marks, field.name)
            if not hasattr(mark, "view_id") or not is_gone(mark)
        )
        for field in fields(state.marks)
    }
    return replace(state, pointers=FrozenDict(pointers), marks=Marks(**kept))
