"""Values in plain words."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Seconds as people say them: 45 s, 2 min 05 s, 1 h 30 min."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
