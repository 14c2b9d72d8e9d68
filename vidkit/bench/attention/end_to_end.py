"""Denoising loops of whole transformers, random weights at real shapes: dense, sparse, HASTE."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import WanTransformer3DModel
from torch import Tensor

from vidkit.attention.apply import AttentionHandle, enable
from vidkit.attention.calibration.drift_threshold import TraceReuse, choose_delta
from vidkit.attention.executors.gpu import fa4_forward, fa4_installed
from vidkit.attention.policy import AttentionPolicy
from vidkit.attention.predictors import make_predictor
from vidkit.attention.reuse import make_reuse
from vidkit.bench.attention.breakdown import breakdown
from vidkit.bench.attention.report import Row, speed_words
from vidkit.bench.timing import synchronize
from vidkit.errors import ConfigError
from vidkit.hooks.families.wan import project, rotate

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Loop:
    """A denoising loop to time.

    Attributes:
        name: as printed.
        model: constructor arguments of `WanTransformer3DModel`.
        latents: frames, height, width of the latents.
        text: text tokens.
        steps: denoising steps that are timed (two branches each).
        of_layers: layers of the published model when fewer are run, to save time; every layer costs the same.
    """

    name: str
    model: dict[str, Any]
    latents: tuple[int, int, int]
    text: int = 512
    steps: int = 6
    of_layers: int | None = None

    @property
    def label(self) -> str:
        """What must be said of the figures."""
        layers = f", {self.model['num_layers']} of {self.of_layers} layers" if self.of_layers else ""
        return f"random weights{layers}"


WAN_1_3B = {"num_attention_heads": 12, "num_layers": 30, "ffn_dim": 8960, "attention_head_dim": 128}
WAN_14B = {"num_attention_heads": 40, "num_layers": 10, "ffn_dim": 13824, "attention_head_dim": 128}
TINY = {"num_attention_heads": 4, "num_layers": 4, "ffn_dim": 256, "attention_head_dim": 64, "text_dim": 64}
LOOPS = {
    loop.name: loop
    for loop in (
        Loop("wan-1.3b-480p", WAN_1_3B, (21, 60, 104)),
        Loop("wan-1.3b-720p", WAN_1_3B, (21, 90, 160)),
        Loop("wan-14b-480p", WAN_14B, (21, 60, 104), of_layers=40),
        Loop("wan-14b-720p", WAN_14B, (21, 90, 160), of_layers=40),
        Loop("tiny", TINY, (8, 24, 24), text=8, steps=4),
    )
}


class FA4Processor:
    """Dense self-attention through FlashAttention-4: the fastest honest baseline on Hopper."""

    _attention_backend = None
    _parallel_config = None

    def __call__(
        self, attn: Any, hidden_states: Tensor, encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None, rotary_emb: tuple[Tensor, Tensor] | None = None, **kwargs: Any,
    ) -> Tensor:  # fmt: skip
        """See diffusers' WanAttnProcessor."""
        q, k, v = project(attn, hidden_states)
        if rotary_emb is not None:
            q, k = rotate(q, *rotary_emb), rotate(k, *rotary_emb)
        out = _fa4(q, k, v)
        result: Tensor = attn.to_out[1](attn.to_out[0](out.flatten(2, 3).type_as(q)))
        return result


@torch.compiler.disable  # type: ignore[untyped-decorator]
def _fa4(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return fa4_forward(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)).transpose(1, 2)


