"""What frame selection takes and gives: candidates in, a selection out. NumPy only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vidkit.errors import DataError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class NoConfig:
    """A method without settings."""


class Segment(NamedTuple):
    """Half-open span `[start, stop)` of candidate indices."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True)
class Candidates:
    """What a selector may look at: times and numbers, never pixels.

    Args:
        times: seconds from the start of the stream [N], strictly increasing.
        relevance: how well each candidate answers the query [N], higher is better; None without a query.
        features: one visual feature row per candidate [N, D], any scale; None when not computed.
        source_indices: presentation-order frame numbers in the source [N]; None: 0..N-1.
        query_features: the query in the space of `features` [D], for `omp`.
        rewards: one reward per event of `events`, for `dig` [E].
        events: first candidate of each event, for `dig` [E], starting at 0.
        seed: for the methods that probe at random (`focus`).

    Raises:
        DataError: lengths disagree, times are not increasing, or an array has the wrong rank.
    """

    times: FloatArray
    relevance: FloatArray | None = None
    features: NDArray[Any] | None = None
    source_indices: IntArray | None = None
    query_features: FloatArray | None = None
    rewards: FloatArray | None = None
    events: IntArray | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        times = _vector(self.times, "times")
        if times.size == 0:
            raise DataError("there are no candidates", "give at least one time")
        if not np.isfinite(times).all() or (np.diff(times) <= 0).any():
            raise DataError("candidate times are not strictly increasing", "sort them and drop repeats")
        object.__setattr__(self, "times", times)
        if self.relevance is not None:
            relevance = _vector(self.relevance, "relevance")
            _same_length(relevance, times, "relevance")
            object.__setattr__(self, "relevance", relevance)
        if self.features is not None:
            features = np.asarray(self.features)
            if features.ndim != 2 or features.dtype.kind not in "fiu":
                raise DataError(
                    f"features have shape {features.shape} and type {features.dtype}",
                    "give numbers, one row per candidate [N, D]",
                )
            _same_length(features, times, "features")
            object.__setattr__(self, "features", features)
        source = np.arange(times.size) if self.source_indices is None else self.source_indices
        source = np.asarray(source, dtype=np.int64)
        _same_length(source, times, "source_indices")
        object.__setattr__(self, "source_indices", source)
        for name in ("query_features", "rewards"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _vector(getattr(self, name), name))
        if self.events is not None:
            object.__setattr__(self, "events", np.asarray(self.events, dtype=np.int64))

    def __len__(self) -> int:
        return int(self.times.size)


@dataclass(frozen=True)
class Selection:
    """Which candidates to keep, and why.

    `segments` tile `[0, N)`. `reasons[i]` belongs to `indices[i]`: `anchor`, `mmr`, `gate@<theta>`, `cover`,
    `fill`, `uniform`, `top`, `shot`, `spread` or `all`. `detail` holds intermediate signals by name (arrays
    and numbers).
    """

    method: str
    indices: IntArray  # [K], strictly increasing
    segments: tuple[Segment, ...]
    reasons: tuple[str, ...]
    detail: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    method_applied: str = ""  # differs from `method` when a fallback ran
    fallback: str = ""  # why the method did not run as it is described; empty: it did

    def without(self, ranks: Sequence[int]) -> Selection:
        """The selection without some of its frames, given by their place among the kept ones."""
        kept = [rank for rank in range(len(self.reasons)) if rank not in set(ranks)]
        return replace(self, indices=self.indices[kept], reasons=tuple(self.reasons[rank] for rank in kept))

    @classmethod
    def of_reasons(
        cls,
        method: str,
        reasons: Mapping[int, str],
        segments: tuple[Segment, ...],
        detail: Mapping[str, Any] | None = None,
        warnings: tuple[str, ...] = (),
        fallback: str = "",
    ) -> Selection:
        """The candidates that `reasons` names, in time order."""
        indices = np.array(sorted(reasons), dtype=np.int64)
        kept_as = tuple(reasons[int(i)] for i in indices)
        return cls(method, indices, segments, kept_as, detail or {}, warnings, fallback=fallback)

    @property
    def headline(self) -> str:
        """What ran, in the words of titles: `efs`, or `uniform (wfs-sb fell back: no relevance)`."""
        if self.method_applied == "all":
            return f"all candidates ({self.method} did not run: {self.fallback})"
        if self.method_applied and self.method_applied != self.method:
            return f"{self.method_applied} ({self.method} fell back: {self.fallback})"
        return f"{self.method} ({self.fallback})" if self.fallback else self.method

    @property
    def segment_of(self) -> IntArray:
        """Number of the segment of each kept candidate [K]."""
        starts = np.array([segment.start for segment in self.segments])
        return (np.searchsorted(starts, self.indices, side="right") - 1).astype(np.int64)


def _vector(values: ArrayLike, name: str) -> FloatArray:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name} cannot be read as numbers", "give a flat list of numbers") from error
    if array.ndim != 1:
        raise DataError(f"{name} has shape {array.shape}", "give a flat list, one number per candidate")
    return array


def _same_length(array: NDArray[Any], times: FloatArray, name: str) -> None:
    if array.shape[0] != times.size:
        raise DataError(
            f"{name} has {array.shape[0]} rows for {times.size} candidates",
            "both must cover the same candidates",
        )
