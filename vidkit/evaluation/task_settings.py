"""Settings of a benchmark's own, which stand beside it: it names their dataclass `config`.

They are read from the source (`vidkit config eval`), so that choices are written as `Literal[...]`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class NoSettings:
    """A benchmark that has none."""


@dataclass(frozen=True)
class StreamedSettings:
    """Of a benchmark with questions about now (`Benchmark.STREAMED_KIND`)."""

    # questions about now are asked once, about a growing clip, or both
    when: Literal["single", "streaming", "both"] = "single"
    stride_s: float = 1.0  # seconds per step of the growing clip
    until_end: bool = False  # the clip grows to its end, after the first YES too
