"""Loads what an item shows and plays, off the event loop, and keeps the last few videos.

Questions of one video follow each other, so a handful of videos in memory saves most of the decoding; the
bound is on videos, whatever the number of items.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from vidkit.errors import VideoError
from vidkit.evaluation.running.budget import FrameBudget
from vidkit.evaluation.running.clip import cut_clip
from vidkit.evaluation.running.frames import FramePicker, Frames, blacken, read_frames
from vidkit.evaluation.running.subtitles import clip_spoken
from vidkit.evaluation.types import Item, PartKind, Prompt, Visuals
from vidkit.serving.messages import Audio, Clip, Image, Video
from vidkit.serving.sound import decode_mono, encode_wav
from vidkit.video.subtitles import SubtitleSegment, read_subtitles

logger = logging.getLogger(__name__)

AUDIO_RATE_HZ = 16_000
_SLACK_S = 0.5  # the last frame's length and a rounded time stamp
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Media:
    """What was loaded for one item; only what its prompt asks for.

    `source` is what the frames were taken of, where more of it may be looked at.
    """

    frames: Frames | None = None
    clip: Video | None = None
    audio: Audio | None = None
    images: tuple[Image, ...] = ()
    spoken: tuple[SubtitleSegment, ...] = ()
    source: Clip | None = None


class MediaLoader:
    """Loads media below one folder.

    Args:
        root: media folder of the task.
        budget: which frames.
        picker: the frame selector of the budget, if it names one.
        whole_clips: send clips as files instead of frames.
        black: replace every frame by black (modality `amv`).
        workers: threads that decode.
        keep: videos kept in memory.
    """

    def __init__(
        self,
        root: str | Path,
        budget: FrameBudget,
        picker: FramePicker | None = None,
        *,
        whole_clips: bool = False,
        black: bool = False,
        workers: int = 2,
        keep: int = 8,
    ) -> None:
        self._root = Path(root)
        self._budget = budget
        self._picker = picker
        self._whole_clips = whole_clips
        self._black = black
        self._pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="vidkit-media")
        self._keep = keep
        self._kept: OrderedDict[tuple[object, ...], asyncio.Future[Any]] = OrderedDict()

    def close(self) -> None:
        """Stop the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def load(self, item: Item, visuals: Visuals, prompt: Prompt) -> Media:
        """Load what the parts of the prompt need.

        Raises:
            VideoError: a file that is missing or cannot be decoded.
            DataError: subtitles that cannot be read.
        """
        kinds = {part.kind for part in prompt.parts}
        shows = kinds & {PartKind.FRAMES, PartKind.FRAMES_WITH_SUBTITLES}
        frames = clip = audio = None
        if shows and self._whole_clips and PartKind.FRAMES_WITH_SUBTITLES not in kinds:
            clip = await self._clip(item, visuals)
        elif shows:
            frames = await self._frames(item, visuals)
        if PartKind.AUDIO in kinds and clip is None:
            audio = await self._audio(item, visuals)
        images = await self._images(visuals) if PartKind.IMAGES in kinds else ()
        speaks = kinds & {PartKind.SUBTITLES, PartKind.FRAMES_WITH_SUBTITLES}
        spoken = await self._spoken(item, visuals) if speaks else ()
        source = None
        if frames is not None and not self._black:  # pictures that are kept back stay so
            path, start_s = self._video(item, visuals), visuals.start_s
            source = Clip(path, start_s, frames.duration_s, frames.times_s)
        return Media(frames, clip, audio, images, spoken, source)

    async def _frames(self, item: Item, visuals: Visuals) -> Frames:
        path = self._video(item, visuals)
        query = item.question if self._picker else ""
        key = ("frames", path, visuals.start_s, visuals.end_s, query)

        def work() -> Frames:
            frames = read_frames(path, self._budget, visuals.start_s, visuals.end_s, query, self._picker)
            return blacken(frames) if self._black else frames

        frames = await self._once(key, work)
        _warn_if_past_end(item, visuals, frames)
        return frames

    async def _clip(self, item: Item, visuals: Visuals) -> Video:
        path = self._video(item, visuals)
        key = ("clip", path, visuals.start_s, visuals.end_s)

        def work() -> Video:
            if visuals.start_s == 0 and visuals.end_s is None:
                return Video(_read(path))
            return Video(cut_clip(path, visuals.start_s, visuals.end_s))

        return await self._once(key, work)

    async def _audio(self, item: Item, visuals: Visuals) -> Audio:
        path = self._video(item, visuals)
        key = ("audio", path, visuals.start_s, visuals.end_s)

        def work() -> Audio:
            samples = decode_mono(path, AUDIO_RATE_HZ, visuals.start_s, visuals.end_s)
            return Audio(encode_wav(samples, AUDIO_RATE_HZ))

        return await self._once(key, work)

    async def _images(self, visuals: Visuals) -> tuple[Image, ...]:
        def work() -> tuple[Image, ...]:
            return tuple(
                Image.from_bytes(one) if isinstance(one, bytes) else Image.from_path(self._root / one)
                for one in visuals.images
            )

        return await self._in_thread(work)

    async def _spoken(self, item: Item, visuals: Visuals) -> tuple[SubtitleSegment, ...]:
        if visuals.subtitles is None:
            raise VideoError(f"item '{item.id}' has no subtitle file", "run without subtitles")
        path = self._root / visuals.subtitles

        def work() -> tuple[SubtitleSegment, ...]:
            video = None if visuals.video is None else self._root / visuals.video
            read = read_subtitles(path, may_be_empty=True, video=video)
            if read.problems:
                logger.warning("left out of the subtitles '%s': %s", path, read.account())
            zero_s = visuals.subtitles_start_s
            end_s = None if visuals.end_s is None else zero_s + visuals.end_s
            return tuple(clip_spoken(read.cues, zero_s + visuals.start_s, end_s))

        key = ("spoken", path, visuals.start_s, visuals.end_s, visuals.subtitles_start_s)
        return await self._once(key, work)

    def _video(self, item: Item, visuals: Visuals) -> Path:
        if visuals.video is None:
            raise VideoError(f"item '{item.id}' names no video", "check the data's columns")
        return self._root / visuals.video

    async def _once(self, key: tuple[object, ...], work: Callable[[], T]) -> T:
        """Run `work` once for everybody who asks for the same key now or soon."""
        found = self._kept.get(key)
        if found is None:
            found = asyncio.ensure_future(self._in_thread(work))
            self._kept[key] = found
            while len(self._kept) > self._keep:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        # shielded: one caller that goes away must not cancel the work of the others
        result: T = await asyncio.shield(found)
        return result

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)


def _warn_if_past_end(item: Item, visuals: Visuals, frames: Frames) -> None:
    if visuals.end_s is not None and visuals.start_s + frames.duration_s < visuals.end_s - _SLACK_S:
        logger.warning(
            "%s: the clip ends at %.2f s, before second %g that the data name",
            item.id,
            visuals.start_s + frames.duration_s,
            visuals.end_s,
        )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise VideoError(f"no video '{path}': {error.strerror}", "check the media folder") from error
