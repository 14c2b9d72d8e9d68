"""Evenly spaced frames: the baseline every method is measured against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from vidkit.frames.spacing import centre_indices, end_to_end_indices
from vidkit.frames.types import Candidates, Segment, Selection


@dataclass(frozen=True)
class UniformConfig:
    # centre of k equal parts, or ends: linspace with both end frames
    uniform: Literal["centre", "ends"] = "centre"

    def __post_init__(self) -> None:
        if self.uniform not in ("centre", "ends"):
            raise ValueError(f"uniform must be centre or ends, got '{self.uniform}'")


class Uniform:
    """K evenly spaced candidates; needs nothing."""

    name: ClassVar[str] = "uniform"
    needs: ClassVar[frozenset[str]] = frozenset()
    uses: ClassVar[frozenset[str]] = frozenset()
    config: ClassVar[type[UniformConfig]] = UniformConfig
    note: ClassVar[str] = "evenly spaced"

    def select(self, candidates: Candidates, k: int, cfg: UniformConfig) -> Selection:
        """Pick by the rule of `cfg.uniform`."""
        n = len(candidates)
        rule = centre_indices if cfg.uniform == "centre" else end_to_end_indices
        return Selection(self.name, rule(n, k), (Segment(0, n),), ("uniform",) * k)


def uniform_fallback(method: str, candidates: Candidates, k: int, reason: str) -> Selection:
    """What a method does that cannot run (`reason`: no relevance): evenly spaced, and it says so."""
    n = len(candidates)
    return Selection(
        method,
        centre_indices(n, k),
        (Segment(0, n),),
        ("uniform",) * k,
        {},
        (f"{reason}: frames are evenly spaced",),
        method_applied="uniform",
        fallback=reason,
    )
