"""What a dry run tells: FLOPs, parameters, memory. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

BYTES = {"fp32": 4, "bf16": 2, "fp16": 2}


@dataclass(frozen=True)
class CostEstimate:
    """The whole request. FLOPs are exact counts of the named layers; activation memory is an estimate.

    Attributes:
        tokens: of one forward (the longest window).
        grid: tokens in (time, rows, columns).
        steps: denoising steps, all windows together.
        forwards: transformer forwards: steps x guidance branches.
        attention_flops: self- and cross-attention.
        self_attention_share: of one transformer forward.
        activation_bytes: the larger of the transformer's and the VAE decoder's working set; an estimate.
        key_value_bytes: of what is kept between forwards.
        schedule: steps and guidance branches in words.
        kept: what is kept between forwards in words.
        mode: how blocks are executed; "": whole forwards.
        baselines: FLOPs of the transformer by name, where blocks are executed.
    """

    tokens: int
    grid: tuple[int, int, int]
    steps: int
    forwards: int
    attention_flops: float
    linear_flops: float
    vae_flops: float
    self_attention_share: float
    parameters: Mapping[str, int]
    weight_bytes: Mapping[str, int]
    activation_bytes: int
    key_value_bytes: int
    schedule: str = ""
    kept: str = "none: every step recomputes the clip"
    mode: str = ""
    baselines: Mapping[str, float] = field(default_factory=dict)

    @property
    def transformer_flops(self) -> float:
        return self.attention_flops + self.linear_flops

    @property
    def total_flops(self) -> float:
        return self.transformer_flops + self.vae_flops

    @property
    def peak_bytes(self) -> int:
        """All weights resident plus the working set; an estimate."""
        return sum(self.weight_bytes.values()) + self.activation_bytes + self.key_value_bytes

    def as_dict(self) -> dict[str, Any]:
        totals = {
            "transformer_flops": self.transformer_flops,
            "total_flops": self.total_flops,
            "peak_bytes": self.peak_bytes,
        }
        return {**asdict(self), **totals}
