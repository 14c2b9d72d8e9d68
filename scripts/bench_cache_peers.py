"""Caches of other projects beside ours, on the clips of the embedded model of `vidkit bench caching`.

    python scripts/bench_cache_peers.py --steps 50 --targets 0.2,0.4 --clips 64 --tune 4 --batch 64
    python scripts/bench_cache_peers.py --frames 13 --steps 20 --clips 2     # a CPU

Peers: FirstBlockCache, MagCache, TaylorSeer and SeaCache of diffusers; DBCache of cache-dit where it is
installed (a virtual environment of its own: `pip install --no-deps cache-dit` beside the packages of this
one). Beside them in the same run: fewer steps, a fixed interval and `change` with its defaults. Clips, noise
and metrics are those of `vidkit bench caching`. FLOPs of peers are those of the layers that really run.
Thresholds are found on other clips, by bisection for the share; a peer that cannot go so low runs at its
floor, and its share says so. A peer that hooks nothing is refused, for it would look like a perfect cache:
TaylorSeer's default patterns match no layer of Wan's kind, so it gets patterns that do.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vidkit.bench.attention_quality.clips import Clip, ClipMaker
from vidkit.bench.attention_quality.metrics import ssim
from vidkit.bench.caching.clips import clip_psnr, draw_set, free_area, solved
from vidkit.bench.caching.running import Runner, batches
from vidkit.bench.record import environment
from vidkit.caching import policy
from vidkit.caching.magnitudes import Magnitudes
from vidkit.caching.targeting import for_target
from vidkit.caching.velocity_table import SHIPPED
from vidkit.commands.bench.caching import load
from vidkit.config.bench_caching_schema import BenchCachingSettings, ClipSet
from vidkit.utils.device import device_name
from vidkit.utils.statistics import mean_interval, paired_mean_interval
from vidkit.utils.timing import synchronize

CLOSE, TRIES = 0.01, 20
Install = Callable[[Any, int, float, float], Callable[[], None]]
"""Puts a peer on the transformer: (transformer, N, knob, target); gives what takes it off."""


class Counter:
    """FLOPs of the linear layers and self-attentions of the blocks that really run."""

    def __init__(self, transformer: Any) -> None:
        self.flops = 0.0
        self._hooks = [
            part.register_forward_hook(self._linear)
            for part in transformer.blocks.modules()
            if isinstance(part, nn.Linear)
        ]
        self._hooks += [b.attn1.to_q.register_forward_hook(self._attention) for b in transformer.blocks]

    def _linear(self, part: nn.Linear, args: tuple[Any, ...], out: Tensor) -> None:
        self.flops += 2.0 * out.numel() * part.in_features

    def _attention(self, part: nn.Linear, args: tuple[Any, ...], out: Tensor) -> None:
        self.flops += 4.0 * out.numel() * out.shape[1]

    def remove(self) -> None:
        """Take the hooks off."""
        for hook in self._hooks:
            hook.remove()


def registered(transformer: Any) -> None:
    """Tell diffusers what a block of SkyReels-V2 takes and gives, which it does not know by itself."""
    from diffusers.hooks._helpers import TransformerBlockMetadata, TransformerBlockRegistry

    kind = type(transformer.blocks[0])
    try:
        TransformerBlockRegistry.get(kind)
    except ValueError:
        TransformerBlockRegistry.register(
            kind,
            TransformerBlockMetadata(return_hidden_states_index=0, return_encoder_hidden_states_index=None),
        )


def of_diffusers(make: Callable[[Any, int, float, float], Any]) -> Install:
    """A peer that is a config of `transformer.enable_cache`."""

    def install(transformer: Any, steps: int, knob: float, target: float) -> Callable[[], None]:
        registered(transformer)
        before = hooks_of(transformer)
        transformer.enable_cache(make(transformer, steps, knob, target))
        assert hooks_of(transformer) > before, "the peer hooked nothing"
        return lambda: transformer.disable_cache()

    return install


def hooks_of(transformer: Any) -> int:
    """Hooks of diffusers on all parts of a transformer."""
    registries = (getattr(part, "_diffusers_hook", None) for part in transformer.modules())
    return sum(len(one.hooks) for one in registries if one is not None)


def first_block(transformer: Any, steps: int, knob: float, target: float) -> Any:
    from diffusers import FirstBlockCacheConfig

    return FirstBlockCacheConfig(threshold=knob)


def mag(transformer: Any, steps: int, knob: float, target: float) -> Any:
    from diffusers.hooks import MagCacheConfig

    # its ratios are of one N; the table that ships is a curve along the noise level, read at this N's steps
    curve = next(iter(Magnitudes.load(SHIPPED).curves.values()))
    sizes = [curve.at(level) for level in LEVELS]
    return MagCacheConfig(
        threshold=knob,
        max_skip_steps=steps,
        retention_ratio=0.1,
        num_inference_steps=steps,
        mag_ratios=[1.0] + [math.exp(b - a) for a, b in pairwise(sizes)],
    )


def taylor(transformer: Any, steps: int, knob: float, target: float) -> Any:
    from diffusers import TaylorSeerCacheConfig

    return TaylorSeerCacheConfig(
        cache_interval=int(knob),
        disable_cache_before_step=3,
        max_order=1,
        taylor_factors_dtype=torch.float32,
        cache_identifiers=[r"blocks\.\d+\.attn1", r"blocks\.\d+\.attn2", r"blocks\.\d+\.ffn"],
    )


def sea(transformer: Any, steps: int, knob: float, target: float) -> Any:
    from diffusers.hooks import SeaCacheConfig

    def latents(module: Any, args: Any, kwargs: dict[str, Any]) -> list[Tensor]:
        return list(kwargs["hidden_states"].unbind(0))

    most = max(2, round(1.5 / target))
    return SeaCacheConfig(threshold=knob, max_consecutive_cached=most, raw_vision_callback=latents)


def db_cache(transformer: Any, steps: int, knob: float, target: float) -> Callable[[], None]:
    """DBCache of cache-dit with its first block looked at, as its authors do for few layers."""
    import cache_dit

    adapter = cache_dit.BlockAdapter(
        transformer=transformer,
        blocks=transformer.blocks,
        forward_pattern=cache_dit.ForwardPattern.Pattern_2,
        check_forward_pattern=False,
        check_num_outputs=False,
    )
    config = cache_dit.DBCacheConfig(
        Fn_compute_blocks=1,
        Bn_compute_blocks=0,
        max_warmup_steps=max(2, round(0.1 * steps)),
        residual_diff_threshold=knob,
        enable_separate_cfg=False,
        num_inference_steps=steps,
    )
    cache_dit.enable_cache(adapter, cache_config=config)
    return lambda: cache_dit.disable_cache(adapter)


PEERS: dict[str, Install] = {
    "FirstBlockCache (diffusers)": of_diffusers(first_block),
    "MagCache (diffusers)": of_diffusers(mag),
    "TaylorSeer (diffusers)": of_diffusers(taylor),
    "SeaCache (diffusers)": of_diffusers(sea),
    "DBCache (cache-dit)": db_cache,
}
SETS = tuple(ClipSet)
OURS = ("fewer_steps", "interval", "change")
LEVELS: list[float] = []  # noise levels of the loop
Make = Callable[[Sequence[Clip]], tuple[Tensor, float, float]]  # latents, seconds a clip, share of the FLOPs


class Bench:
    """One N and its clips."""

    def __init__(self, args: argparse.Namespace) -> None:
        settings = BenchCachingSettings(device=args.device, frames=args.frames, model_path=args.model_path)
        model, _ = load(settings)
        self.args, self.frames_of = args, args.frames
        self.maker = ClipMaker(model, settings.latent_frames)
        self.runner = Runner(self.maker)
        self.clips = {k: draw_set(k, settings.size, args.clips, 0, "measure") for k in SETS}
        self.tune = {k: draw_set(k, settings.size, args.tune, 0, "tune") for k in SETS}
        scheduler = self.maker.pipe.scheduler
        one = next(iter(self.tune.values()))[:1]
        self.maker.latents(one, args.steps)  # warms up, and sets the sampler
        LEVELS[:] = [float(x) for x in scheduler.sigmas[:-1]]
        self.whole = self._counted(one, lambda: None)[2]
        self.references: dict[str, Tensor] = {}

    def _counted(self, clips: Sequence[Clip], remove: Callable[[], None]) -> tuple[Tensor, float, float]:
        counter = Counter(self.maker.pipe.transformer)
        synchronize(self.maker.device)
        start = time.perf_counter()
        try:
            latents = self.maker.latents(clips, self.args.steps)
            synchronize(self.maker.device)
        finally:
            remove()
            counter.remove()
        return latents, (time.perf_counter() - start) / len(clips), counter.flops / len(clips)

    def peer(
        self, name: str, clips: Sequence[Clip], knob: float, target: float
    ) -> tuple[Tensor, float, float]:
        """Latents, seconds a clip and executed share of one batch."""
        remove = PEERS[name](self.maker.pipe.transformer, self.args.steps, knob, target)
        latents, seconds, flops = self._counted(clips, remove)
        return latents, seconds, flops / self.whole

    def reference(self, clips: Sequence[Clip]) -> Tensor:
        """Frames of the uncached clips."""
        if clips[0].key not in self.references:
            frames = self.runner.frames(self.maker.latents(clips, self.args.steps))
            self.references |= {clip.key: one.cpu() for clip, one in zip(clips, frames, strict=True)}
        return torch.stack([self.references[clip.key] for clip in clips]).to(self.maker.device)

    def knob(self, name: str, target: float) -> float:
        """Of a peer, for a share of the FLOPs."""
        tune = [clip for clips in self.tune.values() for clip in clips][: self.args.batch]

        def share(knob: float) -> float:
            return self.peer(name, tune, knob, target)[2]

        if name.startswith("TaylorSeer"):
            fits = (every for every in range(1, self.args.steps) if share(every) <= target + CLOSE)
            return float(next(fits))
        low, high = 1e-6, 1e3
        for _ in range(TRIES):
            middle = math.sqrt(low * high)
            found = share(middle)
            if target - CLOSE <= found <= target + CLOSE:
                return middle
            low, high = (middle, high) if found > target else (low, middle)
        return high  # from below

    def rows(self, name: str, made: Make) -> Iterator[dict[str, Any]]:
        """Every clip of every set."""
        for kind, clips in self.clips.items():
            for batch in batches(clips, self.args.batch):
                latents, seconds, share = made(batch)
                frames, reference = self.runner.frames(latents), self.reference(batch)
                dB, alike = clip_psnr(frames, reference).tolist(), ssim(frames, reference).tolist()
                area = free_area(batch, frames).tolist() if kind is ClipSet.extras else [None] * len(batch)
                won: list[bool | None] = [None] * len(batch)
                if self.frames_of == 61:
                    won = [*solved(batch, frames)]
                for n, clip in enumerate(batch):
                    yield {
                        "set": kind.value, "method": name, "clip": clip.key,
                        "share": share, "seconds": seconds, "psnr": dB[n],
                        "ssim": alike[n], "area": area[n], "success": won[n],
                    }  # fmt: skip

    def ours(self, name: str, target: float) -> Make:
        """A policy of vidkit for a target, or fewer steps."""
        steps = self.args.steps
        if name == "fewer_steps":
            made = policy("fewer_steps", share=math.floor(target * steps + 1e-9) / steps)
        elif name == "change":
            made = policy("change", full=target)
        else:
            made = for_target(partial(policy, "interval"), {"warmup": 1}, target, steps, lambda _: 1.0).policy

        def run(clips: Sequence[Clip]) -> tuple[Tensor, float, float]:
            found = self.runner.run(clips, steps, made)
            return found.latents, found.seconds / len(clips), found.share

        return run


@contextmanager
def sigma_told(transformer: Any) -> Iterator[None]:
    """The loop tells diffusers' caches its noise level, without which SeaCache runs uncached."""
    plain = transformer.cache_context

    def told(name: str, **kwargs: Any) -> Any:
        return plain(name, **{"sigma": LEVELS[kwargs["step_index"]] if LEVELS else None, **kwargs})

    transformer.cache_context = told
    try:
        yield
    finally:
        del transformer.cache_context


