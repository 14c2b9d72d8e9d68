"""Looks of a maze: named styles (floor, wall, goal) and named ball colours, RGB in [0, 1]."""

from __future__ import annotations

Colour = tuple[float, float, float]

#: style -> (floor, wall, goal); every pair of colours in a picture is at least 0.35 apart in RGB
STYLES: dict[str, tuple[Colour, Colour, Colour]] = {
    "light": ((0.95, 0.95, 0.92), (0.12, 0.12, 0.15), (0.15, 0.45, 0.92)),
    "dark": ((0.12, 0.13, 0.17), (0.80, 0.82, 0.86), (0.20, 0.65, 0.98)),
    "sand": ((0.93, 0.84, 0.60), (0.38, 0.25, 0.12), (0.10, 0.50, 0.85)),
    "sea": ((0.68, 0.88, 0.92), (0.05, 0.24, 0.38), (0.98, 0.88, 0.25)),
}
BALLS: dict[str, Colour] = {
    "red": (0.90, 0.12, 0.12),
    "green": (0.10, 0.62, 0.20),
    "purple": (0.62, 0.12, 0.75),
    "orange": (1.00, 0.50, 0.05),
}
#: wandering balls that are not the solver's
DISTRACTOR: Colour = (0.52, 0.52, 0.54)
EXTRAS = ("loops", "distractors", "texture")
SPEEDS: dict[str, float] = {"fast": 3 / 8, "slow": 3 / 16}  # cells a frame
