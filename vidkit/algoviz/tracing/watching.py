"""Names that a user asked to watch, beside those that a run had."""

from __future__ import annotations

from collections.abc import Sequence

from vidkit.algoviz.tracing.recording import Recording
from vidkit.algoviz.tracing.slots import node_classes, uses
from vidkit.utils.naming import near_names


def unseen(recording: Recording, watch: Sequence[str]) -> list[tuple[str, str]]:
    """Findings (text, "warning") on watched names that no view can show; none where nothing is watched."""
    if not watch:
        return []
    nodes = node_classes(recording)
    found = uses(recording, nodes, set())
    names = {slot.name for slot in found} | {use.title for use in found.values()} | nodes
    variables = {name for record in recording.records for own in record.variables.values() for name in own}
    told = []
    for name in watch:
        if name in names:
            continue
        if name in variables:
            text = f"the variable '{name}' was seen, but never held what has a view of its own"
        else:
            near = ", ".join(f"'{one}'" for one in near_names(name, sorted(names | variables)))
            text = f"no variable '{name}' was seen" + (f"; near names: {near}" if near else "")
        told.append((text, "warning"))
    return told
