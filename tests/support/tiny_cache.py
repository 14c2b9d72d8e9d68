"""Tiny transformers and a denoising loop for tests of caching."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers import SkyReelsV2Transformer3DModel, UniPCMultistepScheduler, WanTransformer3DModel
from torch import Tensor

from vidkit.caching.magnitudes import Curve, Magnitudes

SIZE: dict[str, Any] = {
    "num_attention_heads": 2,
    "attention_head_dim": 24,
    "in_channels": 4,
    "out_channels": 4,
    "text_dim": 16,
    "freq_dim": 32,
    "ffn_dim": 32,
    "num_layers": 3,
    "patch_size": (1, 2, 2),
    "rope_max_seq_len": 32,
    "qk_norm": "rms_norm_across_heads",
}
FRAMES, SIDE = 4, 8  # latent frames, latent pixels a side
TOKENS = FRAMES * (SIDE // 2) ** 2


class Pipe:
    """As much of a pipeline as caching looks at.

    Args:
        kind: class of the transformer.
        steps: of the sampler.
    """

    def __init__(self, kind: Any = SkyReelsV2Transformer3DModel, steps: int = 8) -> None:
        torch.manual_seed(0)
        self.transformer = kind(**SIZE).eval().requires_grad_(False)
        self.scheduler = UniPCMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0
        )
        self.steps = steps

    @property
    def forcing(self) -> bool:
        return isinstance(self.transformer, SkyReelsV2Transformer3DModel)

    @torch.no_grad()
    def __call__(
        self,
        seed: int = 0,
        batch: int = 1,
        branches: tuple[str, ...] = ("cond",),
        named: bool = True,
        levels: Tensor | None = None,
        given: int = 0,
        static: bool = False,
    ) -> Tensor:
        """Latents of a clip.

        Args:
            seed: of noise and text.
            batch: clips.
            branches: guidance branches, in order of their forwards.
            named: tell the transformer their names.
            levels: factors of each latent frame's timestep, `[F]` (diffusion forcing only).
            given: leading frames that are clean and never updated.
            static: all frames equal.
        """
        self.scheduler.set_timesteps(self.steps)
        noises = [torch.Generator().manual_seed(seed + 1000 * n) for n in range(batch)]
        x = torch.cat([torch.randn(1, 4, FRAMES, SIDE, SIDE, generator=g) for g in noises])
        x = x[:, :, :1].repeat(1, 1, FRAMES, 1, 1) if static else x
        g = torch.Generator().manual_seed(seed)
        texts = {name: torch.randn(1, 6, 16, generator=g).expand(batch, -1, -1) for name in sorted(branches)}
        for number, t in enumerate(self.scheduler.timesteps):
            found: dict[str, Tensor] = {}
            for name in branches:
                found[name] = self._velocity(
                    name if named else None, number, x, t, texts[name], levels, given
                )
            velocity = found["cond"]
            if len(branches) > 1:
                velocity = found["uncond"] + 3 * (velocity - found["uncond"])
            x[:, :, given:] = self.scheduler.step(
                velocity[:, :, given:], t, x[:, :, given:], return_dict=False
            )[0]
        self.transformer._reset_stateful_cache()
        return x

    def _velocity(
        self, name: Any, number: int, x: Tensor, t: Tensor, text: Tensor, levels: Any, given: int
    ) -> Tensor:
        times, extra = t.repeat(x.shape[0]).float(), {}
        if self.forcing:
            times = t.float() * (torch.ones(FRAMES) if levels is None else levels).repeat(x.shape[0], 1)
            times[:, :given] = 0
            extra = {"enable_diffusion_forcing": True}
        call = {"hidden_states": x, "timestep": times, "encoder_hidden_states": text, **extra}
        if name is None:
            out = self.transformer(**call).sample
        else:
            with self.transformer.cache_context(name, step_index=number):
                out = self.transformer(**call).sample
        return out  # type: ignore[no-any-return]


KINDS = {"skyreels": SkyReelsV2Transformer3DModel, "wan": WanTransformer3DModel}


def magnitude_table(folder: Path) -> str:
    """A table for MagCache that nobody measured: residuals that fall evenly."""
    path = folder / "magnitudes.json"
    curve = Curve((1.0, 0.5, 0.0), (0.0, -0.05, -0.4))
    Magnitudes("tiny", 3, 1, {"cond": curve}).save(path)
    return str(path)
