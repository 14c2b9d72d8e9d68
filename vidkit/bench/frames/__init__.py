"""What `vidkit bench select-frames` measures: selectors on planted events, and time."""

from vidkit.bench.frames.data_set import bench_manifest
from vidkit.bench.frames.planted_events import (
    METRICS,
    bench_planted,
    planted_methods,
    score_selection,
)
from vidkit.bench.frames.selectors import bench_selectors
from vidkit.bench.frames.stages import bench_stages, time_once
from vidkit.bench.frames.token_budgets import bench_tokens
from vidkit.bench.frames.video_questions import bench_questions
from vidkit.synthetic.long_videos import repeat_video, write_long, write_textured

__all__ = [
    "METRICS",
    "bench_manifest",
    "bench_planted",
    "bench_questions",
    "bench_selectors",
    "bench_stages",
    "bench_tokens",
    "planted_methods",
    "repeat_video",
    "score_selection",
    "time_once",
    "write_long",
    "write_textured",
]
