"""Clips of the embedded model made block by block: block-causal attention, only active blocks computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from vidkit.bench.attention_quality.clips import FPS, SHIFT, TEXT_TOKENS, Clip, ClipMaker
from vidkit.generation.blocks.cached import enabled_cache
from vidkit.generation.blocks.forcing_velocity import ForcingVelocity
from vidkit.generation.forcing_options import ForcingOptions
from vidkit.generation.forcing_window import ByBlocks, WindowRun
from vidkit.generation.load import set_sampler
from vidkit.hooks.blocks import SkyReelsBlocks
from vidkit.models.block_schedule import Window

BLOCK_FRAMES, LAG = 4, 5  # latent frames a block; rows a block begins after the one before
OPTIONS = ForcingOptions(ar_step=LAG, block_size=BLOCK_FRAMES, causal_attention=True, active_only=True)


class BlockClipMaker(ClipMaker):
    """The same clips, in blocks of four latent frames that are at different noise levels.

    The loop is that of `vidkit generate causal_block_size=4 ar_step=5 causal_attention=true active_only=true`
    with a batch axis; a test holds both to the same latents.
    """

    @torch.no_grad()
    def latents(
        self, clips: Sequence[Clip], steps: int, after_step: Callable[[int], None] | None = None
    ) -> Tensor:
        """Normalised latents `[B, 8, F, 24, 24]` fp32; `after_step` hears the number of every row."""
        set_sampler(self.pipe, "unipc", SHIFT)
        transformer = self.pipe.transformer
        text = torch.cat([self._embedding(clip.caption) for clip in clips])
        x = torch.cat([self._noise(clip) for clip in clips]).to(self.device)
        given = torch.cat([self._first_latent(clip) for clip in clips])[:, :, None]
        model = SkyReelsBlocks(transformer, FPS[0], TEXT_TOKENS)
        cache = enabled_cache(transformer)
        velocity = ByBlocks(
            ForcingVelocity(model, {"cond": text}, 1.0, OPTIONS.mode, cache), transformer.dtype
        )
        window = Window(0, self.latent_frames, 0, 0)
        noise = torch.Generator("cpu")  # none is drawn: given frames stay clean
        run = WindowRun(self.pipe, velocity, window, x, given, steps, OPTIONS, noise)
        try:
            run.all_rows(0, None if after_step is None else lambda number, _: after_step(number))
        finally:
            self.pipe.forcing_step = None
            velocity.end()
        self.pipe.maybe_free_model_hooks()
        return x
