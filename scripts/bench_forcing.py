"""Seconds of SkyReels-V2 clips made block by block, from the passes that they consist of.

    python scripts/bench_forcing.py --frames 97,177 --out forcing.json
    # a quick try
    python scripts/bench_forcing.py --config maze_demo --device cpu --frames 61 --block 4 --dtype fp32

Every kind of pass is timed: the whole window (as the transformer's own forward, first with torch's attention
and nothing compiled, then as `vidkit generate` runs it), and each block against the keys that it sees, with
all of its tokens or a share of them. A clip's seconds are those of its passes, counted by
`vidkit.caching.flops`; a short clip that is really made tells how far the sum is off. Schedules of caches are
imposed, not chosen by a policy: they say what a share of FLOPs gives by the clock. Weights are random, so
nothing is said of quality. No VAE, no prompt.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from vidkit.caching import flops
from vidkit.config.compose import compose
from vidkit.generation import LoadOptions, load_pipeline
from vidkit.generation.blocks.key_values import Exchanging, KeyValues
from vidkit.generation.first_frame import FirstFrame
from vidkit.generation.forcing import ForcingOptions
from vidkit.generation.load import set_sampler
from vidkit.generation.resolve import find_model, make_request
from vidkit.generation.spec import ModelSpec, Request
from vidkit.generation.speed import SpeedRun
from vidkit.hooks.blocks import SkyReelsBlocks
from vidkit.utils.device import device_name, resolve_dtype
from vidkit.utils.timing import synchronize

SHARES = (1.0, 0.5, 0.25, 0.1, 0.05)
TEXT = 512
# imposed schedules: steps of a block that are computed whole, of 50; and the share of tokens in the others
SCHEDULES: dict[str, tuple[Callable[[int], bool], float]] = {
    "no cache": (lambda step: True, 0.0),
    "every 3rd step": (lambda step: step < 4 or step == 49 or step % 3 == 0, 0.0),
    "every 4th step": (lambda step: step < 4 or step == 49 or step % 4 == 0, 0.0),
    "every 5th step": (lambda step: step < 4 or step == 49 or step % 5 == 0, 0.0),
    "25 % of tokens, all every 10th": (lambda step: step < 4 or step == 49 or step % 10 == 0, 0.25),
    "5 % of tokens, all every 10th": (lambda step: step < 4 or step == 49 or step % 10 == 0, 0.05),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", default="skyreels_df_1_3b_540p")
    parser.add_argument("--frames", default="97,177")
    parser.add_argument("--block", type=int, default=5)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--dtype", default="bf16")
    parser.add_argument("--compile", default="blocks")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", default="forcing.json")
    args = parser.parse_args()
    frames = [int(count) for count in args.frames.split(",")]
    settings = compose("generate", args.config, ["model.weights=random", f"frames={frames[0]}", "image=null"])
    spec, _ = find_model(settings)
    request = dataclasses.replace(
        make_request(settings, FirstFrame(None, given=False)),
        ar_step=5, steps=50, guidance=6.0, causal_block_size=args.block, max_sequence_length=TEXT,
    )  # fmt: skip
    device = torch.device(args.device)
    model = load_pipeline(spec, None, LoadOptions(device, resolve_dtype(args.dtype, device)))
    bench = Bench(model.pipe, spec, request, device, args.repeats)
    found: dict[str, Any] = {"device": device_name(device), "torch": torch.__version__, "config": args.config}
    found["dense_original_ms"] = bench.whole()
    print(f"whole window, torch's attention, not compiled: {found['dense_original_ms']:.1f} ms", flush=True)
    speed = SpeedRun(
        args.compile if device.type == "cuda" else "off", "auto" if device.type == "cuda" else "native"
    )
    with speed.on(model, request):
        found["kernels"] = speed.report()
        found["dense_ms"] = bench.whole()
        print(f"whole window, {found['kernels']['dense']}: {found['dense_ms']:.1f} ms", flush=True)
        found["block_ms"] = bench.blocks()
        found["short_clip"] = bench.short_clip(found["block_ms"])
    found["clips"] = [clip_rows(spec, request, count, found) for count in frames]
    Path(args.out).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


class Bench:
    """Times passes of one pipeline."""

    def __init__(
        self, pipe: Any, spec: ModelSpec, request: Request, device: torch.device, repeats: int
    ) -> None:
        self.pipe, self.spec, self.request, self.device, self.repeats = pipe, spec, request, device, repeats
        self.dtype = pipe.transformer.dtype
        frames = spec.latent_frames(request.frames)
        factor = spec.spatial_factor
        size = (
            1,
            pipe.transformer.config.in_channels,
            frames,
            request.height // factor,
            request.width // factor,
        )
        self.latents = torch.randn(size, device=device, dtype=self.dtype)
        self.text = torch.randn(1, TEXT, pipe.transformer.config.text_dim, device=device, dtype=self.dtype)
        self.levels = torch.linspace(100, 900, frames, device=device).long()

    def timed(self, run: Callable[[], Any]) -> float:
        """Median milliseconds of a call, after one that does not count."""
        taken = []
        for number in range(self.repeats + 2):
            synchronize(self.device)
            begin = time.perf_counter()
            with torch.no_grad():
                run()
            synchronize(self.device)
            if number > 1:
                taken.append(1000 * (time.perf_counter() - begin))
        return statistics.median(taken)

    def whole(self) -> float:
        """The transformer's own forward over the window."""
        return self.timed(
            lambda: self.pipe.transformer(
                hidden_states=self.latents, timestep=self.levels.unsqueeze(0),
                encoder_hidden_states=self.text,
                enable_diffusion_forcing=True, fps=[1], return_dict=False,
            )
        )  # fmt: skip

    @torch.no_grad()
    def blocks(self) -> dict[str, dict[str, float]]:
        """Of every block, milliseconds and TFLOP/s with a share of its tokens."""
        model = SkyReelsBlocks(self.pipe.transformer, 1, TEXT)
        m = self.request.block_size
        condition = model.condition(self.text)
        count = self.latents.shape[2] // m
        entered = [
            model.enter(
                self.latents[:, :, b * m : b * m + m], self.levels[b * m : b * m + m], condition, b * m
            )
            for b in range(count)
        ]
        tokens = entered[0].hidden.shape[1]
        memory = KeyValues(tokens, count)
        found: dict[str, dict[str, float]] = {}
        for b in range(count):
            model.run_layers(entered[b], Exchanging([memory], b, 0, b + 1))
            for share in SHARES:
                n = max(1, round(share * tokens))
                rows = None if share == 1 else torch.randperm(tokens, device=self.device)[:n].sort().values

                def one(b: int = b, rows: Any = rows) -> None:
                    frames = slice(b * m, b * m + m)
                    block = model.enter(
                        self.latents[:, :, frames], self.levels[frames], condition, frames.start
                    )
                    out = model.run_layers(block, Exchanging([memory], b, 0, b + 1, rows), rows)
                    model.to_latents(block, model.head(block, entered[b].hidden if rows is not None else out))

                ms = self.timed(one)
                work = model.pass_flops(n, (b + 1) * tokens, m)
                found[f"{b}:{share:g}"] = {"ms": ms, "tflops": work / ms / 1e9}
                print(
                    f"block {b}, {share:5.0%} of tokens: {ms:8.1f} ms  {work / ms / 1e9:6.1f} TFLOP/s",
                    flush=True,
                )
        return found

    def short_clip(self, passes: dict[str, dict[str, float]]) -> dict[str, float]:
        """A clip of three steps that is really made, and what the sum of its passes says."""
        set_sampler(self.pipe, "unipc", 8.0)
        m, blocks = self.request.block_size, self.latents.shape[2] // self.request.block_size
        options = ForcingOptions(ar_step=1, block_size=m, causal_attention=True, active_only=True)
        seconds = []
        for _ in range(2):
            synchronize(self.device)
            begin = time.perf_counter()
            self.pipe.denoise(
                prompt_embeds=self.text, negative_prompt_embeds=self.text, image=None,
                height=self.request.height, width=self.request.width, num_frames=self.request.frames,
                num_inference_steps=3, guidance_scale=6.0, fps=24,
                generator=torch.Generator().manual_seed(0), options=options,
            )  # fmt: skip
            synchronize(self.device)
            seconds.append(time.perf_counter() - begin)
        summed = sum(2 * 3 * passes[f"{b}:1"]["ms"] for b in range(blocks)) / 1000
        print(f"a clip of 3 steps: {seconds[-1]:.2f} s, its passes {summed:.2f} s", flush=True)
        return {"seconds": seconds[-1], "summed": summed}


