"""What k attempts at a level are worth: pass@k without bias, expected best and least of k for other metrics.

All are means over the subsets of k of the n attempts that were made, in closed form.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

KS = (1, 2, 4, 8, 12, 16, 32, 64)
"""Numbers of attempts that tables show, up to those that were made."""


def pass_at_k(attempts: int, successes: int, k: int) -> float:
    """Chance that k of the attempts hold a success: 1 - C(n-c, k) / C(n, k).

    Raises:
        ValueError: k below 1 or above the attempts, or more successes than attempts.
    """
    _check(attempts, k)
    if not 0 <= successes <= attempts:
        raise ValueError(f"successes must be in 0..{attempts}, got {successes}")
    return 1.0 - math.comb(attempts - successes, k) / math.comb(attempts, k)


def expected_max(values: Sequence[float], k: int) -> float:
    """Expected largest of k of the values.

    Raises:
        ValueError: k below 1 or above the number of values.
    """
    _check(len(values), k)
    whole = math.comb(len(values), k)
    return sum(value * math.comb(place, k - 1) for place, value in enumerate(sorted(values))) / whole


def expected_min(values: Sequence[float | None], k: int) -> tuple[float, float]:
    """Expected least defined value of k of the values, and the chance that one of them is defined.

    Args:
        values: None where undefined.
        k: attempts.

    Returns:
        (sum of least value times its chance, chance); their ratio is the expectation where it is defined.

    Raises:
        ValueError: k below 1 or above the number of values.
    """
    _check(len(values), k)
    defined = sorted(value for value in values if value is not None)
    whole = math.comb(len(values), k)
    total = chance = 0.0
    for place, value in enumerate(defined):
        share = math.comb(len(values) - 1 - place, k - 1) / whole
        total, chance = total + value * share, chance + share
    return total, chance


def _check(attempts: int, k: int) -> None:
    if not 1 <= k <= attempts:
        raise ValueError(f"k must be in 1..{attempts}, got {k}")
