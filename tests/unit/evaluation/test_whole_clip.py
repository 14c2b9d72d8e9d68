"""One pass over a clip gives what the chunked, cached passes of diffusers give."""

from __future__ import annotations

import pytest
import torch
from diffusers import AutoencoderKLWan

from vidkit.models.whole_clip import WholeClip


def build(**changes) -> AutoencoderKLWan:
    config = dict(
        base_dim=8,
        z_dim=4,
        dim_mult=[1, 2, 4],
        num_res_blocks=1,
        temperal_downsample=[True, True],
        scale_factor_spatial=4,
        latents_mean=[0.0] * 4,
        latents_std=[1.0] * 4,
    )
    torch.manual_seed(0)
    return AutoencoderKLWan(**(config | changes)).eval()


WAN = {"dim_mult": [1, 2, 4, 4], "temperal_downsample": [False, True, True]}


@pytest.mark.parametrize("changes", [{}, WAN], ids=["maze", "wan"])
@pytest.mark.parametrize("frames", [1, 5, 13])
def test_equals_the_chunked_path(frames, changes):
    vae = build(**changes)
    clip = torch.rand(2, 3, frames, 32, 40) * 2 - 1
    with torch.no_grad():
        expected = vae.encode(clip).latent_dist
        mean, log_variance = WholeClip(vae).encode(clip)
        torch.testing.assert_close(mean, expected.mean, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(log_variance, expected.logvar, atol=1e-4, rtol=1e-4)
        decoded = WholeClip(vae).decode(mean).clamp(-1, 1)
        torch.testing.assert_close(decoded, vae.decode(mean).sample, atol=1e-4, rtol=1e-4)


def test_other_layouts_are_refused():
    patched = build(in_channels=12, out_channels=12, patch_size=2)
    assert not WholeClip.supports(patched)
    assert not WholeClip.supports(torch.nn.Identity())
    with pytest.raises(ValueError, match="without residual blocks"):
        WholeClip(patched)
