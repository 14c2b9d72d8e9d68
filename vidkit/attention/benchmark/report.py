"""Rows of measurements: to JSON and to a plot."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        section: dense, executor, launch, prediction, memory or loop.
        shape: name of the shape or loop.
        provider: who computed.
        density: kept pairs over all, None where it means nothing.
        ms: median milliseconds of a call (a forward in `loop`), None when it failed or is no time.
        ms_low: 20th percentile.
        ms_high: 80th percentile.
        tflops: FLOPs of the kept pairs over the median.
        note: shares, choices, failures.
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


def environment(device: torch.device, dtype: torch.dtype) -> dict[str, Any]:
    """What the figures were measured on."""
    versions: dict[str, str | None] = {}
    for name in ("torch", "triton", "diffusers", "flash-attn-4", "vidkit"):
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = None
    name = (
        torch.cuda.get_device_name(device)
        if device.type == "cuda"
        else platform.processor() or platform.machine()
    )
    return {
        "device": name,
        "dtype": str(dtype).removeprefix("torch."),
        "threads": torch.get_num_threads(),
        **versions,
    }


def save(path: str | Path, rows: Sequence[Row], env: dict[str, Any], checks: Sequence[Any]) -> None:
    """Write everything as one JSON file, atomically."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    body = {"environment": env, "checks": [asdict(c) for c in checks], "rows": [asdict(r) for r in rows]}
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    with os.fdopen(handle, "w") as stream:
        json.dump(body, stream, indent=1)
    os.chmod(temporary, 0o644)
    os.replace(temporary, path)


def plot(path: str | Path, rows: Sequence[Row], env: dict[str, Any]) -> None:
    """Rate against density, one panel a shape; dense baselines as lines."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    shapes = list(dict.fromkeys(r.shape for r in rows if r.section == "executor"))
    figure, panels = plt.subplots(1, max(len(shapes), 1), figsize=(5 * max(len(shapes), 1), 4), squeeze=False)
    for panel, shape in zip(panels[0], shapes, strict=False):
        mine = [r for r in rows if r.shape == shape and r.tflops is not None]
        for row in (r for r in mine if r.section == "dense"):
            panel.axhline(row.tflops, linestyle="--", linewidth=0.8, color="grey")
            panel.annotate(f"dense {row.provider}", (0.11, row.tflops), fontsize=7, color="grey")
        for name in dict.fromkeys(
            r.provider for r in mine if r.section == "executor" and r.provider != "auto"
        ):
            points = sorted(
                (r.density, r.tflops) for r in mine if r.section == "executor" and r.provider == name
            )
            panel.plot(*zip(*points, strict=True), marker="o", label=name)
        panel.set(title=shape, xlabel="density", ylabel="TFLOP/s of kept pairs", xscale="log", ylim=(0, None))
        panel.legend(fontsize=8)
    figure.suptitle(f"block-sparse attention, {env['device']}, {env['dtype']}")
    figure.tight_layout()
    figure.savefig(path, dpi=130)
    plt.close(figure)
