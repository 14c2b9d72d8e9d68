"""Other spellings of a trace, brought into the usual one before the models read it; each is noted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vidkit.algoviz.vta.notes import Notes
from vidkit.algoviz.vta.view_specs import ALIASES, MAIN, usual_type


def usual_form(raw: Mapping[str, Any], notes: Notes) -> dict[str, Any]:
    """The trace in the usual form; `raw` is left as it is, parts without a change are shared."""
    made = dict(raw)
    version = made.get("svl_version")
    if isinstance(version, int | float) and not isinstance(version, bool):
        made["svl_version"] = f"{version:.1f}"
        notes.add("V105", f"svl_version is the number {version}", 'write "5.0"')
    if isinstance(made.get("initial_frame"), Mapping):
        made["initial_frame"] = _frame(made["initial_frame"], notes)
    if isinstance(made.get("deltas"), Sequence) and not isinstance(made["deltas"], str):
        made["deltas"] = [_delta(delta, place, notes) for place, delta in enumerate(made["deltas"])]
    notes.delta = None
    return made


def _frame(raw: Mapping[str, Any], notes: Notes) -> dict[str, Any]:
    made = dict(raw)
    for name in ("styles", "auxiliary_views", "pseudocode"):
        if name in made and made[name] is None:
            del made[name]
    views = made.get("auxiliary_views")
    if isinstance(views, Sequence) and not isinstance(views, str):
        made["auxiliary_views"] = [_view(view, notes) for view in views]
    main = made.get("data_state")
    if not main and isinstance(made.get("auxiliary_views"), list):
        main = _promoted(made["auxiliary_views"], notes)
    if main is None or (isinstance(main, Mapping) and not main):
        made.pop("data_state", None)
    elif isinstance(main, Mapping):
        made["data_state"] = {**_view(main, notes), "view_id": MAIN}
        if "view_id" not in main:
            del made["data_state"]["view_id"]
    return made


def _promoted(views: list[Any], notes: Notes) -> Any:
    """The auxiliary table that is the main view of a frame without one; taken out of the list."""
    for place, view in enumerate(views):
        if isinstance(view, Mapping) and view.get("view_id") in ALIASES and view.get("type") == "table":
            notes.add("V106", f"no main view: '{view['view_id']}' is taken", f"call it '{MAIN}'")
            return views.pop(place)
    return None


def _view(raw: Any, notes: Notes) -> Any:
    if not isinstance(raw, Mapping):
        return raw
    kind = usual_type(raw.get("type")) if isinstance(raw.get("type"), str) else raw.get("type")
    if kind != raw.get("type"):
        notes.add("V106", f"type '{raw['type']}' is read as '{kind}'", f"write '{kind}'")
        return {**raw, "type": kind}
    return raw


def _delta(raw: Any, place: int, notes: Notes) -> Any:
    if not isinstance(raw, Mapping):
        return raw
    notes.delta = place
    made: dict[str, Any] | None = None
    if "frame" in raw:
        notes.add("V107", "field 'frame' of a delta", "a delta holds operations, never a frame")
        made = {name: value for name, value in raw.items() if name != "frame"}
    operations = raw.get("operations")
    if operations is None and "operations" in raw:
        made = {**(made or raw), "operations": []}
    if isinstance(operations, Sequence) and any(isinstance(entry, Mapping) for entry in operations):
        notes.add("V103", "operations without groups", "write a list of lists")
        made = {**(made or raw), "operations": _grouped(operations)}
    return raw if made is None else made


def _grouped(operations: Sequence[Any]) -> list[Any]:
    """Groups as they are; operations that stand in a row by themselves are one group."""
    groups: list[Any] = []
    is_open = False
    for entry in operations:
        if not isinstance(entry, Mapping):
            groups.append(entry)
        elif is_open:
            groups[-1].append(entry)
        else:
            groups.append([entry])
        is_open = isinstance(entry, Mapping)
    return groups
