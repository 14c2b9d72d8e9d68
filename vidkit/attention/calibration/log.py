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

log = logging.getLogger(__name__)

FORMAT = 1


@dataclass(frozen=True)
class Probe:
    """One measurement.

    Attributes:
        prompt: index in the pool.
        step: denoising step.
        layer: transformer block.
        head: attention head that was sparse.
        candidate: index of tau.
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
    def key(self) -> tuple[int, int, int, int, int]:
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
        self.done: dict[tuple[int, int, int, int, int], Probe] = {}
        # through JSON once, so that tuples and lists compare equal with what a file holds
        header = json.loads(json.dumps({"format": FORMAT, **header}))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        existing = self.path.read_bytes().decode(errors="replace").split("\n") if self.path.exists() else []
        has_header = self._read(existing, header)
        self._stream = self.path.open("a")
        if existing and existing[-1]:
            self._stream.write("\n")
        if not has_header:
            self._write(header)

    def _read(self, lines: list[str], header: dict[str, Any]) -> bool:
        """Take over what is whole; returns whether the header is there."""
        if not any(lines):
            return False
        try:
            found = json.loads(lines[0])
            if not isinstance(found, dict):
                raise ValueError("no JSON object")
        except ValueError as error:
            if not any(lines[1:]):  # killed while writing its first line: no measurement is lost
                log.warning("%s, line 1: the header is damaged (%s); started over", self.path, error)
                self.path.write_text("")
                lines.clear()
                return False
            raise DataError(
                f"{self.path}, line 1: the header is damaged", "delete the file to start over"
            ) from error
        if found != header:
            names = [n for n in sorted({*header, *found}) if header.get(n) != found.get(n)]
            differs = "; ".join(f"{n}: file {found.get(n)!r}, now {header.get(n)!r}" for n in names)
            raise DataError(f"{self.path} belongs to another calibration ({differs})",
                            "choose another output, or delete the file to start over")  # fmt: skip
        for number, line in enumerate(lines[1:], 2):
            if line.strip():
                self._take(number, line)
        return True

    def _take(self, number: int, line: str) -> None:
        try:
            probe = Probe(**json.loads(line))
            whole = all(isinstance(x, int) and x >= 0 for x in probe.key)
            if not whole or not math.isfinite(probe.error) or not 0 <= probe.sparsity <= 1:
                raise ValueError("a value is out of range")
        except (json.JSONDecodeError, TypeError, ValueError) as error:
            log.warning("%s, line %d: not a whole probe (%s); it is measured again", self.path, number, error)
            return
        self.done[probe.key] = probe

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
