"""One video from path to selection: sample, embed (or load), score, select."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.errors import DataError, VideoError
from vidkit.frames.cache import CachedRows, EmbeddingCache, content_key, frames_key
from vidkit.frames.checks import NanPolicy, clean_candidates
from vidkit.frames.embed import Progress, embed_frames, widened
from vidkit.frames.encoders import likeness
from vidkit.frames.encoders.base import Encoder
from vidkit.frames.options import FrameOptions
from vidkit.frames.registry import METHODS, load_selector, select
from vidkit.frames.relevance.normalise import normalise
from vidkit.frames.sources import EncoderPool, Sources, choose_sources, fall_back
from vidkit.frames.tokens import Size, resized, share_tokens, sizes_within
from vidkit.frames.types import Candidates, Selection
from vidkit.frames.window import WHOLE, Window, sample_window
from vidkit.video.reader import VideoReader, open_video
from vidkit.video.sampling import Sampling
from vidkit.video.types import Frame


@dataclass
class VideoSelection:
    """Everything known after one video: what writers and records are made from."""

    path: Path
    query: str
    video: VideoReader
    sampling: Sampling
    candidates: Candidates
    selection: Selection
    relevance_name: str
    features_name: str
    rel_norm: str
    facts: dict[str, Any]
    compared: dict[str, Selection] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    content: str = ""
    from_cache: bool = False
    lost: int = 0  # candidates that could not be decoded
    sizes: list[Size] | None = None  # of the kept frames under a token budget
    window: Window = WHOLE
    shown_as: str = ""  # what people read for the path: "-" for standard input
    _frames: list[Frame] | None = None
    pad_to: int = 0  # frames that programs get, the last one repeated; 0: as many as were kept

    @property
    def name(self) -> str:
        """File name for titles."""
        return "standard input" if self.shown_as == "-" else self.path.name

    @property
    def span_s(self) -> tuple[float, float]:
        """Start and end of what was looked at."""
        return self.window.bounds(self.video.timeline.duration_s)

    def kept_frames(self) -> list[Frame]:
        """The kept frames, decoded once; those that cannot be decoded leave the selection with a warning.

        So that record, files, sheet and table are about the same frames.

        Raises:
            VideoError: not one of them can be decoded (exit code 4).
        """
        if self._frames is None:
            wanted = self.frame_numbers.tolist()
            self._frames = list(self.video.read(wanted))
            found = {frame.index for frame in self._frames}
            lost = [number for number in wanted if number not in found]
            if lost:
                self._drop(lost)
        return self._frames

    def _drop(self, lost: list[int]) -> None:
        numbers = self.frame_numbers.tolist()
        if len(lost) == len(numbers):
            raise VideoError(
                f"none of the {len(lost)} kept frames of '{self.path}' can be decoded",
                "check that the file is whole",
                4,
            )
        ranks = [numbers.index(number) for number in lost]
        self.selection = self.selection.without(ranks)
        if self.sizes is not None:
            self.sizes = [size for rank, size in enumerate(self.sizes) if rank not in ranks]
        times = ", ".join(f"{self.video.timeline.time_s[number]:.1f} s" for number in lost[:4])
        more = ", ..." if len(lost) > 4 else ""
        self.warnings = [
            *self.warnings,
            f"{len(lost)} of {len(numbers)} chosen frames cannot be decoded and are left out ({times}{more})",
        ]

    @property
    def frame_numbers(self) -> NDArray[np.int64]:
        """Source frame numbers of the kept frames [K]."""
        assert self.candidates.source_indices is not None
        return np.asarray(self.candidates.source_indices[self.selection.indices])

    def shown(self, frames: Sequence[Frame]) -> list[Frame]:
        """Decoded kept frames at the sizes a token budget gave them; without one as they are."""
        if self.sizes is None:
            return list(frames)
        size_of = {int(n): size for n, size in zip(self.frame_numbers, self.sizes, strict=True)}
        return [
            dataclasses.replace(frame, pixels=resized(frame.pixels, *size_of[frame.index][:2]))
            for frame in frames
        ]

    @property
    def padded_numbers(self) -> list[int]:
        """Source frame numbers as other programs get them: with the last one repeated up to `pad_to`."""
        numbers = [int(number) for number in self.frame_numbers]
        return numbers + numbers[-1:] * (self.pad_to - len(numbers))


def select_from_video(
    path: Path,
    query: str,
    options: FrameOptions,
    shelf: EncoderPool | None = None,
    cache: EmbeddingCache | None = None,
    progress: Progress | None = None,
) -> VideoSelection:
    """Select the frames of one video that answer a query.

    Raises:
        VideoError: nothing can be decoded (exit code 4).
        ConfigError: options or inputs that do not fit together.
        DataError: relevance that is not finite (exit code 3), or an unusable score or subtitle file.
    """
    seconds: dict[str, float] = {}
    clock = _Clock(seconds)
    sources = choose_sources(path, query, options, shelf or EncoderPool(options))
    clock.note("sources")
    video, sampling = _sampled(path, options)
    clock.note("scan")
    content = content_key(path)
    sources = _only_where_it_knows(sources, video, sampling, options, cache, content)
    encoders = _encoders(sources)
    embedded = _rows(video, sampling, encoders, query, options, cache, content, seconds, progress)
    clock.note("embed")
    candidates, facts, rel_norm = _candidates(video, sources, embedded, query, options)
    clock.note("score")
    result = VideoSelection(
        path, query, video, sampling, candidates, _run(options.method, candidates, options),
        sources.name, sources.features_name, rel_norm, sources.facts | facts, content=content,
    )  # fmt: skip
    result.compared = {name: _run(name, candidates, options) for name in ("uniform", *options.compare)}
    if options.tokens is not None and result.selection.indices.size:
        frame = (video.info.width, video.info.height)
        result.selection, result.sizes = share_tokens(
            result.selection, candidates, options.tokens, frame, options.vision
        )
    result.facts["query_used"] = _query_used(result.selection, candidates)
    clock.note("select")
    result.seconds = seconds
    result.window = options.window
    result.pad_to = options.k if options.pad == "repeat" else 0
    result.from_cache = embedded.from_cache
    result.lost = sampling.indices.size - len(candidates)
    result.warnings = [
        *sources.warnings,
        *_warnings(result, embedded.decode_errors),
        *result.selection.warnings,
    ]
    return result


def _sampled(path: Path, options: FrameOptions) -> tuple[VideoReader, Sampling]:
    """The opened video and the frames that may be selected; nothing is decoded."""
    video = open_video(path, options.reader, options.stream, options.threads, options.frame_rate)
    if options.tokens is not None:  # a budget that holds nothing is told before anything is decoded
        sizes_within(options.tokens, (video.info.width, video.info.height), options.vision)
    sampling = sample_window(
        video.timeline,
        options.window,
        options.fps,
        options.phase,
        options.max_candidates,
        options.sample,
        options.k if options.short_video == "densify" else 0,
    )
    return video, sampling


def plan_selection(path: Path, query: str, options: FrameOptions) -> dict[str, Any]:
    """What `select_from_video` would read and score; packet headers are scanned, models are not loaded.

    Raises:
        VideoError: the file is not a video (exit code 4).
        ConfigError: options or inputs that do not fit together.
    """
    video, sampling = _sampled(path, options)
    info = video.info
    source = (
        f"encoder:{options.encoder}"
        if options.encoder
        else choose_sources(path, query, replace(options, features="none"), EncoderPool(options)).name
    )
    frames = f"{info.duration_s:.1f} s, {info.frame_count} frames"
    return {
        "video": f"{info.width}x{info.height} {info.codec}, {frames}",
        "reader": f"{video.backend}: {video.backend_reason}",
        "window": "{:.3f} s to {:.3f} s".format(*options.window.bounds(info.duration_s)),
        "candidates": int(sampling.indices.size),
        "effective_fps": sampling.effective_fps,
        "method": options.method,
        "k": options.k,
        "relevance": source,
        "features": options.features,
        "notes": [*video.timeline.notes, *([sampling.note] if sampling.note else [])],
    }


@dataclass
class _Embedded:
    indices: NDArray[np.int64]
    rows: dict[str, NDArray[np.float16]]
    scores: dict[str, NDArray[np.float32] | None]
    decode_errors: int = 0
    from_cache: bool = False


class _Clock:
    def __init__(self, seconds: dict[str, float]) -> None:
        self._seconds, self._last = seconds, time.perf_counter()

    def note(self, name: str) -> None:
        now = time.perf_counter()
        self._seconds[name], self._last = now - self._last, now


def _only_where_it_knows(
    sources: Sources,
    video: VideoReader,
    sampling: Sampling,
    options: FrameOptions,
    cache: EmbeddingCache | None,
    content: str,
) -> Sources:
    """The sources, without the embedded network where the footage is none of the scenes that it knows."""
    if sources.name != "embedded":
        return sources
    count = min(likeness.FRAMES, sampling.indices.size)
    numbers = sampling.indices[np.linspace(0, sampling.indices.size - 1, count).astype(int)]
    times = video.timeline.time_s[numbers]
    key = (content, frames_key(numbers, times, options.stream), options.reader, likeness.IDENTITY)
    path = cache.path_of(*key) if cache is not None else None
    stored = cache.load(path) if cache is not None and path is not None else None
    if stored is None:
        seen = [frame.pixels for frame in video.read(numbers.tolist(), likeness.SHORT_SIDE)]
        if not seen:
            return sources  # nothing can be decoded: told where the candidates are read
        odds = likeness.looks_drawn(seen)[1]
        stored = CachedRows(np.zeros(1, np.int64), np.array([[odds]], np.float16), None)
        if cache is not None and path is not None:
            cache.save(path, stored)
    odds = float(stored.rows[0, 0])
    sources.facts["drawn_log_odds"] = round(odds, 2)
    if odds > likeness.THRESHOLD:
        return sources
    why = f"the footage does not look like the drawn scenes that the embedded network knows ({odds:.1f})"
    if options.relevance == "embedded":
        sources.warnings.append(f"{why}; it was asked all the same")
        return sources
    fallen = fall_back(sources, why)
    fallen.facts["drawn_log_odds"] = round(odds, 2)
    return fallen


def _encoders(sources: Sources) -> dict[str, Encoder]:
    encoders: dict[str, Encoder] = {}
    if sources.scorer is not None:
        encoders["relevance"] = sources.scorer
    if sources.features is not None and sources.features is not sources.scorer:
        encoders["features"] = sources.features
    return encoders


def _rows(
    video: VideoReader,
    sampling: Sampling,
    encoders: dict[str, Encoder],
    query: str,
    options: FrameOptions,
    cache: EmbeddingCache | None,
    content: str,
    seconds: dict[str, float],
    progress: Progress | None,
) -> _Embedded:
    paths = {}
    if cache is not None:
        frames = frames_key(sampling.indices, video.timeline.time_s[sampling.indices], options.stream)
        reader = f"{options.reader} {video.backend}"
        for name, encoder in encoders.items():
            asked = query if encoder.needs_query else ""
            paths[name] = cache.path_of(content, frames, reader, encoder.identity, asked)
        stored = {name: cache.load(file) for name, file in paths.items()}
        found = {name: entry for name, entry in stored.items() if entry is not None}
        if found and len(found) == len(encoders) and _same_frames(found, sampling):
            first = next(iter(found.values()))
            return _Embedded(
                first.indices,
                {name: entry.rows for name, entry in found.items()},
                {name: entry.scores for name, entry in found.items()},
                first.decode_errors,
                True,
            )
    if not encoders:
        return _Embedded(sampling.indices, {}, {})
    overlap = options.threads != 1
    numbers = sampling.indices.tolist()
    done = embed_frames(video, numbers, encoders, query, options.batch_size, progress, overlap)
    seconds.update({f"embed.{name}": value for name, value in done.seconds.items()})
    errors = video.decode_errors
    if cache is not None:
        for name, file in paths.items():
            cache.save(file, CachedRows(done.indices, done.rows[name], done.scores[name], errors))
    return _Embedded(done.indices, done.rows, done.scores, errors)


def _same_frames(entries: dict[str, CachedRows], sampling: Sampling) -> bool:
    """Whether all entries are of the same frames, and of no others than were asked for."""
    first = next(iter(entries.values())).indices
    same = all(np.array_equal(entry.indices, first) for entry in entries.values())
    return same and bool(np.isin(first, sampling.indices).all())


def _candidates(
    video: VideoReader, sources: Sources, embedded: _Embedded, query: str, options: FrameOptions
) -> tuple[Candidates, dict[str, Any], str]:
    times = video.timeline.time_s[embedded.indices]
    relevance, query_features, facts = None, None, {}
    if sources.direct is not None:
        relevance = sources.direct(times).relevance
    elif sources.scorer is not None:
        scored = sources.scorer.score(
            widened(embedded.rows["relevance"]), embedded.scores["relevance"], times, query
        )
        relevance, query_features, facts = scored.relevance, scored.query_features, dict(scored.facts)
    name = options.rel_norm
    if name == "auto":
        name = (
            "minmax"
            if query_features is not None and relevance is not None and relevance.min() < 0.5
            else "none"
        )
    if relevance is not None and np.isfinite(relevance).all():
        relevance = normalise(relevance, name)
    key = "relevance" if sources.features is sources.scorer else "features"
    features = widened(embedded.rows[key]) if sources.features is not None else None
    try:
        candidates = Candidates(
            times, relevance, features, embedded.indices, query_features=query_features, seed=options.seed
        )
    except DataError as error:
        raise DataError(f"{video.info.path}: {error.message}", error.hint) from error
    # repaired here once, so that what is drawn and recorded is what was selected from
    candidates, notes = clean_candidates(candidates, NanPolicy(options.nan))
    sources.warnings += notes
    return candidates, facts, name


def _query_used(selection: Selection, candidates: Candidates) -> bool:
    """Whether relevance had a part in the picks: it is there, and the rule that ran looks at it."""
    if selection.method_applied not in METHODS or selection.fallback.startswith("query-free"):
        return False
    uses = load_selector(selection.method_applied).uses
    return any(getattr(candidates, name) is not None for name in uses & {"relevance", "query_features"})


def _run(method: str, candidates: Candidates, options: FrameOptions) -> Selection:
    return select(method, candidates, options.k, nan=options.nan, **options.settings_of(method))


def _why_unused(result: VideoSelection) -> str:
    if result.candidates.relevance is None:
        return f"no relevance from '{result.relevance_name}'"
    selection = result.selection
    return selection.fallback or f"'{selection.method}' does not look at relevance"


def _warnings(result: VideoSelection, decode_errors: int) -> Sequence[str]:
    notes = [*result.video.timeline.notes]
    if result.sampling.note:
        notes.append(result.sampling.note)
    if decode_errors or result.lost:
        notes.append(f"{decode_errors} decode errors, {result.lost} candidates lost")
    if result.video.info.is_hdr:
        notes.append("HDR video shown as 8 bits without tone mapping")
    end_s = result.window.end_s
    if end_s is not None and end_s > result.video.timeline.duration_s:
        notes.append(f"end={end_s:g} s is after the end of the video")
    outside = result.facts.get("times_outside")
    if isinstance(outside, list) and outside:
        times, (start_s, last_s) = ", ".join(f"'{words}'" for words in outside), result.span_s
        notes.append(f"{times} lies outside what was looked at: {start_s:.1f} s to {last_s:.1f} s")
    repeats = result.pad_to - len(result.frame_numbers)
    if repeats > 0:
        notes.append(f"pad=repeat: programs get the last frame {repeats} more times")
    if result.query.strip() and not result.facts.get("query_used"):
        unknown = result.facts.get("unknown_words")
        words = f" (unknown: {', '.join(map(str, unknown))})" if isinstance(unknown, list) and unknown else ""
        notes.append(f"the query was not used: {_why_unused(result)}{words}")
    return notes
