"""FLOPs of a clip made block by block, before it is made: three baselines side by side, the VAE apart.

A speed-up means nothing without the baseline that it is a share of. For SkyReels-V2 there are three:

    dense original        all blocks of the window in every row, attention in both directions
    block-causal dense    all blocks in every row, each sees itself and earlier ones
    block-causal active   only blocks that a row changes

With 1.3B parameters at 540P, 177 frames in two windows, these are 165.4, 113.6 and 79.7 PFLOP: 2.1x come
without any cache. Per pass the formula of `vidkit.models.transformer_cost`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from vidkit.caching.flop_report import FlopReport, Pass
from vidkit.caching.magi_flops import MagiClipSchedule, check_positive, is_magi, magi_flops
from vidkit.errors import ConfigError
from vidkit.models.block_runs import BASELINES, BlockAttention, BlockRun, ForcingMode, block_runs
from vidkit.models.block_schedule import WindowSchedule, clip_schedule
from vidkit.models.transformer_cost import ForwardFlops, TransformerShape
from vidkit.models.vae_cost import VAE_DEFAULTS, vae_cost


class Schedule(Protocol):
    """What decides the passes; a `vidkit.generation.Request` is one, `ClipSchedule` another."""

    @property
    def frames(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def steps(self) -> int: ...
    @property
    def guidance(self) -> float: ...
    @property
    def base_frames(self) -> int | None: ...
    @property
    def overlap_frames(self) -> int | None: ...
    @property
    def ar_step(self) -> int: ...
    @property
    def causal_block_size(self) -> int | None: ...
    @property
    def has_image(self) -> bool: ...
    @property
    def max_sequence_length(self) -> int: ...


@dataclass(frozen=True)
class ClipSchedule:
    """Size and schedule of a clip; the defaults are those of SkyReels-V2 540P.

    Attributes:
        frames: pixel frames, 4k + 1.
        height: pixels.
        width: pixels.
        steps: N, sampler steps of every block.
        guidance: above 1: two branches.
        base_frames: window, pixel frames; None: the whole clip.
        overlap_frames: shared by neighbouring windows, pixel frames.
        ar_step: rows a block lags behind the one before; 0: all move together.
        causal_block_size: latent frames a block; None: a window is one block.
        has_image: a first frame is given.
        max_sequence_length: text tokens that the prompt is padded to.
    """

    frames: int = 97
    height: int = 544
    width: int = 960
    steps: int = 50
    guidance: float = 6.0
    base_frames: int | None = 97
    overlap_frames: int | None = 17
    ar_step: int = 5
    causal_block_size: int | None = 5
    has_image: bool = False
    max_sequence_length: int = 512

    def __post_init__(self) -> None:
        check_positive(self, ("frames", "height", "width", "steps"))


def flops(
    model_config: Any,
    schedule: Schedule | MagiClipSchedule,
    mode: ForcingMode | str | None = None,
) -> FlopReport:
    """FLOPs of a clip under a schedule, executed in a mode, beside the three baselines.

    Args:
        model_config: a `ModelSpec`, or whatever has `transformer` and `vae`; or a mapping of both; or the
            transformer's constructor arguments alone, with Wan's VAE. Names are diffusers'.
        schedule: a `Request` or a `ClipSchedule`; a `MagiClipSchedule` for MAGI-1, whose report is of one
            guidance branch and has the baselines `all_chunks` and `published_ranges`.
        mode: a `ForcingMode` or its name, such as `block_causal+active`; None: as published, which is
            the dense original, and active chunks of MAGI-1.

    Raises:
        ConfigError: arguments that are no transformer's, windows that blocks do not fill, an unknown mode.
    """
    transformer, vae = _parts(model_config)
    if not hasattr(schedule, "frames"):
        raise ConfigError(
            f"a schedule cannot be {type(schedule).__name__}", "pass a ClipSchedule or a MagiClipSchedule"
        )
    if is_magi(transformer):
        return magi_flops(transformer, vae, schedule, ForcingMode.of(mode or "block_causal_active"))
    if isinstance(schedule, MagiClipSchedule):
        raise ConfigError("the model is not MAGI-1, and the schedule is", "pass a ClipSchedule")
    mode = ForcingMode.of(mode or "dense_original")
    shape, vae = _shape(transformer), {**VAE_DEFAULTS, **vae}
    branches = 2 if schedule.guidance > 1 else 1
    tokens, windows = _windows(shape, vae, schedule)
    counted = {
        each: tuple(_passes(shape, schedule, windows, tokens, each)) for each in {mode, *BASELINES.values()}
    }
    totals = {each: branches * sum(one.flops for one in passes) for each, passes in counted.items()}
    frames = _latent(vae, schedule.frames)
    cost = vae_cost(vae, frames, schedule.height, schedule.width, int(schedule.has_image))
    return FlopReport(
        mode=mode,
        transformer=totals[mode],
        vae=cost.encode_flops + cost.decode_flops,
        baselines={name: totals[each] for name, each in BASELINES.items()},
        rows=sum(len(window.rows) for window in windows),
        branches=branches,
        passes=counted[mode],
    )


def _passes(
    shape: TransformerShape,
    schedule: Schedule,
    windows: list[WindowSchedule],
    tokens: int,
    mode: ForcingMode,
) -> Iterator[Pass]:
    """Every pass of a mode; what is seen as a whole passes as a whole, its prompt embedded once."""
    text = schedule.max_sequence_length
    for number, window in enumerate(windows):
        size = window.block_frames * tokens
        for row, runs in enumerate(block_runs(window.rows, mode)):
            if mode.attention is BlockAttention.bidirectional:
                n, keys = size * len(runs), size * window.blocks
                times = window.block_frames * len(runs)
                cost = shape.pass_flops(n, keys, text, times)
                yield from (_pass(number, row, run, size, keys, cost, len(runs)) for run in runs)
                continue
            for run in runs:
                keys = run.seen * size
                cost = shape.pass_flops(size, keys, text, window.block_frames)
                yield _pass(number, row, run, size, keys, cost)


def _pass(
    window: int, row: int, run: BlockRun, queries: int, keys: int, cost: ForwardFlops, share: int = 1
) -> Pass:
    """A pass that costs a share of what passes together."""
    attention = cost.self_attention + cost.cross_attention
    return Pass(window, row, run.block, queries, keys, run.active, cost.total / share, attention / share)


def _windows(
    shape: TransformerShape, vae: Mapping[str, Any], schedule: Schedule
) -> tuple[int, list[WindowSchedule]]:
    """Tokens of a latent frame, and the windows."""
    factor = 2 ** (len(vae["dim_mult"]) - 1) * (vae["patch_size"] or 1)
    _, rows, columns = shape.patch
    tokens = (schedule.height // (factor * rows)) * (schedule.width // (factor * columns))
    base = schedule.base_frames
    several = base is not None and schedule.frames > base
    windows = clip_schedule(
        _latent(vae, schedule.frames),
        schedule.steps,
        base=_latent(vae, base) if several and base else None,
        overlap=_latent(vae, schedule.overlap_frames) if several and schedule.overlap_frames else None,
        ar_step=schedule.ar_step,
        block_frames=schedule.causal_block_size,
        given=int(schedule.has_image),
    )
    return tokens, windows


def _latent(vae: Mapping[str, Any], frames: int) -> int:
    return int((frames - 1) // 2 ** sum(map(bool, vae["temperal_downsample"])) + 1)


def _parts(model_config: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Constructor arguments of transformer and VAE."""
    if not isinstance(model_config, Mapping) and not hasattr(model_config, "transformer"):
        raise ConfigError(
            f"a model's configuration cannot be {type(model_config).__name__}",
            "pass a ModelSpec, or the constructor arguments of a transformer",
        )
    found = model_config if isinstance(model_config, Mapping) else vars(model_config)
    transformer = found.get("transformer", found)
    return transformer, found.get("vae") or {}


def _shape(transformer: Mapping[str, Any]) -> TransformerShape:
    if "num_key_value_heads" in transformer:
        raise ConfigError(
            "these are the arguments of a MAGI-1 transformer, which has other layers and its own chunks",
            "vidkit.generation.cost.estimate_cost counts its clips",
        )
    try:
        return TransformerShape.of(transformer)
    except KeyError as error:
        raise ConfigError(
            f"the model's configuration lacks {error}",
            "pass a ModelSpec, or the constructor arguments of a SkyReels-V2 or Wan transformer",
        ) from error
