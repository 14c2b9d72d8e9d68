"""Relevance and features that are not finite or do not vary, before a selector sees them."""

from __future__ import annotations

import dataclasses
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.errors import DataError
from vidkit.frames.types import Candidates, FloatArray


class NanPolicy(StrEnum):
    REJECT = "reject"
    IMPUTE = "impute"


def is_constant(relevance: FloatArray) -> bool:
    """Whether a relevance curve [N] says nothing: max - min <= 1e-9 max(1, |max|)."""
    top = float(relevance.max())
    return top - float(relevance.min()) <= 1e-9 * max(1.0, abs(top))


def clean_candidates(candidates: Candidates, policy: NanPolicy) -> tuple[Candidates, list[str]]:
    """Candidates whose arrays are all finite, and a note for each repair.

    Raises:
        DataError: a value is not finite under `reject`; exit code 3, with the count and the first index.
    """
    notes: list[str] = []
    changed: dict[str, Any] = {}
    for name in ("relevance", "features"):
        array = getattr(candidates, name)
        if array is None or array.dtype.kind != "f" or _all_finite(array):
            continue
        bad = ~np.isfinite(array)
        rows = np.flatnonzero(bad if bad.ndim == 1 else bad.any(axis=1))
        if policy is NanPolicy.REJECT:
            raise DataError(
                f"{name} has {rows.size} of {array.shape[0]} rows that are not finite,"
                f" first at candidate {rows[0]}",
                "repair the scores, or pass nan=impute",
                exit_code=3,
            )
        notes.append(f"{name}: {rows.size} rows that were not finite were imputed, first at {rows[0]}")
        changed[name] = _impute(array)
    return (dataclasses.replace(candidates, **changed) if changed else candidates), notes


def _all_finite(array: NDArray[Any]) -> bool:
    # a finite sum proves that every term is finite, and reads the array once without a mask
    with np.errstate(over="ignore", invalid="ignore"):
        total = array.sum()  # half precision may overflow here: then every value is looked at
    return bool(np.isfinite(total)) or bool(np.isfinite(array).all())


def _impute(array: NDArray[Any]) -> NDArray[Any]:
    finite = array[np.isfinite(array)]
    if finite.size == 0:
        return np.zeros_like(array)
    repaired = array.copy()
    repaired[np.isnan(array)] = np.median(finite)
    repaired[np.isposinf(array)] = finite.max()
    repaired[np.isneginf(array)] = finite.min()
    return repaired