def summary(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Means with intervals, and paired differences to fewer steps."""
    found = []
    groups: dict[tuple[str, float, str], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["set"], row["target"], row["method"]), []).append(row)
    for (kind, target, method), mine in groups.items():
        psnr = mean_interval([row["psnr"] for row in mine])
        base = {row["clip"]: row["psnr"] for row in groups.get((kind, target, "fewer_steps"), [])}
        both = [(row["psnr"], base[row["clip"]]) for row in mine if row["clip"] in base]
        over = paired_mean_interval(*zip(*both, strict=True)) if both else None
        areas = [row["area"] for row in mine if row["area"] is not None]
        found.append(
            {
                "set": kind, "target": target, "method": method, "clips": len(mine),
                "share": sum(row["share"] for row in mine) / len(mine),
                "seconds": sum(row["seconds"] for row in mine) / len(mine),
                "psnr": psnr.rounded(3), "over_fewer_steps": over.rounded(3) if over else None,
                "ssim": sum(row["ssim"] for row in mine) / len(mine),
                "area": sum(areas) / len(areas) if areas else None,
            }
        )  # fmt: skip
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--targets", default="0.4")
    parser.add_argument("--clips", type=int, default=4)
    parser.add_argument("--tune", type=int, default=1)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--frames", type=int, default=61)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--model-path", default=None)
    peers = {name.split(" ")[0]: name for name in PEERS}
    here = [short for short in peers if short != "DBCache" or find_spec("cache_dit") is not None]
    parser.add_argument("--peers", default=",".join(here), help="by default those that are installed")
    parser.add_argument("--beside", default=",".join(OURS), help="rows of vidkit in the same run")
    parser.add_argument("--out", default="caching_peers.json")
    args = parser.parse_args()
    if unknown := set(args.beside.split(",")) - set(OURS):
        parser.error(f"unknown rows: {', '.join(sorted(unknown))}; known: {', '.join(OURS)}")
    if unknown := set(args.peers.split(",")) - set(peers):
        parser.error(f"unknown peers: {', '.join(sorted(unknown))}; known: {', '.join(peers)}")
    names = [peers[short] for short in args.peers.split(",")]
    if args.device.startswith("cuda") or (args.device == "auto" and torch.cuda.is_available()):
        torch.set_float32_matmul_precision("high")
    bench = Bench(args)
    rows: list[dict[str, Any]] = []
    knobs: list[dict[str, Any]] = []
    missing: dict[str, str] = {}
    with sigma_told(bench.maker.pipe.transformer):
        for target in map(float, args.targets.split(",")):
            for name in (*args.beside.split(","), *names):
                try:
                    rows += [{**row, "target": target} for row in measured(bench, name, target, knobs)]
                except Exception as error:  # a peer is code of others: the rest is measured without it
                    if name not in PEERS:
                        raise
                    traceback.print_exc()
                    missing[f"{name} at {target:g}"] = f"{type(error).__name__}: {error}"
                for one in summary(rows):
                    if (one["method"], one["target"]) == (name, target):
                        mean = one["psnr"]["mean"]
                        print(f"{one['set']} {name} {target:g}: share {one['share']:.3f}, {mean:.2f} dB")
                write(args, bench, rows, knobs, missing)
    return int(bool(missing))


def measured(bench: Bench, name: str, target: float, knobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of one method at one share; a peer's knob is noted."""
    if name not in PEERS:
        return list(bench.rows(name, bench.ours(name, target)))
    knob = bench.knob(name, target)
    knobs.append({"method": name, "target": target, "knob": knob})
    return list(bench.rows(name, lambda clips: bench.peer(name, clips, knob, target)))


def name_of(device: torch.device) -> str | None:
    """Of the device, for the record; None: the processor."""
    return None if device.type == "cpu" else device_name(device)


def write(args: Any, bench: Bench, rows: list[Any], knobs: list[Any], missing: dict[str, str]) -> None:
    """The record, after every row."""
    packages = ("torch", "diffusers", "cache-dit")
    record = {
        "made_by": f"python scripts/bench_cache_peers.py --steps {args.steps} --targets {args.targets}"
        f" --clips {args.clips} --tune {args.tune} --batch {args.batch} --frames {args.frames}"
        + (f" --beside {args.beside}" if args.beside != ",".join(OURS) else ""),
        "environment": environment(packages, 0, name_of(bench.maker.device), "float32"),
        "rows": summary(rows),
        "knobs": knobs,
        "not_run": missing,
        "clips": rows,
    }
    Path(args.out).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
