"""Relative change of a signal from step to step, and the published polynomials that rescale it."""

from __future__ import annotations

from torch import Tensor

# highest power first; fitted by TeaCache's authors on Wan2.1, keyed by width of the model
WITH_RETAINED_STEPS = {
    1536: (-5.21862437e4, 9.23041404e3, -5.28275948e2, 1.36987616e1, -4.99875664e-2),
    5120: (-3.03318725e5, 4.90537029e4, -2.65530556e3, 5.87365115e1, -3.15583525e-1),
}
PLAIN = {
    1536: (2.39676752e3, -1.31110545e3, 2.01331979e2, -8.29855975, 1.37887774e-1),
    5120: (-5784.54975374, 5449.50911966, -1811.16591783, 256.27178429, -13.02252404),
}
_FINEST, _FURTHEST = 1e-4, 0.3


def relative_change(now: Tensor, before: Tensor) -> float:
    """mean|a - b| / mean|b|; read on the host."""
    difference = (now.float() - before.float()).abs().mean()
    return float(difference / before.float().abs().mean().clamp_min(1e-12))


def polynomial(x: float, coefficients: tuple[float, ...]) -> float:
    """Value at x, highest power first."""
    value = 0.0
    for coefficient in coefficients:
        value = value * x + coefficient
    return value


class Rescaled:
    """A polynomial that a distance can go through: never negative, never falling again behind its peak.

    The published quartics are below zero near 0 and dive below it again past their peak (near 0.08 for the
    1.3B model), so that accumulators would fall, and a threshold of 0 would not mean "always compute".

    Args:
        coefficients: highest power first; None: the distance itself.
    """

    def __init__(self, coefficients: tuple[float, ...] | None) -> None:
        self.coefficients = coefficients
        self.peak = _FURTHEST if coefficients is None else _first_peak(coefficients)

    def __call__(self, x: float) -> float:
        if self.coefficients is None:
            return max(x, 0.0)
        return max(polynomial(min(max(x, 0.0), self.peak), self.coefficients), 0.0)


def _first_peak(coefficients: tuple[float, ...]) -> float:
    """Where the polynomial first stops rising after it rose."""
    x, value, rose = 0.0, polynomial(0.0, coefficients), False
    while x < _FURTHEST:
        following = polynomial(x + _FINEST, coefficients)
        if following < value and rose:
            return x
        rose, x, value = rose or following > value, x + _FINEST, following
    return _FURTHEST
