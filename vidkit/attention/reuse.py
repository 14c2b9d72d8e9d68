"""Reuse policies: which heads get a new mask at a step. Decisions stay on the device."""

from __future__ import annotations

import inspect
from typing import Any, Protocol

from torch import Tensor

from vidkit.attention.drift import Anchors, Pooled, drift, pool
from vidkit.attention.temporal_mask_reuse import RelativeTemporalMaskReuse, TemporalMaskReuse
from vidkit.errors import ConfigError
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
    name = name if is_file_spec(name) else name.replace("-", "_")
    if name == "tmr_auto":
        if parameters.get("delta") is None:
            raise ConfigError(
                "reuse=tmr_auto needs a calibrated delta and the table has none",
                "run `vidkit calibrate`, or use reuse=tmr with a delta of your own",
            )
        name = "tmr"
    kind = reuse_class(name)
    known = [p for p in inspect.signature(kind.__init__).parameters if p not in ("self", "args", "kwargs")]
    for key in parameters:
        if key not in known:
            raise ConfigError(
                f"reuse policy '{name}' has no parameter '{key}'", f"parameters: {', '.join(known) or 'none'}"
            )
    policy: ReusePolicy = kind(**parameters)
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
