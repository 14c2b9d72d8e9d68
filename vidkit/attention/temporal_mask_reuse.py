"""Temporal mask reuse (TMR): a head keeps its mask until its drift exceeds a threshold, delta."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from vidkit.attention.drift import Anchors, Pooled, drift


@dataclass(frozen=True)
class TemporalMaskReuseConfig:
    """Settings of TMR."""

    delta: float = 30.0  # L1 units (30 for XAttention on Wan, 8 for SVG2); -1: no reuse; infinity: no refresh
    gate: bool = True  # use the layer gate
    gate_low: float = 0.4  # share of heads below which the layer reuses
    gate_high: float = 0.8  # share of heads above which the layer refreshes

    def __post_init__(self) -> None:
        if self.delta != self.delta:
            raise ValueError("delta is not a number")
        if not 0 <= self.gate_low <= self.gate_high <= 1:
            raise ValueError(
                f"gate_low and gate_high must satisfy 0 <= low <= high <= 1, got {self.gate_low} and"
                f" {self.gate_high}"
            )


@dataclass(frozen=True)
class RelativeTemporalMaskReuseConfig(TemporalMaskReuseConfig):
    """Settings of TMR with relative drift."""

    delta: float = 0.2  # share of the anchor's L1 norm; -1: no reuse; infinity: no refresh


class TemporalMaskReuse:
    """TMR: refresh a head when its pooled Q and K have drifted from its last refresh by more than delta.

    Source: HASTE (arXiv 2605.14513 v1, HEART v2), section 3. The gate: when fewer than `gate_low` of a
    layer's heads ask, none refreshes; when more than `gate_high` ask, all do (v2: 0.4 and 0.8).
    """

    name = "tmr"
    config: ClassVar[type[TemporalMaskReuseConfig]] = TemporalMaskReuseConfig

    def __init__(self, cfg: TemporalMaskReuseConfig) -> None:
        self.delta, self.gate, self.gate_low, self.gate_high = (
            cfg.delta,
            cfg.gate,
            cfg.gate_low,
            cfg.gate_high,
        )

    def distance(self, pooled: Pooled, anchors: Anchors) -> Tensor:
        """`[B, H]` drift that is compared with delta."""
        return drift(pooled, anchors)

    def decide(self, pooled: Pooled, anchors: Anchors, step: int) -> Tensor | bool:
        """Heads that drifted, after the gate; not-a-number counts as drifted."""
        refresh = ~(self.distance(pooled, anchors) <= self.delta)
        return layer_gate(refresh, self.gate_low, self.gate_high) if self.gate else refresh

    def describe(self) -> dict[str, Any]:
        """Name, delta and gate."""
        bounds = [self.gate_low, self.gate_high] if self.gate else None
        return {"name": self.name, "delta": self.delta, "gate": bounds}


class RelativeTemporalMaskReuse(TemporalMaskReuse):
    """TMR with drift over the anchor's L1 norm, so that one delta serves models of any scale and width."""

    name = "tmr_relative"
    config = RelativeTemporalMaskReuseConfig

    def distance(self, pooled: Pooled, anchors: Anchors) -> Tensor:
        """Relative drift."""
        norm = anchors.q.abs().sum(-1) + anchors.k.abs().sum(-1)
        return drift(pooled, anchors) / norm.clamp_min(1e-12)


def layer_gate(refresh: Tensor, low: float, high: float) -> Tensor:
    """Share of asking heads < low: none refreshes; > high: all; else as asked. Per batch row."""
    share = refresh.float().mean(-1, keepdim=True)
    return (refresh & (share >= low)) | (share > high)
