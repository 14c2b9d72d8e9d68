"""Reuse policies: which heads get a new mask at a step. Decisions stay on the device."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from vidkit.errors import ConfigError


@dataclass(frozen=True)
class Pooled:
    """Means over tokens of Q and K, fp32 `[B, H, D]` each."""

    q: Tensor
    k: Tensor


@dataclass
class Anchors:
    """Pooled Q and K at each head's last refresh, and when that was.

    Attributes:
        q: `[B, H, D]` fp32.
        k: `[B, H, D]` fp32.
        step: `[B, H]` int32 step of the last refresh.
    """

    q: Tensor
    k: Tensor
    step: Tensor

    @classmethod
    def at(cls, pooled: Pooled, step: int) -> Anchors:
        """All heads refreshed now."""
        return cls(
            pooled.q,
            pooled.k,
            torch.full(pooled.q.shape[:2], step, dtype=torch.int32, device=pooled.q.device),
        )

    def moved(self, pooled: Pooled, step: int, refresh: Tensor) -> Anchors:
        """Heads in `refresh` move to this step; the others keep their anchors, so small drifts add up."""
        pick = refresh[..., None]
        return Anchors(
            torch.where(pick, pooled.q, self.q),
            torch.where(pick, pooled.k, self.k),
            torch.where(refresh, step, self.step).to(torch.int32),
        )


def pool(q: Tensor, k: Tensor) -> Pooled:
    """Means over tokens, fp32; q, k `[B, H, N, D]`."""
    return Pooled(q.mean(2, dtype=torch.float32), k.mean(2, dtype=torch.float32))


def drift(pooled: Pooled, anchors: Anchors) -> Tensor:
    """`||q - qa||_1 + ||k - ka||_1`, `[B, H]`. Source: HASTE (arXiv 2605.14513), temporal mask reuse."""
    return (pooled.q - anchors.q).abs().sum(-1) + (pooled.k - anchors.k).abs().sum(-1)


class ReusePolicy(Protocol):
    """Decides, after the first sparse step, which heads refresh."""

    name: str

    def decide(self, pooled: Pooled, anchors: Anchors, step: int) -> Tensor | bool:
        """`[B, H]` bool of heads to refresh; plain True or False when the host knows for all."""
        ...

    def describe(self) -> dict[str, Any]:
        """Parameters for records."""
        ...


class Never:
    """A new mask at every step."""

    name = "never"

    def decide(self, pooled: Pooled, anchors: Anchors, step: int) -> Tensor | bool:
        """Every head, always."""
        return True

    def describe(self) -> dict[str, Any]:
        """Name."""
        return {"name": self.name}


class Freeze:
    """The first mask for ever (PAROAttention's way after its warm-up)."""

    name = "freeze"

    def decide(self, pooled: Pooled, anchors: Anchors, step: int) -> Tensor | bool:
        """No head, ever."""
        return False

    def describe(self) -> dict[str, Any]:
        """Name."""
        return {"name": self.name}


class Interval:
    """A new mask every `interval` steps.

    Args:
        interval: steps, 1 or more; 1 equals `Never`.
    """

    name = "interval"

    def __init__(self, interval: int = 4) -> None:
        if interval < 1:
            raise ConfigError(f"reuse interval must be 1 or more steps, got {interval}")
        self.interval = interval

    def decide(self, pooled: Pooled, anchors: Anchors, step: int) -> Tensor | bool:
        """Heads whose mask is `interval` steps old."""
        return step - anchors.step >= self.interval

    def describe(self) -> dict[str, Any]:
        """Name and interval."""
        return {"name": self.name, "interval": self.interval}


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


REUSE: dict[str, Any] = {
    "never": Never,
    "interval": Interval,
    "freeze": Freeze,
    "tmr": TemporalMaskReuse,
    "tmr_relative": RelativeTemporalMaskReuse,
}


def make_reuse(name: str, **parameters: Any) -> ReusePolicy:
    """A reuse policy by name; parameters a policy does not have are refused.

    Raises:
        ConfigError: unknown name or parameter. `tmr_auto` needs the delta that calibration chose.
    """
    name = name.replace("-", "_")
    if name == "tmr_auto":
        if parameters.get("delta") is None:
            raise ConfigError(
                "reuse=tmr_auto needs a calibrated delta and the table has none",
                "run `vidkit calibrate`, or use reuse=tmr with a delta of your own",
            )
        name = "tmr"
    if name not in REUSE:
        raise ConfigError(f"unknown reuse policy '{name}'", f"choose from: {', '.join(REUSE)}, tmr_auto")
    known = [
        p for p in inspect.signature(REUSE[name].__init__).parameters if p not in ("self", "args", "kwargs")
    ]
    for key in parameters:
        if key not in known:
            raise ConfigError(
                f"reuse policy '{name}' has no parameter '{key}'", f"parameters: {', '.join(known) or 'none'}"
            )
    policy: ReusePolicy = REUSE[name](**parameters)
    return policy
