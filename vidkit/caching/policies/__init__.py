"""Cache policies by name."""

from __future__ import annotations

import math
from typing import Any

from vidkit.caching.policies.base import CachePolicy, Forecast, ReusedValue
from vidkit.errors import ConfigError
from vidkit.utils.method_settings import make_method
from vidkit.utils.plugins import is_file_spec, load_class

POLICIES: dict[str, Any] = {
    "none": "vidkit.caching.policies.none:NoCache",
    "fewer_steps": "vidkit.caching.policies.fewer_steps:FewerSteps",
    "interval": "vidkit.caching.policies.interval:Interval",
    "teacache": "vidkit.caching.policies.teacache:TeaCache",
    "magcache": "vidkit.caching.policies.magcache:MagCache",
    "first_block": "vidkit.caching.policies.first_block:FirstBlock",
    "taylor": "vidkit.caching.policies.taylor:Taylor",
    "seacache": "vidkit.caching.policies.seacache:SeaCache",
    "flowcache": "vidkit.caching.policies.flowcache:FlowCache",
    "motioncache": "vidkit.caching.policies.motioncache:MotionCache",
    "change": "vidkit.caching.policies.change:Change",
}

__all__ = ["POLICIES", "CachePolicy", "Forecast", "ReusedValue", "policy", "policy_class"]


def policy(name: str, **cfg: Any) -> CachePolicy:
    """A cache policy by name.

    Args:
        name: of `POLICIES` (hyphens or underscores), an installed package's, or `FILE.py:Class`.
        **cfg: its settings.

    Raises:
        ConfigError: unknown name or setting, or a value it cannot take.
    """
    if not isinstance(name, str):
        raise ConfigError(f"a cache policy cannot be {name!r}", f"give one of: {', '.join(POLICIES)}")
    name = name if is_file_spec(name) else name.replace("-", "_")
    for key, value in cfg.items():  # records are JSON, which has no infinity
        if isinstance(value, float) and math.isinf(value):
            raise ConfigError(
                f"{name}: {key} must be a finite number, got {value}", "a large one does the same"
            )
    made: CachePolicy = make_method(policy_class(name), name, cfg)
    if not getattr(made, "name", ""):
        made.name = name
    return made


def policy_class(name: str) -> type[Any]:
    """The class of a policy: ours, an installed package's, or of `FILE.py:Class`.

    Raises:
        ConfigError: there is none of that name, or it has no `decide`.
    """
    return load_class("cache", name, POLICIES, ("begin", "decide", "observe", "end"))
