"""The rows of the quality table: which parts of HASTE each has."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class MethodSpec:
    """One row of a predictor's family.

    Attributes:
        name: as printed.
        reuse: `never`, `tmr`, `interval` or `freeze`.
        calibrated: thresholds per head from a table, else one tau.
        against: rows that it is compared with, clip by clip.
    """

    name: str
    reuse: str
    calibrated: bool
    against: tuple[str, ...]


METHODS = (
    MethodSpec("base", "never", False, ()),
    MethodSpec("tmr", "tmr", False, ("base",)),
    MethodSpec("interval", "interval", False, ("tmr",)),
    MethodSpec("freeze", "freeze", False, ("tmr",)),
    MethodSpec("ebc", "never", True, ("base",)),
    MethodSpec("haste", "tmr", True, ("tmr", "base")),
)
LABELS = {
    "base": "{family}",
    "tmr": "{family} + TMR",
    "interval": "{family} + interval reuse",
    "freeze": "{family} + frozen masks",
    "ebc": "{family} + EBC",
    "haste": "{family} + HASTE (TMR + EBC)",
}


def matched_interval(reuse: float, sparse_steps: int) -> int:
    """Interval whose share of reused masks is nearest to `reuse`; ties to the shorter interval.

    Predicting every k of S steps is ceil(S / k) predictions.
    """
    if sparse_steps < 1:
        return 1
    choices = range(1, sparse_steps + 1)
    return min(choices, key=lambda k: (abs(1 - math.ceil(sparse_steps / k) / sparse_steps - reuse), k))
