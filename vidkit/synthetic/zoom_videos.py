"""Long videos of drawn scenes with questions whose evidence lies in one, two or several moments.

Every few seconds another scene is on screen. Three colours are kept out of all scenes but a few planted
moments: in each of these one object has the colour, and its shape is what is asked for.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vidkit.video.mp4_stream import mp4_stream

EVIDENCE = {"one": 1, "two": 2, "several": 4}
"""Moments that a question's answer needs."""
_TARGETS = ("red", "yellow", "purple")
FPS = 1
_MOMENT_S = 3
_LEAST_PX = 26.0  # side of a planted object: small enough to need a zoom, large enough for a codec


@dataclass(frozen=True, slots=True)
class Moment:
    """A planted scene: seconds from and to, colour and shape of its object."""

    start: float
    end: float
    colour: str
    shape: str


@dataclass(frozen=True, slots=True)
class VideoQuestion:
    """What is asked about a video.

    Attributes:
        evidence: one of `EVIDENCE`.
        colour: of the object.
        moments: that show it, in time.
        options: shapes that are offered for one moment's object.
    """

    evidence: str
    colour: str
    moments: tuple[Moment, ...]
    options: tuple[str, ...]

    @property
    def question(self) -> str:
        """What is asked of one picture."""
        return f"What shape is the {self.colour} object?"

    @property
    def answer(self) -> tuple[str, ...]:
        """Shapes in the order in which they appear."""
        return tuple(moment.shape for moment in self.moments)


@dataclass(frozen=True, slots=True)
class ZoomVideo:
    """A video with its questions, and the spans in which one scene is on screen."""

    path: Path
    questions: tuple[VideoQuestion, ...]
    shots: tuple[tuple[float, float], ...]

    def shot_at(self, second: float) -> int:
        """Place of the scene on screen."""
        return next((n for n, (a, b) in enumerate(self.shots) if a <= second < b), len(self.shots) - 1)


def write_zoom_video(path: Path, seed: int, duration_s: int = 240) -> ZoomVideo:
    """Write one video at 1 fps, 512 x 512.

    Args:
        path: target, .mp4.
        seed: decides everything.
        duration_s: whole seconds, at least 90.

    Raises:
        ValueError: a shorter video.
    """
    if duration_s < 90:
        raise ValueError(f"duration_s must be >= 90, got {duration_s}")
    draw = random.Random(seed)
    shots, planted = _schedule(draw, duration_s)
    moments: dict[str, list[Moment]] = {colour: [] for colour in _TARGETS}
    with mp4_stream(path) as stream:
        for place, (start, end) in enumerate(shots):
            colour = planted.get(place)
            picture, shape = _scene(
                seed * 1000 + place, colour, {one.shape for one in moments.get(colour or "", [])}
            )
            if colour is not None:
                moments[colour].append(Moment(start, end, colour, shape))
            for frame in range(round((end - start) * FPS)):
                stream.add(picture, start + frame / FPS)
    questions = []
    for evidence, colour in zip(EVIDENCE, _TARGETS, strict=True):
        found = tuple(moments[colour])
        questions.append(VideoQuestion(evidence, colour, found, _options(draw, found)))
    return ZoomVideo(path, tuple(questions), tuple(shots))


def _schedule(draw: random.Random, duration_s: int) -> tuple[list[tuple[float, float]], dict[int, str]]:
    """Spans of scenes, and which of them show which colour; planted ones are short and never neighbours."""
    wanted = [colour for count, colour in zip(EVIDENCE.values(), _TARGETS, strict=True) for _ in range(count)]
    draw.shuffle(wanted)
    gap = duration_s / (len(wanted) + 1)
    starts = [round(gap * (n + 0.5) + draw.uniform(0, 0.7) * gap) for n in range(len(wanted))]
    shots: list[tuple[float, float]] = []
    planted: dict[int, str] = {}
    now = 0
    for start, colour in zip([*starts, duration_s], [*wanted, ""], strict=True):
        while now < start:
            end = min(start, now + draw.randint(5, 12))
            end = start if start - end < 3 else end
            shots.append((float(now), float(end)))
            now = end
        if colour:
            planted[len(shots)] = colour
            shots.append((float(now), float(min(duration_s, now + _MOMENT_S))))
            now = min(duration_s, now + _MOMENT_S)
    return shots, planted


def _scene(seed: int, colour: str | None, used: set[str]) -> tuple[NDArray[np.uint8], str]:
    """A picture [SIDE, SIDE, 3] without the kept colours, or with one object of one of them.

    Returns:
        The picture and the shape of its planted object, which is none of `used`; empty without one.
    """
    from vidkit.synthetic.zoom_scenes.drawing import draw_pictures
    from vidkit.synthetic.zoom_scenes.questions import KINDS, draw_questions
    from vidkit.synthetic.zoom_scenes.words import COLOURS, SHAPES

    only_shape = [float(kind == "shape") for kind in KINDS]
    for attempt in range(1000):
        drawn = draw_questions(seed * 1009 + attempt, 1, shares=only_shape)
        first = int(drawn.first[0])
        shape = SHAPES[int(drawn.scenes.shape[0, first])]
        if colour is None or (shape not in used and float(drawn.scenes.size[0, first]) >= _LEAST_PX):
            break
    free = [place for place, name in enumerate(COLOURS) if name not in _TARGETS]
    colours = drawn.scenes.colour[0]
    for place in range(len(colours)):
        if COLOURS[int(colours[place])] in _TARGETS:
            colours[place] = free[(seed + place) % len(free)]
    if colour is not None:
        colours[first] = COLOURS.index(colour)
    picture: NDArray[np.uint8] = (draw_pictures(drawn)[0] * 255).round().byte().numpy()
    return picture, shape if colour is not None else ""


def _options(draw: random.Random, moments: tuple[Moment, ...]) -> tuple[str, ...]:
    """Four shapes, those of the moments among them."""
    from vidkit.synthetic.zoom_scenes.words import SHAPES

    shapes = list(dict.fromkeys(moment.shape for moment in moments))
    rest = [shape for shape in SHAPES if shape not in shapes]
    found = shapes + draw.sample(rest, 4 - len(shapes))
    draw.shuffle(found)
    return tuple(found)
