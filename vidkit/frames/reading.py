"""Candidates of a video file in one call."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from vidkit.frames.cache import EmbeddingCache
from vidkit.frames.options import FrameOptions
from vidkit.frames.pipeline import select_from_video
from vidkit.frames.sources import EncoderPool
from vidkit.frames.types import Candidates


def read_candidates(
    path: str | Path,
    fps: float | None = 1.0,
    query: str = "",
    cache: str | Path | None = None,
    **options: Any,
) -> Candidates:
    """Sample a video and describe its frames.

    Args:
        path: video file or image folder.
        fps: candidates per second; None: 1, 0.5 or 0.25 by the length of the video.
        query: what relevance is about; empty: no relevance.
        cache: folder of embeddings; None: none is kept.
        options: of `FrameOptions`: relevance, features, encoder, subtitles, reader, ...

    Returns:
        Times, source frame numbers, features (the embedded ones by default) and, with a query, relevance.

    Raises:
        VideoError: nothing in it can be decoded.
        ConfigError: unknown or unfit options.
    """
    chosen = FrameOptions(method="uniform", k=1, short_video="keep", fps=fps, **options)
    kept = EmbeddingCache(Path(cache)) if cache is not None else None
    shelf = _shelf(chosen.device, chosen.dtype, chosen.pooling)
    return select_from_video(Path(path), query, chosen, shelf, kept).candidates


@functools.lru_cache(maxsize=2)
def _shelf(device: str, dtype: str, pooling: str) -> EncoderPool:
    # models stay loaded between calls: callers read many videos
    return EncoderPool(FrameOptions(device=device, dtype=dtype, pooling=pooling))
