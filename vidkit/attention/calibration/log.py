"""Append-only log of probes: what a killed calibration resumes from."""

from __future__ import annotations

import json
import logging
import math
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vidkit.errors import DataError
from vidkit.utils.files import write_text_atomic

log = logging.getLogger(__name__)

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
    """A JSON-lines file: a header that says what is measured, then one line a probe.

    Args:
        path: created with its folder when missing.
        header: what the probes belong to; a file with another header is refused.

    Raises:
        DataError: the file belongs to another calibration.
    """

    def __init__(self, path: str | Path, header: dict[str, Any]) -> None:
        self.path = Path(path)
        self.done: dict[Key, Probe] = {}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines = check_header(self.path, header)
        rows = [(number, line) for number, line in enumerate(lines[1:], 2) if line.strip()]
        whole = [line for number, line in rows if self._take(number, line)]
        if lines and (len(whole) < len(rows) or lines[-1]):
            # without the damaged lines, which have been told; the last line ends
            write_text_atomic(self.path, "".join(f"{line}\n" for line in [lines[0], *whole]))
        self._stream = self.path.open("a")
        if not lines:
            self._write(_plain(header))

    def _take(self, number: int, line: str) -> bool:
        try:
            probe = Probe(**json.loads(line))
            _check(probe)
        except (json.JSONDecodeError, TypeError, ValueError) as error:
            log.warning("%s, line %d: not a whole probe (%s); it is measured again", self.path, number, error)
            return False
        self.done[probe.key] = probe
        return True

    def append(self, probe: Probe) -> None:
        """Store a probe; on disk when this returns."""
        self.done[probe.key] = probe
        self._write(asdict(probe))

    def _write(self, row: dict[str, Any]) -> None:
        self._stream.write(json.dumps(row) + "\n")
        self._stream.flush()
        os.fsync(self._stream.fileno())

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


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


def check_header(path: str | Path, header: dict[str, Any]) -> list[str]:
    """Lines of a log that belongs to this calibration; none of a new one, or of one killed in its first line.

    Raises:
        DataError: the file belongs to another calibration.
    """
    path = Path(path)
    lines = path.read_bytes().decode(errors="replace").split("\n") if path.exists() else []
    if not any(lines):
        return []
    try:
        found = json.loads(lines[0])
        if not isinstance(found, dict):
            raise ValueError("no JSON object")
    except ValueError as error:
        if not any(lines[1:]):  # no measurement is lost
            log.warning("%s, line 1: the header is damaged (%s); started over", path, error)
            path.write_text("")
            return []
        raise DataError(f"{path}, line 1: the header is damaged", "delete the file to start over") from error
    wanted = _plain(header)
    if found != wanted:
        names = [n for n in sorted({*wanted, *found}) if wanted.get(n) != found.get(n)]
        differs = "; ".join(f"{n}: file {found.get(n)!r}, now {wanted.get(n)!r}" for n in names)
        raise DataError(f"{path} belongs to another calibration ({differs})",
                        "choose another output, or delete the file to start over")  # fmt: skip
    return lines


def _plain(header: dict[str, Any]) -> dict[str, Any]:
    """Through JSON once, so that tuples and lists compare equal with what a file holds."""
    plain: dict[str, Any] = json.loads(json.dumps({"format": FORMAT, **header}))
    return plain
