"""The words of the drawn world, and what a scene and a thing in it are."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # RGB [H, W, 3]

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (215, 35, 35), "green": (40, 165, 60), "blue": (40, 80, 215), "yellow": (240, 215, 40),
    "orange": (240, 135, 25), "purple": (130, 50, 170), "pink": (245, 140, 185), "cyan": (50, 205, 215),
    "white": (245, 245, 245), "black": (18, 18, 18), "grey": (128, 128, 128), "brown": (120, 75, 35),
}  # fmt: skip
SHAPES = (
    "circle", "square", "triangle", "star", "cross", "ring", "diamond", "heart", "arrow", "rectangle",
    "tree", "house", "car", "person", "boat", "flower", "cloud", "moon",
)  # fmt: skip
SIZES = {"small": (0.08, 0.13), "big": (0.22, 0.34)}  # radius, share of the side
COUNTS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five"}
PLACES = {
    "left": (0.22, 0.5),
    "right": (0.78, 0.5),
    "top": (0.5, 0.22),
    "bottom": (0.5, 0.78),
    "center": (0.5, 0.5),
}
WORDS = (
    "goal", "start", "end", "news", "score", "title", "open", "closed", "stop", "exit", "sale", "live",
    "menu", "page", "hello", "welcome", "thanks", "pause", "play", "level", "winner", "draw", "home", "away",
    "alert", "weather", "sport", "music", "today", "tomorrow", "question", "answer", "lesson", "chapter",
    "intro", "credits",
)  # fmt: skip
SETTINGS = ("night sky", "day sky", "sunset", "forest", "sea", "road", "desert", "snow", "room", "field")
MOTIONS = ("moving", "still")
LIGHTS = ("dark", "light")
_PLURAL = {"cross": "crosses", "person": "people"}
# words that cannot be used together in a true caption
_CLASSES = (
    tuple(COLOURS),
    SHAPES,
    tuple(COUNTS.values())[1:],
    tuple(SIZES),
    tuple(PLACES),
    WORDS,
    LIGHTS,
    MOTIONS,
)


@dataclass(frozen=True)
class Scene:
    """A picture, sentences that are true of it, and its attributes for tests."""

    picture: Picture
    captions: tuple[str, ...]
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Thing:
    """A group of equal objects."""

    shape: str
    colour: str
    count: int = 1
    size: str = ""
    place: str = ""
    moving: bool = False

    def words(self, rng: np.random.Generator, whole: bool = False) -> str:
        """A phrase for it; parts are left out at random unless `whole`."""

        def keep() -> bool:
            return whole or bool(rng.random() < 0.6)

        parts = [COUNTS[self.count] if self.count > 1 and keep() else ("a" if self.count == 1 else "")]
        parts.append(self.size if self.size and keep() else "")
        if self.moving:
            parts.append("moving" if keep() else "")
        else:
            parts.append("still" if self.count == 1 and rng.random() < 0.15 else "")
        parts.append(self.colour if whole or rng.random() < 0.9 else "")
        parts.append(plural(self.shape, self.count))
        if self.place and keep():
            parts.append(place_phrase(self.place))
        return with_article(" ".join(part for part in parts if part))


def plural(shape: str, count: int) -> str:
    """The noun for `count` of a shape."""
    return shape if count == 1 else _PLURAL.get(shape, shape + "s")


def place_phrase(place: str) -> str:
    """`on the left`, `in the center`."""
    return "in the center" if place == "center" else f"on the {place}"


def with_article(phrase: str) -> str:
    """`a` before a vowel as `an`."""
    return "an" + phrase[1:] if phrase[:3] in ("a o", "a a", "a i", "a e") else phrase


def alter_caption(caption: str, true_of_picture: tuple[str, ...], rng: np.random.Generator) -> str | None:
    """The caption with one colour, shape, number, size, place, motion or word wrong; None if it has none.

    The new word occurs in no true caption of the picture, so that the result is false.
    """
    said = set(" ".join(true_of_picture).split())
    words = caption.split()
    places = [(i, group) for i, word in enumerate(words) for group in _CLASSES if word in group]
    if not places:
        return None
    i, group = places[int(rng.integers(len(places)))]
    others = [word for word in group if word not in said]
    if not others:
        return None
    words[i] = str(rng.choice(others))
    return " ".join(words)
