"""Traces made of traces, one after the other: deltas are a monoid, and replay keeps to it."""

from __future__ import annotations

from typing import Any

from vidkit.algoviz.vta.differences import diff
from vidkit.algoviz.vta.document import Document
from vidkit.algoviz.vta.hashing import StateHasher
from vidkit.algoviz.vta.trace import Trace
from vidkit.errors import DataError

_STYLE_MAPS = ("elementStyles", "edgeStyles", "tempStyles")


def compose(first: Trace, second: Trace, rebase: bool = False) -> Trace:
    """The first trace, then the deltas of the second; associative, with traces without deltas as identity.

    Name, pseudocode and initial state are the first one's; styles and required extensions those of both.

    Args:
        first: what comes first.
        second: what follows; it begins where the first ends, marks of a step and highlighted code aside.
        rebase: whether the second may begin elsewhere: its deltas are applied to where the first ends.

    Raises:
        DataError: the second begins elsewhere, has other pseudocode, or another style of the same name.
    """
    if not rebase:
        _check_junction(first, second)
    if second.pseudocode not in ((), first.pseudocode):
        raise DataError(
            f"{second.where}: other pseudocode than {first.where}", "give both traces the same pseudocode"
        )
    frame = first.document.initial_frame
    styles = _both(frame.styles, second.document.initial_frame.styles, second.where)
    extensions = dict.fromkeys((*first.document.required_extensions, *second.document.required_extensions))
    document = first.document
    changes: dict[str, Any] = {"deltas": (*document.deltas, *second.document.deltas)}
    if styles != frame.styles:
        changes["initial_frame"] = frame.model_copy(update={"styles": styles})
    if tuple(extensions) != document.required_extensions:
        changes["required_extensions"] = tuple(extensions)
    made = document.model_copy(update=changes)
    return Trace(Document.model_validate(made), f"{first.where} + {second.where}")


def _check_junction(first: Trace, second: Trace) -> None:
    hasher = StateHasher()
    end, begin = first.state(len(first)), second.state(0)
    if hasher.text(end, code=False) == hasher.text(begin, code=False):
        return
    ignored = ("code", "marks")
    found = next(change for change in diff(end, begin) if change.path[0] not in ignored)
    place = "/".join(map(str, found.path))
    raise DataError(
        f"{second.where} does not begin where {first.where} ends: {place} is {_short(found.before)}, then"
        f" {_short(found.after)}",
        "--rebase applies it to where the first ends",
    )


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _both(one: Any, other: Any, where: str) -> Any:
    """Styles of two frames; nested maps are joined, too."""
    made = dict(one)
    for name, style in other.items():
        if name in _STYLE_MAPS and name in made:
            made[name] = _both(made[name], style, where)
        elif name in made and made[name] != style:
            raise DataError(f"{where}: style '{name}' differs from the one before", "rename one of the two")
        else:
            made[name] = style
    return type(one)(made)
