"""SeaCache: the change of the latents behind a filter that keeps what is content at the present noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from vidkit.caching.context import BlockContext, RunContext, signal
from vidkit.caching.decision import FULL, SKIP, Decision
from vidkit.caching.policies.base import CachePolicy, Forecast
from vidkit.caching.policies.relative_change import relative_change


@dataclass(frozen=True)
class SeaCacheConfig:
    """Settings of `SeaCache`."""

    threshold: float = 0.25  # accumulated change of the filtered latents; 0: no cache
    most_skipped: int = 2  # steps in a row that may be reused

    def __post_init__(self) -> None:
        if self.threshold < 0:
            raise ValueError(f"threshold must be >= 0, got {self.threshold}")
        if self.most_skipped < 0:
            raise ValueError(f"most_skipped must be >= 0, got {self.most_skipped}")


class SeaCache(CachePolicy):
    """Source: SeaCache of diffusers. All branches see the same latents, so they decide alike.

    Differs: the residual is forecast in the noise level, not in the step's number.
    """

    name = "seacache"
    config = SeaCacheConfig
    cfg: SeaCacheConfig
    forecast = Forecast.LINEAR

    def __init__(self, cfg: SeaCacheConfig) -> None:
        super().__init__(cfg)
        self._before: dict[tuple[str, int], Tensor] = {}
        self._due: dict[tuple[str, int], tuple[float, int]] = {}

    def begin(self, run: RunContext) -> None:
        self.end()

    def decide(self, ctx: BlockContext, signals: Mapping[str, Tensor]) -> Decision:
        now = filtered(signal(signals, "latents", self.name), ctx.level)
        before, self._before[ctx.key] = self._before.get(ctx.key), now
        due, skipped = self._due.get(ctx.key, (0.0, 0))
        forced = before is None or ctx.is_last or skipped >= self.cfg.most_skipped
        due += 0.0 if before is None else relative_change(now, before)
        compute = forced or due >= self.cfg.threshold
        self._due[ctx.key] = (0.0, 0) if compute else (due, skipped + 1)
        return FULL if compute else SKIP

    def end(self) -> None:
        self._before.clear()
        self._due.clear()

    def tensors(self) -> list[Tensor]:
        return list(self._before.values())


def filtered(latents: Tensor, level: float) -> Tensor:
    """Wiener-like filter for a spectrum that falls with the third power of the frequency.

    Args:
        latents: `[B, C, F, H, W]`.
        level: sigma, 1 pure noise.
    """
    gain = torch.ones((), device=latents.device)
    for axis in range(3):
        frequency = torch.fft.fftfreq(latents.shape[2 + axis], device=latents.device).abs()
        content = 1 / (frequency**3 + 1e-16)
        own = (1 - level) * content / ((1 - level) ** 2 * content + level**2 + 1e-16)
        gain = gain[..., None] * own
    gain = gain / gain.mean().clamp_min(1e-12)
    spectrum = torch.fft.fftn(latents.float(), dim=(2, 3, 4)) * gain
    kept: Tensor = torch.fft.ifftn(spectrum, dim=(2, 3, 4)).real
    return kept
