"""Frame selection for video-language models: candidates, encoders, selectors, sheets and plots.

The stable surface is `Candidates`, `Selection`, `select` and `read_candidates`; everything else is imported
from its own module. Loading this package loads NumPy alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vidkit.frames.registry import METHODS, select
from vidkit.frames.types import Candidates, Segment, Selection

if TYPE_CHECKING:
    from vidkit.frames.reading import read_candidates

__all__ = ["METHODS", "Candidates", "Segment", "Selection", "read_candidates", "select"]


def __getattr__(name: str) -> Any:
    if name == "read_candidates":  # pulls in the video libraries, which the selectors never need
        from vidkit.frames.reading import read_candidates

        return read_candidates
    raise AttributeError(f"module 'vidkit.frames' has no attribute '{name}'")
