"""Train the video autoencoder on maze clips, whole clips at a time (`vidkit.models.whole_clip`)."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLWan
from diffusers.models.autoencoders import autoencoder_kl_wan as wan
from torch import Tensor, nn

from scripts.maze_training.parallel import Average, Clock, Group, Swapped
from scripts.maze_training.strict import strict_tracker
from vidkit.mazes.levels import FRAMES, Levels, Recipe, sample_levels
from vidkit.mazes.render import render, still
from vidkit.mazes.track import judge
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


#: (share of the time, frames, crop in pixels, clips a step and GPU)
PHASES = ((0.22, 1, 96, 128), (0.60, 17, 64, 16), (1.00, FRAMES, 96, 4))


def pixel_weights(levels: Levels, clip: Tensor, now: float = 4.0) -> Tensor:
    """Weight of each pixel [B, T, H, W]: 1 + 3 where anything moves in this clip + `now` where it is now."""
    moving = ((clip - still(levels)[0][:, None]).abs().amax(-1) > 0.12).float()
    return 1 + 3 * moving.amax(1, keepdim=True) + now * moving


class Clips:
    """Training clips cut from rendered levels; levels are made many at a time and used once."""

    def __init__(self, generator: torch.Generator, pool: int = 4096) -> None:
        self.generator, self.size, self.used = generator, pool, pool

    def _levels(self, count: int) -> Levels:
        if self.used + count > self.size:
            self.levels = sample_levels(self.size, self.generator, Recipe(uniform_moves=True, extras=0.4))
            self.used = 0
        self.used += count
        return self.levels.select(torch.arange(self.used - count, self.used, device=self.generator.device))

    def batch(self, frames: int, crop: int, count: int, now: float = 4.0) -> tuple[Tensor, Tensor]:
        """Clips [B, 3, T, h, w] in [-1, 1] and weights [B, T, h, w]; single frames come eight from a clip."""
        single = frames == 1
        levels = self._levels(max(1, count // 8) if single else count)
        clip = render(levels)
        weight = pixel_weights(levels, clip, now)

        def below(limit: int, *shape: int) -> Tensor:
            return torch.randint(limit, shape or (1,), device=self.generator.device, generator=self.generator)

        if single:
            at = below(FRAMES, len(levels), 8)
            rows = torch.arange(len(levels), device=at.device)[:, None]
            clip, weight = clip[rows, at].flatten(0, 1)[:, None], weight[rows, at].flatten(0, 1)[:, None]
            first = 0
        else:
            first = int(below(FRAMES - frames + 1))
        y, x = (int(v) for v in below(96 - crop + 1, 2))
        window = (slice(None), slice(first, first + frames), slice(y, y + crop), slice(x, x + crop))
        return clip[window].permute(0, 4, 1, 2, 3) * 2 - 1, weight[window]


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


def save(vae: AutoencoderKLWan, folder: Path, mean: list[float], std: list[float]) -> None:
    vae.register_to_config(latents_mean=mean, latents_std=std)
    vae.save_pretrained(folder)


def train(
    group: Group,
    out: Path,
    seconds: float,
    seed: int,
    batch_scale: float = 1.0,
    resume: bool = False,
    refine: Path | None = None,
) -> None:
    """Train for `seconds` and leave a diffusers folder, a checkpoint and a log in `out`.

    With `refine`, a trained folder, only its decoder is trained on, with more weight on what moves; latents
    keep their meaning, so this can run beside or after the transformer's training.
    """
    out.mkdir(parents=True, exist_ok=True)
    cuda = group.device.type == "cuda"
    if cuda:
        torch.backends.cudnn.benchmark = True
        compile_norms()
    torch.manual_seed(seed)
    vae = (AutoencoderKLWan.from_pretrained(refine) if refine else build()).to(group.device)
    group.broadcast(vae)
    decoder = [*vae.decoder.parameters(), *vae.post_quant_conv.parameters()]
    parameters = decoder if refine else list(vae.parameters())
    peak, now = (6e-4, 16.0) if refine else (1.5e-3, 4.0)
    optimiser = torch.optim.AdamW(parameters, lr=peak, betas=(0.9, 0.99), weight_decay=0.0, fused=cuda)
    average = Average(vae, 0.998)
    step, spent = 0, 0.0
    checkpoint = out / "checkpoint.pt"
    if resume and checkpoint.exists():
        state = torch.load(checkpoint, map_location=group.device, weights_only=True)
        vae.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        step, spent = state["step"], state["seconds"]
    generator = torch.Generator(group.device).manual_seed(seed * 7919 + group.rank + 31 * step)
    source = Clips(generator, 4096 if cuda else 64)
    clock = Clock(group, seconds, spent)
    log = (out / "log.jsonl").open("a")
    next_check = 0.0
    while (progress := clock.tick(step)) < 1:
        _, frames, crop, count = next(p for p in PHASES if progress < p[0])
        if refine:
            frames, crop, count = PHASES[-1][1:]
        clip, weight = source.batch(frames, crop, max(1, int(count * batch_scale)), now)
        rate = min(1.0, (step + 1) / 300) * (0.5 + 0.5 * math.cos(math.pi * progress)) + 0.01
        for group_ in optimiser.param_groups:
            group_["lr"] = peak * rate
        with torch.autocast(group.device.type, torch.bfloat16, enabled=cuda):
            with torch.set_grad_enabled(refine is None):
                mean, log_variance = encode_clip(vae, clip)
            z = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
            restored = decode_clip(vae, z)
        error = (restored.float() - clip).abs()
        loss = ((error + error**2).mean(1) * weight).mean()
        kl = 0.5 * (mean.float() ** 2 + log_variance.float().exp() - 1 - log_variance.float()).mean()
        optimiser.zero_grad(set_to_none=True)
        (loss if refine else loss + 2e-5 * kl).backward()
        group.average_gradients(parameters)
        norm = nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        average.update(vae, step)
        step += 1
        if step % 50 == 0 or step == 1:
            row = dict(step=step, seconds=round(clock.elapsed(), 1), frames=frames, loss=float(loss.detach()))
            row |= dict(
                kl=float(kl.detach()),
                norm=float(norm),
                psnr=float(10 * torch.log10(4 / (error.detach() ** 2).mean())),
            )
            if group.rank == 0:
                print("vae", json.dumps(row), flush=True)
                log.write(json.dumps(row) + "\n")
                log.flush()
        if progress >= next_check + 0.1:
            next_check = progress
            if group.rank == 0:
                torch.save(
                    dict(
                        model=vae.state_dict(),
                        average=average.state_dict(),
                        optimiser=optimiser.state_dict(),
                        step=step,
                        seconds=clock.elapsed(),
                    ),
                    checkpoint,
                )
            if progress > 0.75:
                with Swapped(vae, average):
                    report = reconstruction(vae, group, 32 * group.size if cuda else group.size)
                if group.rank == 0:
                    print("vae held-out", json.dumps(report), flush=True)
                    log.write(
                        json.dumps(dict(step=step, seconds=round(clock.elapsed(), 1), held_out=report)) + "\n"
                    )
    average_state = average.state_dict()
    vae.load_state_dict(average_state, strict=False)
    if refine:
        mean_, std_ = vae.config.latents_mean, vae.config.latents_std
    else:
        mean_, std_ = measure_latents(vae, group, 256 if cuda else 1)
    report = reconstruction(vae, group, 128 if cuda else group.size)
    if group.rank == 0:
        save(vae, out / "vae", mean_, std_)
        final = dict(
            step=step, seconds=round(clock.elapsed(), 1), final=report, latents_mean=mean_, latents_std=std_
        )
        print("vae final", json.dumps(final), flush=True)
        log.write(json.dumps(final) + "\n")
