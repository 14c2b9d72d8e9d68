"""What the FLOP model says of a clip: the passes of its blocks, and baselines beside them. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from vidkit.models.block_runs import ForcingMode


@dataclass(frozen=True)
class Pass:
    """One block through the layers, in one guidance branch.

    Attributes:
        window: index of the window.
        row: of the window's schedule.
        block: within the window.
        queries: tokens that pass.
        keys: tokens that they attend to.
        active: the row changes the block's latents.
        flops: of one branch.
        attention_flops: of these, those of self- and cross-attention.
    """

    window: int
    row: int
    block: int
    queries: int
    keys: int
    active: bool
    flops: float
    attention_flops: float


@dataclass(frozen=True)
class FlopReport:
    """FLOPs of one clip without a cache.

    Attributes:
        mode: how blocks are executed.
        transformer: FLOPs of the transformer in this mode, all branches.
        vae: of decoding the clip, and of encoding a first frame.
        baselines: FLOPs of the transformer, by name: `dense_original`, `block_causal_dense`,
            `block_causal_active`.
        rows: of the schedule, all windows together.
        branches: guidance branches.
        passes: every pass of a block, for one branch.
    """

    mode: ForcingMode
    transformer: float
    vae: float
    baselines: Mapping[str, float]
    rows: int
    branches: int
    passes: tuple[Pass, ...]

    @property
    def total(self) -> float:
        """Transformer and VAE."""
        return self.transformer + self.vae

    def gain(self, baseline: str) -> float:
        """How many times fewer FLOPs than a baseline, the VAE counted on both sides."""
        return (self.baselines[baseline] + self.vae) / self.total

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, without the single passes."""
        plain = asdict(self) | {"mode": self.mode.name, "total": self.total}
        del plain["passes"]
        return plain
