"""Temporal mask reuse (TMR): a head keeps its mask until its drift exceeds a threshold, delta."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from vidkit.attention.drift import Anchors, Pooled, drift
from vidkit.errors import ConfigError


class TemporalMaskReuse:
    """TMR: refresh a head when its pooled Q and K have drifted from its last refresh by more than delta.

    Source: HASTE (arXiv 2605.14513 v1, HEART v2), section 3. The gate: when fewer than `gate_low` of a
    layer's heads ask, none refreshes; when more than `gate_high` ask, all do (v2: 0.4 and 0.8).

    Args:
        delta: L1 units (30 for XAttention on Wan, 8 for SVG2); -1 never reuses, infinity reuses for ever.
        gate: use the layer gate.
        gate_low: share of heads below which the layer reuses.
        gate_high: share of heads above which the layer refreshes.
    """

    name = "tmr"

    def __init__(
        self, delta: float = 30.0, gate: bool = True, gate_low: float = 0.4, gate_high: float = 0.8
    ) -> None:
        if delta != delta:
            raise ConfigError("reuse delta is not a number")
        if not 0 <= gate_low <= gate_high <= 1:
            raise ConfigError(
                f"gate bounds must satisfy 0 <= low <= high <= 1, got {gate_low} and {gate_high}"
            )
        self.delta, self.gate, self.gate_low, self.gate_high = delta, gate, gate_low, gate_high

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

    def __init__(
        self, delta: float = 0.2, gate: bool = True, gate_low: float = 0.4, gate_high: float = 0.8
    ) -> None:
        super().__init__(delta, gate, gate_low, gate_high)

    def distance(self, pooled: Pooled, anchors: Anchors) -> Tensor:
        """Relative drift."""
        norm = anchors.q.abs().sum(-1) + anchors.k.abs().sum(-1)
        return drift(pooled, anchors) / norm.clamp_min(1e-12)


def layer_gate(refresh: Tensor, low: float, high: float) -> Tensor:
    """Share of asking heads < low: none refreshes; > high: all; else as asked. Per batch row."""
    share = refresh.float().mean(-1, keepdim=True)
    return (refresh & (share >= low)) | (share > high)
