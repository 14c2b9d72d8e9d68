"""Words that can be measured in a picture: colours, brightness, motion, text-like edges, and times.

The embedded relevance of last resort. It knows the words below and nothing else: no objects, no actions, no
meaning.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from vidkit.frames.encoders.base import Encoded, Picture, Rows, Scored
from vidkit.frames.relevance.query import read_query
from vidkit.frames.relevance.words import STOP_WORDS, stem
from vidkit.frames.spacing import min_max
from vidkit.frames.types import FloatArray

VERSION = 1
KNOWS = "colour names, bright/dark, day/night, moving/still, text-like edges, times and places in the video"
BLIND = "objects, people, actions and meaning"
_HUES = {"red": (0, 8), "orange": (9, 20), "yellow": (21, 34), "green": (35, 84), "cyan": (85, 95)}
_HUES |= {"blue": (96, 128), "purple": (129, 148), "pink": (149, 172)}
_COLOURS = (*_HUES, "white", "black", "grey", "brown")
_STATS = (*_COLOURS, "brightness", "motion", "edges", "text")
_SYNONYMS = {
    "gray": "grey", "violet": "purple", "magenta": "pink", "turquoise": "cyan", "teal": "cyan",
    "bright": "+brightness", "light": "+brightness", "day": "+brightness", "daylight": "+brightness",
    "sunny": "+brightness", "dark": "-brightness", "night": "-brightness", "dim": "-brightness",
    "moving": "+motion", "motion": "+motion", "fast": "+motion", "movement": "+motion", "run": "+motion",
    "still": "-motion", "static": "-motion", "motionless": "-motion", "frozen": "-motion",
    "text": "+text", "title": "+text", "caption": "+text", "writing": "+text", "written": "+text",
    "slide": "+text", "word": "+text", "letter": "+text", "credit": "+text", "busy": "+edges",
    "crowded": "+edges", "plain": "-edges", "empty": "-edges",
}  # fmt: skip
_PLACES = {
    "start": 0.0, "beginning": 0.0, "begin": 0.0, "opening": 0.0, "intro": 0.0, "first": 0.0,
    "middle": 0.5, "halfway": 0.5, "end": 1.0, "ending": 1.0, "finish": 1.0, "last": 1.0, "final": 1.0,
    "finally": 1.0, "closing": 1.0, "outro": 1.0,
}  # fmt: skip


class LexiconEncoder:
    """Sixteen measurements a frame; a query scores by the words of it that name one."""

    identity = f"lexicon-{VERSION}"
    short_side: int | None = 128
    needs_query = False
    is_relevance = True

    def __init__(self) -> None:
        self._previous: NDArray[np.uint8] | None = None

    def encode(self, pictures: Sequence[Picture], query: str) -> Encoded:
        """Measurements [B, 16]; motion is against the candidate before, so that order matters."""
        return Encoded(np.stack([self._measure(picture) for picture in pictures]))

    def _measure(self, picture: Picture) -> NDArray[np.float32]:
        hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)
        luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        small = np.asarray(cv2.resize(luma, (32, 32), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        motion = (
            0.0 if self._previous is None else float(np.abs(small.astype(int) - self._previous).mean()) / 255
        )
        self._previous = small
        dx = np.abs(cv2.Sobel(luma, cv2.CV_32F, 1, 0))
        strong = dx > 160
        # letters are rows of many strong vertical strokes
        rows = strong.mean(axis=1)
        stats = [
            *_colour_shares(np.asarray(hsv, dtype=np.uint8)),
            float(luma.mean()) / 255,
            motion,
            float(strong.mean()),
            float(rows.max()),
        ]
        return np.array(stats, dtype=np.float32)

    def score(self, rows: Rows, scores: NDArray[np.float32] | None, times: FloatArray, query: str) -> Scored:
        """Mean of the curves of the words and times it knows; none known: no relevance.

        What the query negates counts upside down: "not red" is highest where there is least red.
        """
        read = read_query(query)
        curves: list[FloatArray] = []
        known: list[str] = []
        outside: list[str] = []
        for word, wanted in [(w, True) for w in read.wanted] + [(w, False) for w in read.negated]:
            name = word if wanted else f"not {word}"
            curve = None if name in known else _word_curve(word, rows, times)
            if curve is not None:
                curves.append(curve if wanted else 1.0 - curve)
                known.append(name)
        for span, wanted in [(s, True) for s in read.spans] + [(s, False) for s in read.negated_spans]:
            curve = span.curve(times)
            if curve is None:
                outside.append(span.words)
            else:
                curves.append(curve if wanted else 1.0 - curve)
                known.append(span.words if wanted else f"not {span.words}")
        facts: dict[str, object] = {
            "known_words": known,
            "unknown_words": left_out(query),
            "knows": KNOWS,
            "blind": BLIND,
        }
        if outside:
            facts["times_outside"] = outside
        return Scored(np.mean(curves, axis=0) if curves else None, None, facts)


def left_out(query: str) -> list[str]:
    """Words of a query that name nothing measurable; function words and times apart."""
    read = read_query(query)
    words = [word for word in (*read.wanted, *read.negated) if word not in STOP_WORDS]
    return [word for word in dict.fromkeys(words) if _meaning(word) is None]


def _meaning(word: str) -> str | None:
    """The measurement behind a word (`red`, `-brightness`), `@start` and the like for a place, or None."""
    for form in (word, stem(word)):
        if form in _PLACES:
            return f"@{form}"
        name = _SYNONYMS.get(form, form)
        if name[0] in "+-" or name in _COLOURS:
            return name
    return None


def _colour_shares(hsv: NDArray[np.uint8]) -> list[float]:
    hue, saturation, value = hsv[..., 0], hsv[..., 1], hsv[..., 2]
    coloured = (saturation > 90) & (value > 60)
    brown = coloured & (hue <= 20) & (value < 150)
    shares = []
    for low, high in _HUES.values():
        inside = (hue >= low) & (hue <= high)
        if low == 0:
            inside |= hue >= 173  # red lies on both ends of the circle
        shares.append(float((coloured & inside & ~brown).mean()))
    plain = saturation <= 40
    white, black = plain & (value > 200), value <= 45
    grey = plain & ~white & ~black
    return [*shares, float(white.mean()), float(black.mean()), float(grey.mean()), float(brown.mean())]


def _word_curve(word: str, rows: Rows, times: FloatArray) -> FloatArray | None:
    meaning = _meaning(word)
    if meaning is None:
        return None
    if meaning[0] == "@":
        span = max(float(times[-1] - times[0]), 1e-9)
        return np.asarray(1.0 - np.abs((times - times[0]) / span - _PLACES[meaning[1:]]))
    curve = rows[:, _STATS.index(meaning.lstrip("+-"))].astype(np.float64)
    scaled = min_max(curve)
    return 1.0 - scaled if meaning[0] == "-" and np.ptp(curve) > 0 else scaled
