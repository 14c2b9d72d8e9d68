"""SkyReels-V2: Wan's layout, with a timestep a frame (diffusion forcing) and a block-causal mask at times."""

from __future__ import annotations

from vidkit.hooks.families.wan import Wan


class SkyReelsV2(Wan):
    """A step is told by the highest and the mean timestep; under the mask a call is not plain."""

    processors = ("SkyReelsV2AttnProcessor",)
    tokens_dim = 2  # `[B, 6, N, C]`
