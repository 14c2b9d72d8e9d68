"""Relevance that the user brings: one number per candidate, or numbers with times."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from vidkit.errors import DataError
from vidkit.frames.types import FloatArray
from vidkit.utils.damaged import DAMAGED_ARRAYS
from vidkit.utils.strict_json import load_json


def read_scores(path: Path, times: FloatArray) -> FloatArray:
    """Relevance of the candidates at `times` [N] from .npy, .json or .csv.

    Rows of two numbers are time and score and are interpolated; single numbers must be as many as there are
    candidates.

    Raises:
        DataError: unreadable, wrong length, or a row that is not a number (file:line).
    """
    try:
        table = _read(path)
    except OSError as error:
        raise DataError(f"cannot read the scores '{path}': {error.strerror}", "check the path") from error
    except (csv.Error, *DAMAGED_ARRAYS) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(
            f"'{path}' holds no scores: {reason}", "give numbers, or pairs of time and score"
        ) from error
    if table.ndim == 2 and table.shape[1] == 2 and table.size:
        order = np.argsort(table[:, 0], kind="stable")
        return np.asarray(np.interp(times, table[order, 0], table[order, 1]))
    if table.ndim != 1 or table.size != times.size:
        raise DataError(
            f"'{path}' has scores of shape {list(table.shape)} for {times.size} candidates",
            "give one number per candidate, or pairs of time and score",
        )
    return table


def _read(path: Path) -> FloatArray:
    suffix = path.suffix.lower()
    if suffix == ".npy":
        # mapped, so that a header which promises more than the file has costs no memory
        return np.array(np.load(path, mmap_mode="r", allow_pickle=False), dtype=np.float64)
    if suffix == ".json":
        data = load_json(path.read_text(encoding="utf-8"), path.name)
        if isinstance(data, dict):
            data = (
                list(zip(data["times"], data["scores"], strict=True)) if "times" in data else data["scores"]
            )
        return np.asarray(data, dtype=np.float64)
    rows: list[list[float]] = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.reader(file), start=1):
            cells = [cell.strip() for cell in row if cell.strip()]
            if not cells:
                continue
            try:
                rows.append([float(cell) for cell in cells])
            except ValueError:
                if number > 1:  # the first line may be a header
                    raise ValueError(f"{path}:{number}: {row}") from None
    table = np.asarray(rows, dtype=np.float64)
    return table[:, 0] if table.ndim == 2 and table.shape[1] == 1 else table
