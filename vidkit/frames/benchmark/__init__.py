"""What `vidkit bench select-frames` measures: selectors on planted events, and time."""

from vidkit.frames.benchmark.data_set import bench_manifest
from vidkit.frames.benchmark.drawn import repeat_video, write_long, write_textured
from vidkit.frames.benchmark.planted_events import (
    METRICS,
    bench_planted,
    bootstrap,
    planted_methods,
    score_selection,
)
from vidkit.frames.benchmark.selectors import bench_selectors
from vidkit.frames.benchmark.stages import bench_stages, time_once
from vidkit.frames.benchmark.token_budgets import bench_tokens

__all__ = [
    "METRICS",
    "bench_manifest",
    "bench_planted",
    "bench_selectors",
    "bench_stages",
    "bench_tokens",
    "bootstrap",
    "planted_methods",
    "repeat_video",
    "score_selection",
    "time_once",
    "write_long",
    "write_textured",
]