class NoAttention:
    """Self-attention left out: values pass through. What remains is everything else."""

    _attention_backend = None
    _parallel_config = None

    def __call__(self, attn: Any, hidden_states: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """Output projection of the values."""
        result: Tensor = attn.to_out[0](attn.to_v(hidden_states))
        return result


def build(loop: Loop, device: torch.device, dtype: torch.dtype, seed: int = 0) -> Any:
    """A transformer with random weights."""
    torch.manual_seed(seed)
    defaults = {
        "patch_size": (1, 2, 2), "in_channels": 16, "out_channels": 16, "text_dim": 4096, "freq_dim": 256,
        "cross_attn_norm": True, "qk_norm": "rms_norm_across_heads",
    }  # fmt: skip
    with torch.device(device):
        model = WanTransformer3DModel(**{**defaults, **loop.model}).to(dtype)
    return model.eval().requires_grad_(False)


@torch.no_grad()
def run_loop(
    model: Any, loop: Loop, device: torch.device, dtype: torch.dtype, steps: int | None = None
) -> float:
    """Seconds of a loop with two guidance branches; a plain Euler step on fixed noise."""
    frames, height, width = loop.latents
    generator = torch.Generator(device).manual_seed(1)
    x = torch.randn(1, 16, frames, height, width, device=device, dtype=torch.float32, generator=generator)
    text = torch.randn(
        2, loop.text, model.config.text_dim, device=device, dtype=torch.float32, generator=generator
    )
    text, n = text.to(dtype), steps or loop.steps
    synchronize(device)
    start = time.perf_counter()
    for step in range(n):
        # 50-step spacing, so that drift between timed steps is that of a real run
        t = torch.tensor([1000.0 - 20.0 * step], device=device)
        velocities = []
        for branch, name in enumerate(("cond", "uncond")):
            with model.cache_context(name):
                velocities.append(
                    model(x.to(dtype), t, text[branch : branch + 1], return_dict=False)[0].float()
                )
        cond, uncond = velocities
        x = x - 0.02 * (uncond + 5.0 * (cond - uncond))
    synchronize(device)
    seconds = time.perf_counter() - start
    model._reset_stateful_cache()
    return seconds


def loop_rows(
    loop: Loop, device: torch.device, dtype: torch.dtype, density: float = 0.25, reuse: float = 0.7
) -> Iterator[Row]:
    """Dense baselines and sparse policies on one model: milliseconds a forward, speed-ups in the notes.

    Every configuration's GPU time is then split into parts (`breakdown` rows, GPU only).
    """
    model = build(loop, device, dtype)
    compiled = device.type == "cuda"
    baselines: dict[str, float] = {}
    spent: dict[str, dict[str, float]] = {}

    def timed(name: str, handle: AttentionHandle | None = None) -> Row:
        # dense forwards are all alike; sparse ones differ between refresh and reuse, so whole loops count
        steps = loop.steps if handle is not None else 1
        with handle or nullcontext():
            # compiles, autotunes, and loads kernels
            run_loop(model, loop, device, dtype, 2 if handle is not None else 1)
            times = []
            for _ in range(3):
                if handle is not None:
                    handle.reset()
                times.append(run_loop(model, loop, device, dtype, steps) / (2 * steps) * 1e3)
            report = handle.report() if handle is not None else {}
            parts = breakdown(lambda: run_loop(model, loop, device, dtype, steps), 2 * steps, device)
        ms, note = sorted(times)[1], loop.label
        spent[name] = parts
        if handle is None:
            baselines[name] = ms
        else:
            gains = ", ".join(f"{speed_words(base / ms)} as {n}" for n, base in baselines.items())
            used = "/".join(report["executors_used"])
            reached = f"density {report['sparse_density']:.3f}, reuse {report['reuse_ratio']:.2f}"
            note = f"{loop.label}; {reached}, {used}; {gains}"
        density = report.get("sparse_density")
        return Row("loop", loop.name, name, density, ms, min(times), max(times), None, note)

    yield from _dense_baselines(model, timed, device)
    if compiled:
        yield from _compiled_baselines(model, timed)
    yield from _sparse_loops(model, loop, device, dtype, density, reuse, timed)
    for provider, parts in spent.items():
        for part, ms in parts.items():
            yield Row(
                "breakdown", loop.name, f"{provider}: {part}", None, ms, ms, ms, None, "GPU time a forward"
            )


def _sparse_loops(
    model: Any, loop: Loop, device: torch.device, dtype: torch.dtype, density: float, reuse: float, timed: Any
) -> Iterator[Row]:
    """XAttention alone, with temporal mask reuse, and SVG2 with it, all at about `density`."""
    block = 128 if loop.model["attention_head_dim"] == 128 else 64
    predictor = make_predictor("xattention", block_q=block, block_k=block, stride=16)
    tau = tau_for_density(model, loop, predictor, density, device, dtype)
    yield timed(f"xattention tau {tau:.3f}", enable(model, AttentionPolicy(predictor, tau=tau)))
    trace = TraceReuse()
    with enable(model, AttentionPolicy(predictor, trace, tau=tau)):
        run_loop(model, loop, device, dtype)
    try:
        delta, _ = choose_delta(trace, reuse)
    except ConfigError as error:
        log.warning("HASTE row left out: %s", error.message)
        return
    policy = AttentionPolicy(predictor, make_reuse("tmr", delta=delta), tau=tau)
    yield timed(f"haste delta {delta:.2f}", enable(model, policy))
    clusters = (300, 1000) if block == 128 else (16, 48)
    svg2 = make_predictor("svg2", query_clusters=clusters[0], key_clusters=clusters[1], min_kc_ratio=0.0,
                          first_iterations=10, block_q=block, block_k=block)  # fmt: skip
    svg2_tau = tau_for_density(model, loop, svg2, density, device, dtype)
    policy = AttentionPolicy(svg2, make_reuse("tmr", delta=delta), tau=svg2_tau)
    yield timed(f"svg2 + tmr tau {svg2_tau:.3f}", enable(model, policy))


def _dense_baselines(model: Any, timed: Any, device: torch.device) -> Iterator[Row]:
    if device.type != "cuda":
        yield timed("dense")
        return
    for name, backend in (("dense flash", "_native_flash"), ("dense cudnn", "_native_cudnn")):
        model.set_attention_backend(backend)
        yield timed(name)


def _compiled_baselines(model: Any, timed: Any) -> Iterator[Row]:
    for block in model.blocks:
        block.compile()
    yield timed("dense cudnn, blocks compiled")
    original = [block.attn1.processor for block in model.blocks]
    if fa4_installed():
        _set(model, [FA4Processor() for _ in original])
        yield timed("dense fa4, blocks compiled")
    _set(model, [NoAttention() for _ in original])
    yield timed("everything but self-attention, compiled")
    _set(model, original)


def _set(model: Any, processors: list[Any]) -> None:
    for block, processor in zip(model.blocks, processors, strict=True):
        block.attn1.set_processor(processor)


def tau_for_density(
    model: Any, loop: Loop, predictor: Any, density: float, device: torch.device, dtype: torch.dtype
) -> float:
    """Threshold whose masks have about this density on the model's own Q and K (bisection)."""
    low, high = 0.0, 1.0
    for _ in range(7):
        tau = (low + high) / 2
        with enable(model, AttentionPolicy(predictor, tau=tau)) as handle:
            run_loop(model, loop, device, dtype, 1)
            found = handle.report()["sparse_density"]
        low, high = (tau, high) if found < density else (low, tau)
    return low or high
