"""`vidkit algoviz diff`: where two traces part."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidkit.algoviz.vta.differences import Change, Stretch, diff_states
from vidkit.algoviz.vta.hashing import canonical, plain
from vidkit.algoviz.vta.trace import Trace, load
from vidkit.utils.plain import counted

_SHOWN = 12  # changes of the first step that differs
_HEADER = ("algorithm", "required_extensions")
_FRAME = ("pseudocode", "styles", "variables_schema")


@dataclass(frozen=True)
class Compared:
    """Two traces, aligned by the hashes of their states; step 0 is the initial state.

    Args:
        is_equal: whether nothing differs.
        divergence: the first step that differs; None: none does.
        stretches: steps that are equal, only in the first ("removed"), only in the second ("added"), changed.
        changes: what differs in the first step that does: path, value in the first, in the second.
        headers: parts of the header that differ.
    """

    is_equal: bool
    divergence: int | None
    stretches: tuple[Stretch, ...]
    changes: tuple[dict[str, Any], ...]
    headers: tuple[str, ...]


def run(first: Path, second: Path) -> Compared:
    """Compare two traces, print how they differ.

    Raises:
        DataError: a file is no trace.
    """
    one, other = load(first), load(second)
    found = diff_states(one.replay(), other.replay())
    headers = _headers(one, other)
    told = tuple(
        {"path": list(change.path), "first": plain(change.before), "second": plain(change.after)}
        for change in found.changes
    )
    made = Compared(
        found.divergence is None and not headers, found.divergence, found.stretches, told, headers
    )
    _print(made, found.changes, len(one), len(other))
    return made


def _headers(one: Trace, other: Trace) -> tuple[str, ...]:
    """Parts that states do not show and that differ."""
    first, second = one.as_dict(), other.as_dict()
    names = [name for name in _HEADER if _text(first.get(name)) != _text(second.get(name))]
    a, b = first["initial_frame"], second["initial_frame"]
    return (*names, *(name for name in _FRAME if _text(a.get(name)) != _text(b.get(name))))


def _text(value: Any) -> str:
    return canonical(value) if value else ""


def _print(made: Compared, changes: tuple[Change, ...], first: int, second: int) -> None:
    if made.is_equal:
        print(f"equal: {counted(first, 'step')}")
        return
    for name in made.headers:
        print(f"{name}: differs")
    if made.divergence is None:
        print(f"all {counted(first, 'step')} equal")
        return
    print(f"first difference at step {made.divergence} (of {first} and {second})")
    for change in changes[:_SHOWN]:
        print(f"  {'/'.join(map(str, change.path))}: {_short(change.before)} -> {_short(change.after)}")
    if len(changes) > _SHOWN:
        print(f"  ... and {len(changes) - _SHOWN} more")
    for stretch in made.stretches:
        print(f"{stretch.kind}: steps {_span(stretch.first)} | {_span(stretch.second)}")


def _span(steps: tuple[int, int]) -> str:
    begin, end = steps
    return "none" if begin == end else str(begin) if end == begin + 1 else f"{begin}-{end - 1}"


def _short(value: Any) -> str:
    text = canonical(value)
    return text if len(text) <= 60 else text[:57] + "..."
