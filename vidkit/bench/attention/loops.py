"""Denoising loops to time: whole transformers with random weights at real shapes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from diffusers import WanTransformer3DModel
from torch import Tensor

from vidkit.bench.timing import synchronize
from vidkit.hooks.dense.fa4 import fa4_forward
from vidkit.hooks.families.wan import project, rotate


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

    @property
    def forward_flops(self) -> float:
        """Of one dense forward, multiply-adds counted twice."""
        width = int(self.model["num_attention_heads"] * self.model["attention_head_dim"])
        frames, height, rows = self.latents
        tokens = frames * height * rows // 4
        layer = tokens * (16 * width**2 + 4 * width * int(self.model["ffn_dim"])) + 4 * tokens**2 * width
        return 2.0 * int(self.model["num_layers"]) * layer


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
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        rotary_emb: tuple[Tensor, Tensor] | None = None,
        **kwargs: Any,
    ) -> Tensor:
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
        "patch_size": (1, 2, 2),
        "in_channels": 16,
        "out_channels": 16,
        "text_dim": 4096,
        "freq_dim": 256,
        "cross_attn_norm": True,
        "qk_norm": "rms_norm_across_heads",
    }
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


def set_processors(model: Any, processors: Sequence[Any]) -> None:
    """Put a processor on the self-attention of every block."""
    for block, processor in zip(model.blocks, processors, strict=True):
        block.attn1.set_processor(processor)


def forward_seconds(loop: Loop, device: torch.device, dtype: torch.dtype) -> float:
    """Seconds of one dense forward, told by models of one and of two layers: all layers cost the same."""
    times = []
    for layers in (1, 2):
        short = replace(loop, model={**loop.model, "num_layers": layers})
        model = build(short, device, dtype)
        run_loop(model, short, device, dtype, 1)  # loads kernels
        # the median, not the best: the run meets the same machine
        times.append(statistics.median(run_loop(model, short, device, dtype, 1) for _ in range(3)) / 2)
    one, two = times
    return one + max(0.0, two - one) * (int(loop.model["num_layers"]) - 1)
