"""The predictions file of a run: one row per item, in the items' order, good replies before failures."""

from __future__ import annotations

from pathlib import Path

from vidkit.evaluation.running.resume_log import PredictionLog
from vidkit.utils.files import atomic_path


def write_predictions(path: Path, log: PredictionLog) -> int:
    """Copy the last record of every item out of the log; returns the rows written.

    Items that were not asked have no row. The file is either there whole or not at all.
    """
    rows = 0
    with atomic_path(path) as part, part.open("wb") as file:
        for _, place in log.index.in_order():
            if place is not None:
                file.write(log.line(place))
                rows += 1
    return rows