def clip_rows(spec: ModelSpec, request: Request, frames: int, found: dict[str, Any]) -> dict[str, Any]:
    """Seconds and PFLOP of a clip in every mode and schedule, and how many times fewer than the original."""
    request = dataclasses.replace(
        request, frames=frames, base_frames=min(frames, request.base_frames or frames)
    )
    passes = found["block_ms"]
    base = flops(spec, request, "dense_original")
    original = base.rows * 2 * found["dense_original_ms"] / 1000
    rows = [
        row("dense original (torch's attention, eager)", base.baselines["dense_original"], original),
        row(
            "dense original, as vidkit generate",
            base.baselines["dense_original"],
            base.rows * 2 * found["dense_ms"] / 1000,
        ),
    ]
    causal = flops(spec, request, "block_causal")
    rows.append(
        row(
            "block-causal dense",
            causal.transformer,
            2 * sum(passes[f"{p.block}:1"]["ms"] for p in causal.passes) / 1000,
        )
    )
    active = flops(spec, request, "block_causal+active")
    for name, (whole, share) in SCHEDULES.items():
        rows.append(row(f"active only, {name}", *scheduled(active, whole, share, passes)))
    plain = next(r for r in rows if r["name"] == "active only, no cache")
    print(f"\n{frames} frames, {base.rows} rows x 2 branches")
    for one in rows:
        one["flop_gain"] = rows[0]["pflop"] / one["pflop"]
        one["clock_gain"] = rows[0]["seconds"] / one["seconds"]
        one["cache_flop_gain"] = plain["pflop"] / one["pflop"]
        one["cache_clock_gain"] = plain["seconds"] / one["seconds"]
        print(
            f"  {one['name']:46} {one['pflop']:6.1f} PFLOP {one['seconds']:7.1f} s"
            f"  {one['flop_gain']:5.2f}x FLOPs {one['clock_gain']:5.2f}x clock"
            f"  (of active only {one['cache_flop_gain']:.2f}x, {one['cache_clock_gain']:.2f}x)"
        )
    return {"frames": frames, "rows": rows}


def scheduled(
    report: Any, whole: Callable[[int], bool], share: float, passes: dict[str, dict[str, float]]
) -> tuple[float, float]:
    """FLOPs and seconds of both branches where a schedule says what is computed."""
    steps: dict[tuple[int, int], int] = {}
    total = seconds = 0.0
    for one in report.passes:
        key = (one.window, one.block)
        step = steps.get(key, 0)
        steps[key] = step + one.active
        part = 1.0 if not one.active or whole(step) else share
        if part:
            total += one.flops * part
            seconds += passes[f"{one.block}:{part:g}"]["ms"] / 1000
    return 2 * total, 2 * seconds


def row(name: str, work: float, seconds: float) -> dict[str, Any]:
    return {"name": name, "pflop": work / 1e15, "seconds": seconds, "tflops": work / seconds / 1e12}


if __name__ == "__main__":
    main()
