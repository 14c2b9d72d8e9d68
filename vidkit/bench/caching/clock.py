"""What a partial forward gains by the clock, beside its gain in FLOPs, at real shapes with random weights."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from vidkit.caching import FULL, SKIP, TOKENS, BlockContext, CachePolicy, Decision, ReusedValue, enable
from vidkit.config.bench_caching_schema import ClockShape
from vidkit.utils.timing import synchronize

TEXT_TOKENS = 512
REPEATS = 3
# transformer's arguments, latent frames, height and width in latent pixels
SHAPES: dict[ClockShape, tuple[dict[str, Any], tuple[int, int, int]]] = {
    ClockShape.skyreels_1_3b_540p: (
        {"num_attention_heads": 12, "attention_head_dim": 128, "ffn_dim": 8960, "num_layers": 30},
        (25, 68, 120),
    ),
    ClockShape.tiny: (
        {"num_attention_heads": 2, "attention_head_dim": 24, "ffn_dim": 64, "num_layers": 2},
        (4, 8, 8),
    ),
}


@dataclass(frozen=True)
class ClockRow:
    """One kind of forward.

    Attributes:
        shape: name.
        kind: `plain` without a cache, `full`, `tokens` or `skip`.
        share: of the tokens that is computed.
        ms: median of the repeats, accelerator drained.
        flops_share: of a plain forward's FLOPs.
        clock_gain: plain milliseconds over its own.
        flops_gain: plain FLOPs over its own.
        state_bytes: kept from step to step.
    """

    shape: str
    kind: str
    share: float
    ms: float
    flops_share: float
    clock_gain: float
    flops_gain: float
    state_bytes: float

    @property
    def efficiency(self) -> float:
        """Share of the FLOP gain that the clock shows."""
        return self.clock_gain / self.flops_gain


class _Fixed(CachePolicy):
    """FULL twice, then a share of tokens at random places, the same for all repeats."""

    name, partial, reuse = "fixed", True, ReusedValue.VELOCITY

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self._index: Tensor | None = None

    def decide(self, ctx: BlockContext, signals: Mapping[str, Tensor]) -> Decision:
        if ctx.step < 2 or self.share >= 1:
            return FULL
        if self.share <= 0:
            return SKIP
        if self._index is None:
            device = signals["embedded"].device
            order = torch.randperm(ctx.grid.tokens, device=device)
            self._index = order[: max(1, round(self.share * ctx.grid.tokens))].sort().values
        return TOKENS(self._index)


def clock_rows(
    shape: ClockShape, shares: list[float], device: torch.device, dtype: torch.dtype
) -> Iterator[ClockRow]:
    """Plain forward, full forward that keeps keys and values, partial ones, and a skipped one."""
    model, call = _model(shape, device, dtype)
    plain, _, _ = _timed(model, call, None)
    yield ClockRow(shape.value, "plain", 1.0, plain, 1.0, 1.0, 1.0, 0.0)
    for share in (1.0, *shares, 0.0):
        ms, flops, held = _timed(model, call, _Fixed(share))
        kind = {1.0: "full", 0.0: "skip"}.get(share, "tokens")
        yield ClockRow(shape.value, kind, share, ms, flops, plain / ms, 1 / flops, held)


def loop_gain(rows: list[ClockRow], share: float, steps: int, full: int) -> dict[str, float]:
    """A loop of N steps of which some are full and the others compute a share, put together of measured ones.

    Args:
        rows: of one shape.
        share: of the tokens in the other steps.
        steps: N.
        full: steps that compute everything.
    """
    by_kind = {(row.kind, row.share): row for row in rows}
    plain, whole, some = by_kind["plain", 1.0], by_kind["full", 1.0], by_kind["tokens", share]
    ms = full * whole.ms + (steps - full) * some.ms
    flops = full * whole.flops_share + (steps - full) * some.flops_share
    clock, ideal = steps * plain.ms / ms, steps / flops
    return {"share": share, "clock_gain": clock, "flops_gain": ideal, "efficiency": clock / ideal}


@torch.no_grad()
def _timed(model: Any, call: Any, policy: CachePolicy | None) -> tuple[float, float, float]:
    """Median milliseconds, executed share of the FLOPs, bytes of state."""
    if policy is None:
        for step in range(2):
            call(model, step)
        return statistics.median(_ms(model, call, 2 + n) for n in range(REPEATS)), 1.0, 0.0
    with enable(model, policy) as handle:
        for step in range(3):  # two full ones, and the first of its kind
            call(model, step)
        ms = statistics.median(_ms(model, call, 3 + n) for n in range(REPEATS))
        last = handle.rows()[-1]
        share = last.executed_flops / (last.executed_flops + last.skipped_flops)
        return ms, share, handle.ledger.most_bytes


def _ms(model: Any, call: Any, step: int) -> float:
    device = next(model.parameters()).device
    synchronize(device)
    start = time.perf_counter()
    call(model, step)
    synchronize(device)
    return 1e3 * (time.perf_counter() - start)


def _model(shape: ClockShape, device: torch.device, dtype: torch.dtype) -> tuple[Any, Any]:
    """A transformer with random weights, and what calls it for a step."""
    from diffusers import SkyReelsV2Transformer3DModel

    given, (frames, height, width) = SHAPES[shape]
    torch.manual_seed(0)
    with torch.device(device):
        model = SkyReelsV2Transformer3DModel(
            patch_size=(1, 2, 2), in_channels=16, out_channels=16, text_dim=4096, freq_dim=256, **given
        )
    model = model.to(dtype).eval().requires_grad_(False)
    latents = torch.randn(1, 16, frames, height, width, device=device, dtype=dtype)
    text = torch.randn(1, TEXT_TOKENS, 4096, device=device, dtype=dtype)

    def call(model: Any, step: int) -> None:
        times = torch.full((1, frames), 900.0 - 10 * step, device=device)
        with model.cache_context("cond", step_index=step):
            model(
                hidden_states=latents,
                timestep=times,
                encoder_hidden_states=text,
                enable_diffusion_forcing=True,
                return_dict=False,
            )

    return model, call
