"""Rows of measurements, and the words they are told in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from vidkit.bench.timing import Gain

if TYPE_CHECKING:
    from vidkit.bench.attention.verify import Check

PACKAGES = ("torch", "triton", "diffusers", "flash-attn-4")
INPUTS = {  # what the figures of a section were measured on, to be shown wherever they are
    "rates": "random Q, K, V; random block lists",
    "launch": "random Q, K, V; random block lists",
    "prediction": "random Q and K",
    "memory": "random Q and K",
    "loop": "random weights and noise: what is timed is real, what it draws is not",
}
INPUTS["breakdown"] = INPUTS["loop"]
BUSY = "busy machine: not reported"
SECTION_OF_ROW = {"dense": "rates", "executor": "rates"}  # the others are called like their section


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        section: dense, executor, launch, prediction, memory, loop or breakdown (of a loop's GPU time).
        shape: name of the shape or loop.
        provider: who computed.
        density: kept pairs over all, None where it means nothing.
        ms: median milliseconds of a call (a forward in `loop`), None when it failed or is not a time.
        ms_low: 20th percentile.
        ms_high: 80th percentile.
        tflops: FLOPs of the kept pairs over the median.
        note: shares, choices, failures.
        gain: times as fast as the fastest dense attention (of a loop: dense way), measured in turns with it,
            median; None: not measured, or withheld.
        gain_low: 20th percentile of the turns.
        gain_high: 80th percentile.
        busy: the gain is withheld: dense attention itself varied too much.
        against: what the gain is over.
        gains: over every baseline of the same turns; None where it is withheld.
    """

    section: str
    shape: str
    provider: str
    density: float | None
    ms: float | None
    ms_low: float | None
    ms_high: float | None
    tflops: float | None
    note: str = ""
    gain: float | None = None
    gain_low: float | None = None
    gain_high: float | None = None
    busy: bool = False
    against: str = ""
    gains: Mapping[str, Gain | None] = field(default_factory=dict)

    def beside(self, gain: Gain, against: str = "") -> Row:
        """The row with its gain, or with the word that it is withheld."""
        if gain.busy:
            return replace(self, busy=True, against=against)
        return replace(self, gain=gain.median, gain_low=gain.low, gain_high=gain.high, against=against)

    @property
    def part(self) -> str:
        """Name of the section as it is asked for: dense and executor rows are `rates`."""
        return SECTION_OF_ROW.get(self.section, self.section)


def peak_of(rows: Sequence[Row]) -> float | None:
    """TFLOP/s of the large matrix product of the same run; None where a row beat it: no ceiling then."""
    peak = next((row.tflops for row in rows if row.section == "ceiling"), None)
    return None if any(share_of(row.tflops, peak) is None for row in rows if row.tflops) else peak


def share_of(tflops: float | None, peak: float | None) -> float | None:
    """Rate over the matrix product's; None where either is unknown, or the rate is above what is a peak."""
    return None if not tflops or not peak or tflops > peak else tflops / peak


def speed_words(gain: float) -> str:
    """A ratio of speeds that cannot be read the wrong way round."""
    if 0.995 <= gain < 1.005:
        return "as fast"
    return f"{gain:.2f}x as fast" if gain > 1 else f"{1 / gain:.2f}x as slow"


def spread_words(median: float, low: float, high: float) -> str:
    """The spread of a ratio, the same way round as `speed_words` says it."""
    return f"{low:.2f}-{high:.2f}" if median >= 0.995 else f"{1 / high:.2f}-{1 / low:.2f}"


def findings(rows: Sequence[Row], checks: Sequence[Check]) -> dict[str, Any]:
    """Checks and rows as plain values; each rate also as the share of the measured matrix product."""
    peak = peak_of(rows)
    return {
        "checks": [asdict(check) | {"passed": check.passed} for check in checks],
        "rows": [asdict(row) | {"share_of_peak": share_of(row.tflops, peak)} for row in rows],
    }
