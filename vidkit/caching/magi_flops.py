"""FLOPs of a MAGI-1 clip, chunk by chunk, for one guidance branch.

How far a chunk sees back decides most of them. At 720x720, 64 steps and 4.5B parameters, 240 frames take 283
PFLOP if every chunk sees all earlier ones, and 184 with the published ranges (5, 4, 3 and 2 chunks from noise
to clean); 168 frames take 123. So a speed-up against the first is in part that of the ranges.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vidkit.caching.flop_report import FlopReport, Pass
from vidkit.errors import ConfigError
from vidkit.models.block_runs import BlockAttention, ForcingMode
from vidkit.models.magi.cost import TRANSFORMER_DEFAULTS, MagiShape, magi_vae_cost
from vidkit.models.magi.cost import VAE_DEFAULTS as MAGI_VAE_DEFAULTS
from vidkit.models.magi.schedule import chunk_rows, reach

PUBLISHED_RANGES = (5, 4, 3, 2)
NULL_TEXT = 50  # tokens of the null caption, with which finished chunks pass


@dataclass(frozen=True)
class MagiClipSchedule:
    """Size and schedule of a MAGI-1 clip.

    Attributes:
        frames: pixel frames, whole chunks of 24.
        height: pixels.
        width: pixels.
        steps: N, of every chunk.
        window: chunks in flight.
        kv_range: chunks that one sees, itself included, in each equal part of its steps; (): all before.
        max_sequence_length: text tokens that count.
    """

    frames: int = 240
    height: int = 720
    width: int = 720
    steps: int = 64
    window: int = 4
    kv_range: Sequence[int] = PUBLISHED_RANGES
    max_sequence_length: int = 800

    def __post_init__(self) -> None:
        check_positive(self, ("frames", "height", "width", "steps", "window"))


def check_positive(schedule: Any, names: Sequence[str]) -> None:
    """Refuse sizes that cost nothing, or less.

    Raises:
        ConfigError: one is below 1.
    """
    for name in names:
        if getattr(schedule, name) < 1:
            raise ConfigError(
                f"{name} must be >= 1, got {getattr(schedule, name)}", "leave it out for the published one"
            )


def is_magi(transformer: Mapping[str, Any]) -> bool:
    """Whether constructor arguments are those of `MagiTransformer3DModel`."""
    return "num_key_value_heads" in transformer


def magi_flops(
    transformer: Mapping[str, Any], vae: Mapping[str, Any], schedule: Any, mode: ForcingMode
) -> FlopReport:
    """FLOPs of one guidance branch; baselines `all_chunks` and `published_ranges`.

    Args:
        transformer: constructor arguments.
        vae: likewise.
        schedule: a `MagiClipSchedule`.
        mode: block-causal and active only, as MAGI-1 always is; `+refresh` counts the passes of finished
            chunks.

    Raises:
        ConfigError: another kind of schedule or mode, or frames that are no whole chunks.
    """
    if not isinstance(schedule, MagiClipSchedule):
        raise ConfigError("MAGI-1 takes another schedule", "pass a vidkit.caching.MagiClipSchedule")
    if mode.attention is not BlockAttention.block_causal or not mode.active_only:
        raise ConfigError(f"MAGI-1 does not run in the mode '{mode.name}'", "use block_causal+active")
    transformer = {**TRANSFORMER_DEFAULTS, **transformer}
    vae = {**MAGI_VAE_DEFAULTS, **vae}
    pixel_frames = int(transformer["chunk_frames"]) * int(vae["patch_length"])
    if schedule.frames % pixel_frames:
        raise ConfigError(
            f"frames={schedule.frames} are not a whole number of chunks of {pixel_frames}",
            f"nearest valid: frames={max(1, schedule.frames // pixel_frames) * pixel_frames}",
        )
    shape = MagiShape.of(transformer)
    side = int(vae["patch_size"])
    tokens = int(transformer["chunk_frames"]) // shape.patch[0]
    tokens *= (schedule.height // (side * shape.patch[1])) * (schedule.width // (side * shape.patch[2]))
    chunks = schedule.frames // pixel_frames

    def passes(ranges: Sequence[int], refresh: bool = False) -> tuple[Pass, ...]:
        return tuple(_passes(shape, schedule, chunks, tokens, ranges, refresh))

    counted = passes(schedule.kv_range, mode.clean_refresh)
    cost = magi_vae_cost(vae, schedule.frames, schedule.height, schedule.width, 0, tiled=True)
    return FlopReport(
        mode=mode,
        transformer=sum(one.flops for one in counted),
        vae=cost.decode_flops,
        baselines={
            "all_chunks": sum(one.flops for one in passes(())),
            "published_ranges": sum(one.flops for one in passes(PUBLISHED_RANGES)),
        },
        rows=len(chunk_rows(chunks, schedule.steps, schedule.window)),
        branches=1,
        passes=counted,
    )


def _passes(
    shape: MagiShape,
    schedule: MagiClipSchedule,
    chunks: int,
    tokens: int,
    ranges: Sequence[int],
    refresh: bool,
) -> Iterator[Pass]:
    for number, row in enumerate(chunk_rows(chunks, schedule.steps, schedule.window)):
        runs = [
            (one.chunk, reach(one.step, schedule.steps, ranges) or chunks, schedule.max_sequence_length)
            for one in row.steps
        ]
        finished = [(chunk, 1, NULL_TEXT) for chunk in row.finished] if refresh else []
        for chunk, seen, text in (*finished, *runs):
            keys = tokens * min(seen, chunk + 1)
            cost = shape.pass_flops(tokens, keys, text)
            attention = cost.self_attention + cost.cross_attention
            active = (chunk, seen, text) in runs
            yield Pass(0, number, chunk, tokens, keys, active, cost.total, attention)
