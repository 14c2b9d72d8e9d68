"""Settings of MAGI-1's way through a clip (`magi=...`). Imports nothing of ours and nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class MagiSettings:
    """How chunks are denoised; other families take no notice. Defaults are the published ones."""

    window: int = 4  # chunks in flight, each steps / window steps further than the next
    kv_range: list[int] = field(
        default_factory=lambda: [5, 4, 3, 2]
    )  # chunks that one sees, itself included, in each equal part of its steps; []: all before it
    clean_kv_range: int = 1  # what a finished chunk sees, itself included, when its keys and values are made
    clean_level: float = 0.9999  # noise level that a finished chunk is told, 0 noise .. 1 clean
    clean_refresh: bool = (
        True  # a finished chunk passes once more; false: its last noisy keys and values stay
    )
    kv_cache: bool = True  # keep keys and values of finished chunks; false: those in range pass at every step
    history_guidance: float = 1.5  # base model: away from the chunk without its history; 1: none
    guided_until: float = 0.3  # base model: no guidance from this noise level on
    alone_from: float = 0.3  # distilled: from this noise level the foremost chunk also passes without history
    history_share: float = 0.7  # distilled: weight of the pass with history

    def __post_init__(self) -> None:
        for name in ("window", "clean_kv_range"):
            if getattr(self, name) < 1:
                raise ValueError(f"magi.{name} must be >= 1, got {getattr(self, name)}")
        wrong = [value for value in self.kv_range if value < 1]
        if wrong:
            raise ValueError(f"magi.kv_range must hold values >= 1, got {wrong[0]}")
        for name in ("clean_level", "guided_until", "alone_from", "history_share"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ValueError(f"magi.{name} must be in 0..1, got {value}")
        if self.history_guidance < 0:
            raise ValueError(f"magi.history_guidance must be >= 0, got {self.history_guidance}")
