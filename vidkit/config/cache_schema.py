"""Settings of caching (`cache=...`). Imports nothing of ours and nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class CacheSettings:
    """A cache policy by name, and its settings where they differ from the defaults beside the policy."""

    # who decides what is computed: a policy of `vidkit list methods`, or FILE.py:Class
    name: str = field(default="none", metadata={"method": "cache"})
    # share of the transformer's FLOPs to execute, (0, 1]: sets the policy's own knob; none: as given
    target_flops: float | None = None
    settings: dict[str, object] = field(default_factory=dict, metadata={"settings_of": ("name",)})

    def __post_init__(self) -> None:
        if self.target_flops is not None and not 0 < self.target_flops <= 1:
            raise ValueError(f"target_flops must be in (0, 1], got {self.target_flops}")
