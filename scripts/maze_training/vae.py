"""The video autoencoder: how it starts, what it makes of whole clips (`vidkit.models.whole_clip`)."""

from __future__ import annotations

import math
from typing import Any

import torch
from diffusers import AutoencoderKLWan
from diffusers.models.autoencoders import autoencoder_kl_wan as wan
from torch import Tensor

from scripts.maze_training.clips import Clips
from scripts.maze_training.parallel import Group
from scripts.maze_training.strict import strict_tracker
from vidkit.mazes.embedded.levels import FRAMES, Recipe, sample_levels
from vidkit.mazes.embedded.render import render
from vidkit.mazes.embedded.track import judge
from vidkit.models.whole_clip import WholeClip, norm_silu

CONFIG: dict[str, Any] = dict(
    base_dim=16,
    decoder_base_dim=24,
    z_dim=8,
    dim_mult=[1, 2, 4],
    num_res_blocks=1,
    attn_scales=[],
    temperal_downsample=[True, True],
    scale_factor_spatial=4,
    scale_factor_temporal=4,
    latents_mean=[0.0] * 8,
    latents_std=[1.0] * 8,
)


def build() -> AutoencoderKLWan:
    """A fresh autoencoder whose temporal layers start as copies of the current frame."""
    vae = AutoencoderKLWan(**CONFIG)
    for module in vae.modules():
        if (
            isinstance(module, wan.WanCausalConv3d)
            and module.kernel_size[0] == 3
            and module.kernel_size[1] == 3
        ):
            with torch.no_grad():
                module.weight[:, :, :2] *= 0.05
                module.weight[:, :, 2] *= math.sqrt(3)
        if isinstance(module, wan.WanResample) and hasattr(module, "time_conv"):
            conv = module.time_conv
            with torch.no_grad():
                conv.weight.mul_(0.05)
                conv.bias.zero_()
                eye = torch.eye(conv.in_channels)
                conv.weight[:, :, 2, 0, 0] += eye.repeat(conv.out_channels // conv.in_channels, 1)
    return vae


activation = norm_silu


def compile_norms() -> None:
    """One compiled kernel a channel count, whatever the number of rows."""
    global activation
    torch._dynamo.config.automatic_dynamic_shapes = False
    torch._dynamo.config.cache_size_limit = 64
    compiled = torch.compile(norm_silu)

    def run(rows: Tensor, gamma: Tensor) -> Tensor:
        torch._dynamo.mark_dynamic(rows, 0)
        return compiled(rows, gamma)

    activation = run


def encode_clip(vae: AutoencoderKLWan, clip: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and log variance of latents; see `WholeClip.encode`."""
    return WholeClip(vae, activation).encode(clip)


def decode_clip(vae: AutoencoderKLWan, z: Tensor) -> Tensor:
    """Clips of latents; see `WholeClip.decode`."""
    return WholeClip(vae, activation).decode(z)


@torch.no_grad()
def reconstruction(
    vae: AutoencoderKLWan, group: Group, mazes_a_size: int, seed: int = 99
) -> dict[str, float]:
    """Success (also by the strict limits) and PSNR of held-out clips after encoding and decoding, by size."""
    result: dict[str, float] = {}
    for size in range(4, 9):
        generator = torch.Generator(group.device).manual_seed(seed * 10 + size + 1000 * group.rank)
        wanted, parts, sums = max(1, mazes_a_size // group.size), 0, torch.zeros(4)
        while parts < wanted:
            levels = sample_levels(2048, generator, Recipe(sizes=(size,), extras=0.0))
            levels = levels.select(levels.held_out().nonzero()[: min(64, wanted - parts), 0])
            clip = render(levels)
            with torch.autocast(group.device.type, torch.bfloat16, enabled=group.device.type == "cuda"):
                mean, _ = encode_clip(vae, clip.permute(0, 4, 1, 2, 3) * 2 - 1)
                out = decode_clip(vae, mean).float().clamp(-1, 1).permute(0, 2, 3, 4, 1) / 2 + 0.5
            verdict = judge(levels, out)
            with strict_tracker():
                strict = judge(levels, out).success
            psnr = -10 * torch.log10(((out - clip) ** 2).flatten(1).mean(1))
            found = (verdict.success.float(), strict.float(), psnr, torch.ones_like(psnr))
            sums += torch.stack([values.sum() for values in found]).cpu()
            parts += len(levels)
        sums = group.total(sums).cpu()
        for index, key in enumerate(("success", "strict", "psnr")):
            result[f"{key}_{size}"] = float(sums[index] / sums[3])
    for key in ("success", "strict", "psnr"):
        result[key] = sum(result[f"{key}_{n}"] for n in range(4, 9)) / 5
    return result


@torch.no_grad()
def measure_latents(vae: AutoencoderKLWan, group: Group, clips: int = 256) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each latent channel over training clips."""
    source = Clips(torch.Generator(group.device).manual_seed(5), clips)
    means = []
    for _ in range(max(1, clips // 32)):
        clip, _ = source.batch(FRAMES, 96, min(32, clips))
        with torch.autocast(group.device.type, torch.bfloat16, enabled=group.device.type == "cuda"):
            means.append(encode_clip(vae, clip)[0].float().transpose(0, 1).flatten(1))
    values = torch.cat(means, dim=1)
    return values.mean(1).tolist(), values.std(1).tolist()
