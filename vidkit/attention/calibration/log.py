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
    """

    prompt: int
    step: int
    layer: int
    head: int
    candidate: int
    error: float
    sparsity: float
    bands: dict[str, float]

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
            least = 0, 0, 0, 0, FLOOR
            whole = all(isinstance(x, int) and x >= n for x, n in zip(probe.key, least, strict=True))
            if not whole or not math.isfinite(probe.error) or not 0 <= probe.sparsity <= 1:
                raise ValueError("a value is out of range")
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
