"""What a selector's frames are worth for answers: an oracle that needs the evidence, and models that look.

Videos are drawn, so that it is known which moments a question needs (`vidkit.synthetic.zoom_videos`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vidkit.bench.frames.planted_events import planted_methods
from vidkit.bench.frames.question_log import Key, QuestionLog
from vidkit.frames.options import FrameOptions
from vidkit.frames.pipeline import select_from_video
from vidkit.frames.registry import select
from vidkit.synthetic.zoom_videos import EVIDENCE, FPS, VideoQuestion, ZoomVideo, write_zoom_video
from vidkit.utils.statistics import mean_interval, paired_mean_interval
from vidkit.video.reader import open_video

READERS = ("oracle", "small", "agent")
BASELINE = "uniform"


@dataclass(frozen=True, slots=True)
class Said:
    """What a model says of one picture: a shape, and how sure it is (probability)."""

    shape: str
    sure: float


Reader = Callable[[Sequence[np.ndarray], VideoQuestion], list[Said]]
"""Looks at pictures [H, W, 3] one by one and answers the question about each."""


def bench_questions(
    folder: Path,
    videos: int,
    methods: Sequence[str] | None,
    budgets: Sequence[int],
    seed: int,
    duration_s: int,
    resamples: int,
    readers: dict[str, Reader],
    sure: float = 0.9,
    log: QuestionLog | None = None,
) -> Iterator[dict[str, Any]]:
    """Accuracy of every selector by evidence and budget.

    Args:
        folder: where the videos are written.
        videos: how many; each has a question of every kind of evidence.
        methods: names; None: all that run without a two-tower encoder. `uniform` is always among them.
        budgets: frames kept.
        seed: of videos and intervals.
        duration_s: length of a video.
        resamples: of the bootstrap over videos.
        readers: models by name.
        sure: from which a reader believes that a picture shows the object.
        log: keeps what was right in every video; videos that it holds are not asked again.

    Yields:
        After every video one row per method, budget and evidence: right answers of the oracle and of every
        reader, each with its interval and its paired difference to uniform sampling.
    """
    chosen = list(dict.fromkeys([BASELINE, *planted_methods(methods)]))
    folder.mkdir(parents=True, exist_ok=True)
    right: dict[Key, list[float]] = {}
    for number in range(videos):
        found = None if log is None else log.found(seed + number)
        if found is None:
            video = write_zoom_video(folder / f"questions{seed + number}.mp4", seed + number, duration_s)
            found, scenes = {}, _Scenes(video)
            for question in video.questions:
                found |= _ask(scenes, question, chosen, budgets, readers, sure)
            if log is not None:
                log.keep(seed + number, found)
        for key, value in found.items():
            right.setdefault(key, []).append(value)
        yield {
            "videos": number + 1,
            "duration_s": duration_s,
            "seed": seed,
            "readers": ["oracle", *readers],
            "relevance": "lexicon (colour share)",
            "note": f"video {number + 1} of {videos}",
            "rows": [
                _row(method, k, evidence, right, ["oracle", *readers], seed, resamples)
                for evidence in EVIDENCE
                for k in budgets
                for method in chosen
            ],
        }


class _Scenes:
    """Pictures of a video's scenes, each decoded once for all questions; a scene's frames are alike."""

    def __init__(self, video: ZoomVideo) -> None:
        self.video = video
        self._pictures: dict[int, np.ndarray] = {}

    def pictures(self, first: dict[int, float]) -> list[np.ndarray]:
        """One picture [H, W, 3] a scene, in time; `first` has a second of each."""
        missing = sorted(first.keys() - self._pictures.keys())
        if missing:
            numbers = [round(first[shot] * FPS) for shot in missing]  # later scenes have later frames
            frames = open_video(self.video.path, "pyav").read(numbers)
            self._pictures |= zip(missing, (frame.pixels for frame in frames), strict=True)
        return [self._pictures[shot] for shot in sorted(first)]


def _ask(
    scenes: _Scenes,
    question: VideoQuestion,
    methods: Sequence[str],
    budgets: Sequence[int],
    readers: dict[str, Reader],
    sure: float,
) -> dict[Key, float]:
    """Who is right on which frames: 1 or 0."""
    right: dict[Key, float] = {}
    video = scenes.video
    options = FrameOptions(method="uniform", k=1, relevance="lexicon", reader="pyav")
    candidates = select_from_video(video.path, f"{question.colour} object", options).candidates
    times = {
        (method, k): candidates.times[select(method, candidates, k).indices]
        for method in methods
        for k in budgets
    }
    looks = _looks(scenes, question, times.values(), readers)
    for (method, k), chosen in times.items():
        shown = {video.shot_at(float(second)) for second in chosen}
        needed = {video.shot_at(moment.start) for moment in question.moments}
        scores = {"oracle": needed <= shown}
        for name in readers:
            said = [looks[name][shot] for shot in sorted(shown)]
            scores[name] = answered(said, question, sure) == question.answer
        for name, is_right in scores.items():
            right[method, k, question.evidence, name] = float(is_right)
    return right


def answered(said: Sequence[Said], question: VideoQuestion, sure: float) -> tuple[str, ...]:
    """The answer from what was said of the scenes, in time.

    Where one moment is asked for the surest picture counts; otherwise as many of those that are sure as the
    question has moments, the surest ones, in their order.
    """
    count = len(question.moments)
    by_sureness = sorted(range(len(said)), key=lambda place: -said[place].sure)
    kept = by_sureness[:1] if count == 1 else [one for one in by_sureness if said[one].sure >= sure][:count]
    return tuple(said[place].shape for place in sorted(kept))


def _looks(
    scenes: _Scenes, question: VideoQuestion, times: Any, readers: dict[str, Reader]
) -> dict[str, dict[int, Said]]:
    """What every reader says of every scene that any selector kept."""
    first: dict[int, float] = {}
    for chosen in times:
        for second in chosen:
            first.setdefault(scenes.video.shot_at(float(second)), float(second))
    if not readers:
        return {}
    pictures, shots = scenes.pictures(first), sorted(first)
    return {name: dict(zip(shots, read(pictures, question), strict=True)) for name, read in readers.items()}


def _row(
    method: str,
    k: int,
    evidence: str,
    right: dict[Key, list[float]],
    names: Sequence[str],
    seed: int,
    resamples: int,
) -> dict[str, Any]:
    row: dict[str, Any] = {"method": method, "k": k, "evidence": evidence}
    for name in names:
        own, base = right[method, k, evidence, name], right[BASELINE, k, evidence, name]
        row[name] = mean_interval(own, resamples, seed).rounded(4)
        row[f"{name}_gain"] = paired_mean_interval(own, base, resamples, seed).rounded(4)
    return row
