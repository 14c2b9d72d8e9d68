"""Reuse policies: which heads get a new mask at a step. Decisions stay on the device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from vidkit.attention.drift import Anchors, Pooled, drift, pool
from vidkit.attention.temporal_mask_reuse import RelativeTemporalMaskReuse, TemporalMaskReuse
from vidkit.errors import ConfigError
from vidkit.utils.method_settings import make_method
from vidkit.utils.plugins import is_file_spec, load_class, plugins

__all__ = [
    "REUSE", "Anchors", "Freeze", "Interval", "Never", "Pooled", "RelativeTemporalMaskReuse", "ReusePolicy",
    "TemporalMaskReuse", "drift", "make_reuse", "pool",
]  # fmt: skip


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


@dataclass(frozen=True)
class IntervalConfig:
    """Settings of `Interval`."""

    interval: int = 4  # steps from mask to mask; 1 equals `never`

    def __post_init__(self) -> None:
        if self.interval < 1:
            raise ValueError(f"interval must be >= 1, got {self.interval}")


class Interval:
    """A new mask every `interval` steps."""

    name = "interval"
    config = IntervalConfig

    def __init__(self, cfg: IntervalConfig) -> None:
        self.interval = cfg.interval

    def decide(self, pooled: Pooled, anchors: Anchors, step: int) -> Tensor | bool:
        """Heads whose mask is `interval` steps old."""
        return step - anchors.step >= self.interval

    def describe(self) -> dict[str, Any]:
        """Name and interval."""
        return {"name": self.name, "interval": self.interval}


REUSE: dict[str, Any] = {
    "never": Never,
    "interval": Interval,
    "freeze": Freeze,
    "tmr": TemporalMaskReuse,
    "tmr_relative": RelativeTemporalMaskReuse,
}


def make_reuse(name: str, **settings: Any) -> ReusePolicy:
    """A reuse policy by name; settings a policy does not have are refused.

    Raises:
        ConfigError: unknown name or setting. `tmr_auto` needs the delta that calibration chose.
    """
    name = name if is_file_spec(name) else name.replace("-", "_")
    if name == "tmr_auto":
        if settings.get("delta") is None:
            raise ConfigError(
                "reuse=tmr_auto needs a calibrated delta and the table has none",
                "run `vidkit calibrate`, or use reuse=tmr with a delta of your own",
            )
        name = "tmr"
    policy: ReusePolicy = make_method(reuse_class(name), name, settings)
    if not hasattr(policy, "name"):
        policy.name = name
    return policy


def reuse_class(name: str) -> type[Any]:
    """The class of a reuse policy: ours, an installed package's, or of `FILE.py:Class`.

    Raises:
        ConfigError: there is none of that name, or it lacks a method of `ReusePolicy`.
    """
    if name not in REUSE and not is_file_spec(name) and name not in plugins("reuse"):
        raise ConfigError(f"unknown reuse policy '{name}'", f"choose from: {', '.join(REUSE)}, tmr_auto")
    return load_class("reuse", name, REUSE, ("decide", "describe"))
