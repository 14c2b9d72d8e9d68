"""Decode once, encode for everybody who asks: pixels stop here."""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vidkit.errors import VideoError
from vidkit.frames.encoders.base import Encoder, Rows
from vidkit.video.pictures import shrink
from vidkit.video.reader import VideoReader
from vidkit.video.types import Frame

Progress = Callable[[int, int], None]  # frames done, frames in all
_BATCHES_AHEAD = 2


@dataclass
class Embedding:
    """Rows of the candidates that could be decoded.

    Args:
        indices: frame numbers [N].
        rows: by name of the encoder [N, D], float16 as they are cached.
        scores: by name, match with the query [N], for models that give it with the rows.
        seconds: busy time of decoding and of each encoder.
    """

    indices: NDArray[np.int64]
    rows: dict[str, NDArray[np.float16]]
    scores: dict[str, NDArray[np.float32] | None]
    seconds: dict[str, float] = field(default_factory=dict)


def embed_frames(
    video: VideoReader,
    indices: Sequence[int],
    encoders: Mapping[str, Encoder],
    query: str = "",
    batch_size: int = 16,
    progress: Progress | None = None,
    overlap: bool = True,
) -> Embedding:
    """Run every encoder over the candidates in one decoding pass.

    Memory holds a few batches of frames, whatever the video's length. With `overlap` a second thread decodes
    while this one encodes; without, the two take turns and keep to one core.

    Raises:
        VideoError: not one candidate could be decoded (exit code 4).
    """
    sides = [encoder.short_side for encoder in encoders.values()]
    side = None if None in sides or not sides else max(s for s in sides if s is not None)
    found: list[int] = []
    rows: dict[str, list[NDArray[np.float16]]] = {name: [] for name in encoders}
    scores: dict[str, list[NDArray[np.float32]]] = {name: [] for name in encoders}
    seconds = dict.fromkeys(("decode", *encoders), 0.0)
    batches = _ahead if overlap else _in_turn
    for batch in batches(video.read(indices, side), batch_size, seconds):
        for name, encoder in encoders.items():
            begin = time.perf_counter()
            small = [shrink(frame.pixels, encoder.short_side) for frame in batch]
            encoded = encoder.encode(small, query)
            # 16-bit rows from the start, so that a cached run selects what a fresh one does
            rows[name].append(encoded.rows.astype(np.float16))
            if encoded.scores is not None:
                scores[name].append(encoded.scores)
            seconds[name] += time.perf_counter() - begin
        found += [frame.index for frame in batch]
        if progress is not None:
            progress(len(found), len(indices))
    if not found:
        raise VideoError(
            f"no frame of '{video.info.path}' could be decoded ({video.info.codec})",
            "check that the file is whole and that this FFmpeg knows the codec",
            4,
        )
    return Embedding(
        np.array(found, dtype=np.int64),
        {name: np.concatenate(parts) for name, parts in rows.items()},
        {name: np.concatenate(parts) if parts else None for name, parts in scores.items()},
        seconds,
    )


def widened(rows: NDArray[np.float16]) -> Rows:
    """Rows as float32."""
    return rows.astype(np.float32)


def _in_turn(frames: Iterator[Frame], size: int, seconds: dict[str, float]) -> Iterator[list[Frame]]:
    """Batches of frames, decoded when they are asked for."""
    while True:
        begin = time.perf_counter()
        batch = list(itertools.islice(frames, size))
        seconds["decode"] += time.perf_counter() - begin
        if not batch:
            return
        yield batch


def _ahead(frames: Iterator[Frame], size: int, seconds: dict[str, float]) -> Iterator[list[Frame]]:
    """Batches of frames, decoded by a thread while the caller encodes."""
    ready: queue.Queue[list[Frame] | BaseException | None] = queue.Queue(_BATCHES_AHEAD)
    stopped = threading.Event()

    def put(item: list[Frame] | BaseException | None) -> None:
        while not stopped.is_set():
            try:
                return ready.put(item, timeout=0.1)
            except queue.Full:
                continue

    def decode() -> None:
        batch: list[Frame] = []
        begin = time.perf_counter()
        try:
            for frame in frames:
                batch.append(frame)
                if len(batch) == size:
                    seconds["decode"] += time.perf_counter() - begin
                    put(batch)
                    batch, begin = [], time.perf_counter()
                if stopped.is_set():
                    return
            seconds["decode"] += time.perf_counter() - begin
            if batch:
                put(batch)
            put(None)
        except BaseException as error:  # handed to the caller's thread, whatever it is
            put(error)

    worker = threading.Thread(target=decode, name="decode", daemon=True)
    worker.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        worker.join()
