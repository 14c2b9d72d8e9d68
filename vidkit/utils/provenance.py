"""When, where and from which code a figure was measured."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from vidkit.utils.device import processor
from vidkit.utils.versions import git_commit, versions


def provenance(packages: Iterable[str], device: str | None = None) -> dict[str, Any]:
    """What belongs beside every figure; take it before measuring, or the load is that of the measurement.

    Args:
        packages: those whose versions matter.
        device: name of what computes; None: processor and cores.
    """
    return {
        "date": datetime.now().astimezone().isoformat(timespec="seconds"),
        "device": device or f"{processor()}, {os.cpu_count()} cores",
        "load_before": round(os.getloadavg()[0], 2),  # mean of one minute, of all that runs here
        "commit": git_commit(),
        "versions": versions(packages),
    }
