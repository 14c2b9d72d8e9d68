"""Settings of sparse attention (`attention=...`). Imports nothing of ours and nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

T = TypeVar("T", bound=StrEnum)


class Predictor(StrEnum):
    """Who decides which key blocks a query block reads."""

    DENSE = "dense"
    XATTENTION = "xattention"
    SVG2 = "svg2"
    SVG1 = "svg1"
    POOLED_MEAN = "pooled_mean"
    EXACT_MASS = "exact_mass"


class Reuse(StrEnum):
    """When a head's mask is made anew."""

    NEVER = "never"
    INTERVAL = "interval"
    FREEZE = "freeze"
    TMR = "tmr"
    TMR_RELATIVE = "tmr_relative"
    TMR_AUTO = "tmr_auto"


class ExecutorName(StrEnum):
    """Who computes attention over the kept blocks."""

    AUTO = "auto"
    FA4 = "fa4"
    TRITON = "triton"
    FLEX = "flex"
    GATHER = "gather"
    REFERENCE = "reference"
    MASKED = "masked"


class Keep(StrEnum):
    """Blocks kept whatever the scores say."""

    FIRST_FRAME = "first_frame"
    SINK = "sink"
    DIAG = "diag"


@dataclass
class AttentionSettings:
    predictor: Predictor = Predictor.DENSE
    tau: float = 0.9  # share of estimated attention mass kept, (0, 1]; 1 is dense
    table: str | None = None  # calibrated thresholds per head, over tau; auto: the model's own, if one ships
    block_q: int = 128  # tokens a query block
    block_k: int = 128  # tokens a key block
    always_keep: list[Keep] = field(default_factory=list)
    stride: int = 16  # xattention: tokens a side of the antidiagonal sub-blocks
    norm: float = 1.0  # xattention: extra divisor of the logits
    cluster_block: int | None = None  # svg2: tokens of an executed block; none: block_q and block_k
    query_clusters: int = 300  # svg2
    key_clusters: int = 1000  # svg2
    min_kc_ratio: float = 0.1  # svg2: share of key clusters kept in any case
    first_iterations: int = 50  # svg2: k-means rounds at the first sparse step
    warm_iterations: int = 2  # svg2: k-means rounds at a refresh
    cache_permutation: bool = False  # svg2: trade memory (16 bytes a token and head) for a sort a call
    keep_ratio: float = 0.3  # svg1: density of its band
    sampled_queries: int = 64  # svg1: query rows of its online profile
    sample_within: int = 10_000  # svg1: they come from the first so many tokens
    reuse: Reuse = Reuse.NEVER
    interval: int = 4  # reuse=interval: steps
    # tmr: drift that triggers a refresh; none: the table's, or 30 (xattention), 8 (svg2), 0.2 (relative)
    delta: float | None = None
    gate: bool = True  # tmr: round a layer's refresh share to none or all
    gate_low: float = 0.4  # below this share the layer reuses
    gate_high: float = 0.8  # above this share the layer refreshes
    pre_rope: bool = False  # tmr: measure drift before rotary embedding
    share_cfg_mask: bool = False  # predict on the conditional branch only, reuse for the unconditional
    dense_steps: int = 0  # first steps of a generation that stay dense
    dense_layers: int = 0  # first layers that stay dense
    min_tokens: int = 0  # shorter sequences stay dense
    executor: ExecutorName = ExecutorName.AUTO
    seed: int = 0  # random starts of k-means and svg1's sample

    def __post_init__(self) -> None:
        """Names to choices, for settings made in code; range checks that need no model."""
        self.predictor = _choice(Predictor, self.predictor)
        self.reuse = _choice(Reuse, self.reuse)
        self.executor = _choice(ExecutorName, self.executor)
        self.always_keep = [_choice(Keep, rule) for rule in self.always_keep]
        if not 0 < self.tau <= 1:
            raise ValueError(f"tau must be in (0, 1], got {self.tau}")
        for name in ("dense_steps", "dense_layers", "min_tokens"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be >= 0, got {getattr(self, name)}")


def _choice(kind: type[T], value: str) -> T:
    """`pooled-mean` and `pooled_mean` are one name."""
    try:
        return kind(value.replace("-", "_"))
    except ValueError:
        choices = ", ".join(kind)
        raise ValueError(f"unknown {kind.__name__.lower()} '{value}', choose from: {choices}") from None
