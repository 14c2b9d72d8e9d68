"""Rows of measurements, and the record they are kept in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from vidkit.utils.device import device_name
from vidkit.utils.files import write_text_atomic
from vidkit.utils.provenance import provenance

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
        ms_low: 20th percentile; in `loop` the fastest run.
        ms_high: 80th percentile; in `loop` the slowest run.
        tflops: FLOPs of the kept pairs over the median.
        note: shares, choices, failures.
        gain: times as fast as the fastest dense attention, measured in turns with it, median; None: not
            measured, or withheld.
        gain_low: 20th percentile of the turns.
        gain_high: 80th percentile.
        busy: the gain is withheld: dense attention itself varied too much.
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

    @property
    def part(self) -> str:
        """Name of the section as it is asked for: dense and executor rows are `rates`."""
        return SECTION_OF_ROW.get(self.section, self.section)


def environment(device: torch.device, dtype: torch.dtype) -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        **provenance(PACKAGES, device_name(device)),
        "dtype": str(dtype).removeprefix("torch."),
        "threads": torch.get_num_threads(),
        "cuda": torch.version.cuda if device.type == "cuda" else None,
    }


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


def record_of(
    rows: Sequence[Row], env: dict[str, Any], checks: Sequence[Check], complete: bool = True
) -> dict[str, Any]:
    """Everything as plain values; each rate also as the share of the measured matrix product."""
    peak = peak_of(rows)
    return {
        "environment": env,
        "complete": complete,
        "inputs": {part: INPUTS[part] for part in dict.fromkeys(row.part for row in rows) if part in INPUTS},
        "checks": [asdict(check) | {"passed": check.passed} for check in checks],
        "rows": [asdict(row) | {"share_of_peak": share_of(row.tflops, peak)} for row in rows],
    }


def save(
    path: str | Path,
    rows: Sequence[Row],
    env: dict[str, Any],
    checks: Sequence[Check],
    complete: bool = True,
    **more: object,
) -> None:
    """Write everything as one JSON file, atomically; `more` is put in front."""
    import json
    import math

    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    record = record_of(rows, env, checks, complete)
    for check in record["checks"]:  # a check that raised has an infinite error, which JSON cannot say
        check["error"] = check["error"] if math.isfinite(check["error"]) else None
    write_text_atomic(path, json.dumps({**more, **record}, indent=1, allow_nan=False) + "\n")
