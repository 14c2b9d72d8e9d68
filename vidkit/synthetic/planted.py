"""Videos with planted events: known times, distractors, cuts and scenes that return. Made from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from vidkit.synthetic.scenes import COLOURS, SETTINGS, Thing, draw_things, setting_picture
from vidkit.video.mp4_stream import mp4_stream

_SIDE = 96  # pixels of the drawing
_FPS = 4


@dataclass(frozen=True)
class PlantedVideo:
    """What was put where.

    Args:
        path: the video.
        query: what is asked for.
        events: spans that answer the query [s].
        shots: spans between cuts [s].
        scene_of_shot: which background each shot shows; returns repeat a number.
        heights: of the object of each event, share of the picture's height.
    """

    path: Path
    query: str
    events: tuple[tuple[float, float], ...]
    shots: tuple[tuple[float, float], ...]
    scene_of_shot: tuple[int, ...]
    heights: tuple[float, ...] = ()


def write_planted_video(
    path: Path,
    seed: int,
    duration_s: int = 240,
    events: int = 6,
    size: int = 192,
    thing_sizes: tuple[str, ...] = ("big",),
) -> PlantedVideo:
    """Write one video at 4 fps.

    Shots of 6 to 25 s show 5 settings in random order, so that scenes return. The query names a colour: its
    object is on screen for 2 to 5 s in each event. Distractors are objects of other colours, at other times,
    as often.

    Args:
        path: target, .mp4.
        seed: decides everything.
        duration_s: whole seconds.
        events: how often the query's object appears.
        size: width and height, pixels.
        thing_sizes: of the objects, event after event: big, small.
    """
    rng = np.random.default_rng(seed)
    shots, scene_of_shot = _shots(rng, duration_s)
    names = [str(name) for name in rng.choice(SETTINGS, 5, replace=False)]
    backgrounds = [setting_picture(name, rng, _SIDE) for name in names]
    colours = [
        str(c)
        for c in rng.choice(
            [c for c in COLOURS if c in ("red", "yellow", "purple", "pink", "orange")], 3, replace=False
        )
    ]
    spans = _spans(rng, duration_s, 3 * events)
    # the first `events` spans answer the query, the rest are distractors
    drawn: dict[tuple[int, int], np.ndarray] = {}
    heights: dict[int, float] = {}
    with mp4_stream(path) as stream:
        for i in range(duration_s * _FPS):
            time_s = i / _FPS
            shot = next(n for n, (a, b) in enumerate(shots) if a <= time_s < b)
            event = next((n for n, (a, b) in enumerate(spans) if a <= time_s < b), -1)
            key = scene_of_shot[shot], event
            if key not in drawn:
                drawn[key] = backgrounds[key[0]]
                if event >= 0:
                    colour = colours[0] if event < events else colours[1 + event % 2]
                    of_size = thing_sizes[event % len(thing_sizes)]
                    thing = Thing(("circle", "star", "square", "heart")[event % 4], colour, 1, of_size)
                    place = seed * 1000 + event
                    drawn[key] = draw_things([thing], np.random.default_rng(place), _SIDE, drawn[key])
                    heights[event] = _height(thing, place)
            noisy = drawn[key] + rng.normal(0, 3, drawn[key].shape)
            picture = np.clip(noisy, 0, 255).astype(np.uint8)
            stream.add(np.asarray(cv2.resize(picture, (size, size)), dtype=np.uint8), time_s)
    in_time = sorted(range(events), key=lambda event: spans[event])
    return PlantedVideo(
        path,
        f"{colours[0]} object",
        tuple(spans[event] for event in in_time),
        tuple(shots),
        tuple(scene_of_shot),
        tuple(heights[event] for event in in_time),
    )


def _height(thing: Thing, seed: int) -> float:
    """Share of the picture's height that a thing covers, drawn from this seed."""
    plain = np.zeros((_SIDE, _SIDE, 3), dtype=np.uint8)
    drawn = draw_things([thing], np.random.default_rng(seed), _SIDE, plain)
    return float(drawn.any(axis=(1, 2)).mean())


def _shots(rng: np.random.Generator, duration_s: int) -> tuple[list[tuple[float, float]], list[int]]:
    shots: list[tuple[float, float]] = []
    scenes: list[int] = []
    start = 0.0
    while start < duration_s:
        end = min(float(duration_s), start + float(rng.integers(6, 26)))
        if duration_s - end < 6:
            end = float(duration_s)
        shots.append((start, end))
        scenes.append(int(rng.choice([s for s in range(5) if not scenes or s != scenes[-1]])))
        start = end
    return shots, scenes


def _spans(rng: np.random.Generator, duration_s: int, count: int) -> list[tuple[float, float]]:
    """Spans of 2 to 5 s that do not touch, in random order."""
    slots = rng.permutation(np.arange(1, duration_s - 8, 8))[:count]
    return [(float(s) + float(rng.integers(0, 3)), float(s) + 2.0 + float(rng.integers(2, 5))) for s in slots]
