"""Two traces at the same time, side by side: each step takes a step of both."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

from vidkit.algoviz.vta.lowering import lower
from vidkit.algoviz.vta.state import State
from vidkit.algoviz.vta.trace import Trace, trace_of
from vidkit.algoviz.vta.view_specs import ALIASES, MAIN
from vidkit.errors import DataError

Json = dict[str, Any]
_STYLE_MAPS = ("elementStyles", "edgeStyles", "tempStyles")
_ON_MAIN = ("updateBoundary", "removeBoundary")  # operations that know no other view


def beside(first: Trace, second: Trace, prefixes: tuple[str, str] = ("a:", "b:")) -> Trace:
    """Both traces as one; the shorter one stands still at its end.

    The views are the disjoint union of both: the first one's main view is the main one, every other id gets
    a prefix. Both are lowered before. Pseudocode of the second follows that of the first; of two styles of a
    name that differ the second one's gets the prefix; two comments of a step become one. Boundaries of the
    second are left out, since only a main view has them.

    Args:
        first: what is in the middle.
        second: what is beside it.
        prefixes: of ids, different ones.

    Raises:
        DataError: equal prefixes, or a trace that cannot be lowered.
    """
    if prefixes[0] == prefixes[1]:
        raise DataError(f"both prefixes are '{prefixes[0]}'", "give two different ones")
    one = _Side(first, prefixes[0], True, {})
    other = _Side(second, prefixes[1], False, one.styles)
    offset = len(one.frame.get("pseudocode", ()))
    frame = {
        **one.frame,
        "auxiliary_views": [*one.views, *other.views],
        "pseudocode": [*one.frame.get("pseudocode", ()), *other.frame.get("pseudocode", ())],
        "code_highlight": _code(one.states[0], other.states[0], offset),
        "styles": {name: {**one.styles[name], **other.styles[name]} for name in _STYLE_MAPS},
    }
    deltas = []
    still: list[list[Json]] = []  # the step of a side that has come to its end
    for step, (left, right) in enumerate(zip_longest(one.deltas, other.deltas, fillvalue=still), 1):
        states = (one.states[min(step, len(one.deltas))], other.states[min(step, len(other.deltas))])
        groups = _with_one_comment([*left, *right], first.name or "a", second.name or "b", len(left))
        deltas.append({"code_highlight": _code(*states, offset), "operations": groups})
    algorithm = {"name": f"{first.name or 'no name'} | {second.name or 'no name'}", "family": first.family}
    whole = {"svl_version": "5.0", "algorithm": algorithm, "initial_frame": frame, "deltas": deltas}
    return trace_of(whole, f"{first.where} | {second.where}")


class _Side:
    """One of two traces with its ids renamed."""

    def __init__(self, trace: Trace, prefix: str, keeps_main: bool, taken: dict[str, Json]) -> None:
        low = lower(trace)
        raw = low.as_dict()
        self.states = low.replay()
        self.frame: Json = raw["initial_frame"]
        self._prefix, self._keeps_main = prefix, keeps_main
        self._aux = {view.get("view_id") for view in self.frame.get("auxiliary_views", ())}
        nested = _nested(self.frame.get("styles", {}))
        self._renamed = {
            name
            for kind in _STYLE_MAPS
            for name, style in nested[kind].items()
            if name in taken.get(kind, {}) and taken[kind][name] != style
        }
        self.styles = {k: {self._style(name): s for name, s in nested[k].items()} for k in _STYLE_MAPS}
        self.views = [self._view(view) for view in self.frame.get("auxiliary_views", ())]
        main = self._with_styles(self.frame.get("data_state") or {"type": "array", "structure": []})
        if keeps_main:
            self.frame["data_state"] = main
        else:
            self.views.insert(0, {"title": trace.name, **main, "view_id": f"{prefix}{MAIN}"})
        self.deltas: list[list[list[Json]]] = [
            [[made for op in group if (made := self._op(op)) is not None] for group in delta["operations"]]
            for delta in raw["deltas"]
        ]

    def _id(self, view_id: str | None) -> str | None:
        if view_id is None or view_id == MAIN or (view_id in ALIASES and view_id not in self._aux):
            return None if self._keeps_main else f"{self._prefix}{MAIN}"
        return f"{self._prefix}{view_id}"

    def _style(self, name: Any) -> Any:
        return f"{self._prefix}{name}" if isinstance(name, str) and name in self._renamed else name

    def _view(self, raw: Json) -> Json:
        title = {"title": raw.get("view_id")} if raw.get("title") is None else {}
        return {**self._with_styles(raw), **title, "view_id": f"{self._prefix}{raw.get('view_id')}"}

    def _with_styles(self, value: Any) -> Any:
        """The value with names of styles renamed, however deep they stand."""
        if isinstance(value, list):
            return [self._with_styles(entry) for entry in value]
        if not isinstance(value, dict):
            return value
        names = ("styleKey", "state")
        return {k: self._style(v) if k in names else self._with_styles(v) for k, v in value.items()}

    def _op(self, op: Any) -> Any:
        """The operation on the renamed view; None: it cannot be said of this side."""
        if not isinstance(op, dict) or not isinstance(op.get("params"), dict):
            return None
        params = dict(op["params"])
        if op.get("op") in _ON_MAIN:
            return self._styled(op, params) if self._keeps_main else None
        if op.get("op") == "removeAuxView" and self._id(params.get("view_id")) == f"{self._prefix}{MAIN}":
            return None  # a main view cannot be removed; beside another it is an auxiliary one
        if op.get("op") == "addAuxView" and isinstance(params.get("view"), dict):
            params["view"] = self._view(params["view"])
        elif op.get("op") != "showComment" or params.get("anchor", "global") != "global":
            view_id = self._id(params.get("view_id"))
            params = {**params, "view_id": view_id} if view_id is not None else params
        return self._styled(op, params)

    def _styled(self, op: Json, params: Json) -> Json:
        if "styleKey" in params:
            params["styleKey"] = self._style(params["styleKey"])
        return {**op, "params": params}


def _nested(styles: Json) -> dict[str, Json]:
    flat = {name: style for name, style in styles.items() if name not in _STYLE_MAPS}
    nested = {name: dict(styles.get(name) or {}) for name in _STYLE_MAPS}
    return {**nested, "elementStyles": {**flat, **nested["elementStyles"]}}


def _code(one: State, other: State, offset: int) -> list[int]:
    return [*one.code, *(line + offset for line in other.code)]


def _with_one_comment(groups: list[list[Json]], first: str, second: str, left: int) -> list[list[Json]]:
    """Groups in which a comment of each side is one of both."""
    found = [
        (place, op)
        for place, group in enumerate(groups)
        for op in group
        if op["op"] == "showComment" and op["params"].get("anchor", "global") == "global"
    ]
    sides = [[op for place, op in found if (place < left) is is_left] for is_left in (True, False)]
    if not all(sides):
        return groups
    text = f"{first}: {sides[0][-1]['params']['text']} | {second}: {sides[1][-1]['params']['text']}"
    kept = [[op for op in group if not any(op is known for _, known in found)] for group in groups]
    return [*kept, [{"op": "showComment", "params": {"text": text, "anchor": "global"}}]]
