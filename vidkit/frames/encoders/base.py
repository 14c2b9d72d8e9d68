"""The interface of every encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vidkit.frames.types import FloatArray

Picture = NDArray[np.uint8]  # RGB [H, W, 3]
Rows = NDArray[np.float32]


@dataclass(frozen=True)
class Encoded:
    """Rows of some pictures [B, D], and their match with the query [B] where one model does both at once."""

    rows: Rows
    scores: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Scored:
    """Relevance of candidates [N] and what to say about it.

    `query_features` [D] is set by two-tower models, whose pictures and texts share a space. `facts` go into
    the record (`query_chunks`, `unknown_words`, ...).
    """

    relevance: FloatArray | None
    query_features: FloatArray | None = None
    facts: dict[str, object] = field(default_factory=dict)


class Encoder(Protocol):
    """Pictures in, rows out.

    Attributes:
        identity: names model, revision and preprocessing version; part of the cache key.
        short_side: pixels the shorter side of a frame is decoded at for it; None: as displayed.
        needs_query: rows or scores change with the query, so that they are cached per query.
        is_relevance: whether it can score a query at all.
    """

    @property
    def identity(self) -> str: ...
    @property
    def short_side(self) -> int | None: ...
    @property
    def needs_query(self) -> bool: ...
    @property
    def is_relevance(self) -> bool: ...

    def encode(self, pictures: Sequence[Picture], query: str) -> Encoded: ...

    def score(
        self, rows: Rows, scores: NDArray[np.float32] | None, times: FloatArray, query: str
    ) -> Scored: ...
