"""ChronoEdit: Wan's image-to-video transformer with other positions in time."""

from __future__ import annotations

from vidkit.hooks.families.wan import Wan


class ChronoEdit(Wan):
    """Positions are in the rotary tables, so nothing else differs from Wan."""
