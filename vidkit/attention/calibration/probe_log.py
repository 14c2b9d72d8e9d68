"""Append-only log of probes: what a killed calibration resumes from."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vidkit.utils.jsonl_log import JsonlLog, Place, other_header

FORMAT = 1
FLOOR = -1  # in place of a candidate: no sparse head, one head's dense output changed within rounding

Key = tuple[int, int, int, int, int]  # prompt, step, layer, head, candidate


@dataclass(frozen=True)
class Probe:
    """One measurement.

    Attributes:
        prompt: index in the pool.
        step: denoising step.
        layer: transformer block.
        head: attention head that was sparse.
        candidate: index of tau, or `FLOOR`. An older log lacks only lines of the latter: it is gone on
            with like any that was cut short.
        error: weighted band error of the velocity.
        sparsity: 1 - density of the head's mask.
        bands: error by band.
        seconds: since the probe before it, or since the run began; 0 in logs that do not say.
    """

    prompt: int
    step: int
    layer: int
    head: int
    candidate: int
    error: float
    sparsity: float
    bands: dict[str, float]
    seconds: float = 0.0

    @property
    def key(self) -> Key:
        """What identifies it."""
        return self.prompt, self.step, self.layer, self.head, self.candidate


class ProbeLog:
    """A log that says what is measured, then one line a probe.

    Args:
        path: created with its folder when missing.
        header: what the probes belong to; a file with another header is refused.

    Raises:
        DataError: the file belongs to another calibration.
        OutputError: another process holds it, or the place cannot be written.
    """

    def __init__(self, path: str | Path, header: dict[str, Any]) -> None:
        self.path = Path(path)
        self.done: dict[Key, Probe] = {}
        wanted = {"format": FORMAT, **header}
        self._log = JsonlLog(
            self.path,
            self._take,
            header=wanted,
            again="it will be measured again",
            refuse=lambda found: other_header(self.path, wanted, found, "calibration"),
        )

    def _take(self, row: dict[str, Any], _: Place) -> None:
        probe = Probe(**row)
        _check(probe)
        self.done[probe.key] = probe

    def append(self, probe: Probe) -> None:
        """Store a probe; on disk when this returns."""
        self._log.append(asdict(probe))
        self.done[probe.key] = probe

    def close(self) -> None:
        """Close the file and let others write."""
        self._log.release()


def _check(probe: Probe) -> None:
    """Refuse what no measurement can be.

    Raises:
        ValueError: names the field.
    """
    least = {"prompt": 0, "step": 0, "layer": 0, "head": 0, "candidate": FLOOR}
    for name, lowest in least.items():
        value = getattr(probe, name)
        if not isinstance(value, int) or isinstance(value, bool) or value < lowest:
            raise ValueError(f"{name} is {value!r:.40}")
    if not isinstance(probe.bands, dict):
        raise ValueError(f"bands is {probe.bands!r:.40}")
    bands = {f"bands.{name}": value for name, value in probe.bands.items()}
    numbers = {"error": probe.error, "sparsity": probe.sparsity, "seconds": probe.seconds, **bands}
    for name, value in numbers.items():
        most = 1 if name == "sparsity" else math.inf
        number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not number or not 0 <= value <= most:
            raise ValueError(f"{name} is {value!r:.40}")
