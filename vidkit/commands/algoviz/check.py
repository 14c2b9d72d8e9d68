"""`vidkit algoviz check`: whether a style fits a trace, and whether all of it can be read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidkit.algoviz.rsl.resolve import style_of
from vidkit.algoviz.vta.trace import Trace, load
from vidkit.commands.algoviz.reading import count, finding_lines
from vidkit.utils.plain import counted


@dataclass(frozen=True)
class Checked:
    """A trace with a style.

    Args:
        file: the trace, as it was given.
        style: as it was given.
        duration_s: of the whole video.
        shown: steps that are seen by themselves, the initial one included; the others are merged.
        errors: findings for which the exit status is 1.
        diagnostics: findings of the trace.
        style_findings: findings of the style and of colours.
        overlaps: pairs of shapes that meet, by step; None: not asked for.
    """

    file: str
    style: str
    duration_s: float
    shown: int
    errors: int
    diagnostics: tuple[dict[str, Any], ...]
    style_findings: tuple[dict[str, Any], ...]
    overlaps: tuple[dict[str, Any], ...] | None = None


def run(file: Path, style: str, overlap: bool = False) -> Checked:
    """Check a trace with a style, print what was found.

    Raises:
        DataError: the file is no trace, or there is no such style.
        StyleError: the style is not in the grammar.
    """
    trace = load(file)
    resolved = style_of(trace, style, strict=False)
    shown = sum(not time.is_merged for time in resolved.times)
    wrong = [finding for finding in resolved.findings if finding.is_error]
    steps = counted(len(trace) + 1, "step")
    print(f"{file} with {style}: {resolved.duration_s:.1f} s, {shown} of {steps} shown")
    print(f"trace: {count(trace.diagnostics)}")
    for line in finding_lines(trace.diagnostics, False):
        print(line)
    print(f"style: {len(resolved.findings)} finding{'s' * (len(resolved.findings) != 1)}")
    for finding in resolved.findings:
        print(f"  {finding}")
    met = _overlaps(trace, style) if overlap else None
    return Checked(
        str(file),
        style,
        resolved.duration_s,
        shown,
        len(trace.errors) + len(wrong) + len(met or ()),
        tuple(found.as_dict() for found in trace.diagnostics),
        tuple(found.as_dict() for found in resolved.findings),
        met,
    )


_SHOWN = 20  # overlaps that are told one by one


def _overlaps(trace: Trace, style: str) -> tuple[dict[str, Any], ...]:
    """Lay out every step and tell what meets."""
    from vidkit.algoviz.renderers.rendering import film_of
    from vidkit.algoviz.scene.overlap import overlaps

    film = film_of(trace, style)
    found = [met for step in range(len(film)) for met in overlaps(film.scene(step), step, film.regions)]
    print(f"overlap: {len(found)} in {counted(len(film), 'step')}")
    for met in found[:_SHOWN]:
        print(f"  step {met.step}: {met.rule} {met.first} | {met.second}, {met.area:.1f}")
    if len(found) > _SHOWN:
        print(f"  ... and {len(found) - _SHOWN} more")
    return tuple(met.as_dict() for met in found)
