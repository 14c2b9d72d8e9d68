"""How fast a film goes: by its number of steps, or to a length that was asked for."""

from __future__ import annotations

from dataclasses import replace

from vidkit.algoviz.scene.look import Look, Theme

# up to so many steps: seconds of the way from step to step, seconds of standing still
_PACES = ((20, 0.5, 0.3), (50, 0.4, 0.2))
_MANY = (0.3, 0.15)


def look_for(steps: int, theme: Theme) -> Look:
    """The usual times for a number of steps: many go faster."""
    moves, stands = next(((m, s) for most, m, s in _PACES if steps <= most), _MANY)
    return Look(theme, transition_s=moves, pause_s=stands)


def faster(look: Look, factor: float) -> Look:
    """All times divided by a factor > 0."""
    return replace(
        look,
        transition_s=look.transition_s / factor,
        pause_s=look.pause_s / factor,
        reading_s=look.reading_s / factor,
        longest_pause_s=look.longest_pause_s / factor,
    )
