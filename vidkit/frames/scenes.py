"""Pictures drawn from a seed, with true captions: what the embedded encoder learns from and benchmarks plant.

Objects have colour, shape, size, number and place; further scenes are mazes, words on screen and plain
settings.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
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
SIZES = {"small": (0.08, 0.13), "big": (0.22, 0.34)}
COUNTS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five"}
PLACES = {
    "left": (0.22, 0.5), "right": (0.78, 0.5), "top": (0.5, 0.22), "bottom": (0.5, 0.78),
    "center": (0.5, 0.5),
}  # fmt: skip
WORDS = (
    "goal", "start", "end", "news", "score", "title", "open", "closed", "stop", "exit", "sale", "live",
    "menu",
    "page", "hello", "welcome", "thanks", "pause", "play", "level", "winner", "draw", "home", "away", "alert",
    "weather", "sport", "music", "today", "tomorrow", "question", "answer", "lesson", "chapter", "intro",
    "credits",
)  # fmt: skip
SETTINGS = ("night sky", "day sky", "sunset", "forest", "sea", "road", "desert", "snow", "room", "field")
_PLURAL = {"cross": "crosses", "person": "people"}
_PREFIXES = ("", "", "", "a picture of ", "a frame with ", "a scene with ", "there is ")


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

        noun = self.shape if self.count == 1 else _PLURAL.get(self.shape, self.shape + "s")
        parts = [COUNTS[self.count] if self.count > 1 and keep() else ("a" if self.count == 1 else "")]
        parts += [self.size if self.size and keep() else "", "moving" if self.moving and keep() else ""]
        parts += [self.colour if whole or rng.random() < 0.9 else "", noun]
        if self.place and keep():
            parts.append("in the center" if self.place == "center" else f"on the {self.place}")
        return with_article(" ".join(part for part in parts if part))


def with_article(phrase: str) -> str:
    """`a` before a vowel as `an`."""
    return "an" + phrase[1:] if phrase[:3] in ("a o", "a a", "a i", "a e") else phrase


def alter_caption(caption: str, true_of_picture: tuple[str, ...], rng: np.random.Generator) -> str | None:
    """The caption with one colour, shape, number, size, place or word made wrong; None if it has none.

    The new word occurs in no true caption of the picture, so that the result is false.
    """
    said = set(" ".join(true_of_picture).split())
    classes = (
        tuple(COLOURS),
        SHAPES,
        tuple(COUNTS.values())[1:],
        tuple(SIZES),
        tuple(PLACES),
        WORDS,
        ("dark", "light"),
    )
    words = caption.split()
    places = [(i, group) for i, word in enumerate(words) for group in classes if word in group]
    if not places:
        return None
    i, group = places[int(rng.integers(len(places)))]
    others = [word for word in group if word not in said]
    if not others:
        return None
    words[i] = str(rng.choice(others))
    return " ".join(words)


def draw_scene(rng: np.random.Generator, side: int = 96) -> Scene:
    """A random scene [side, side, 3] with its captions."""
    kind = rng.random()
    if kind < 0.62:
        return _objects_scene(rng, side)
    if kind < 0.77:
        return _text_scene(rng, side)
    if kind < 0.9:
        return _setting_scene(rng, side)
    return _maze_scene(rng, side)


def draw_things(things: list[Thing], rng: np.random.Generator, side: int, background: Picture) -> Picture:
    """Draw groups of objects over a background [side, side, 3], without overlap where there is room."""
    scale = 2  # drawn larger and averaged down: smooth edges at small sizes
    canvas = _enlarged(background, side * scale)
    taken: list[tuple[float, float, float]] = []
    for thing in things:
        for _ in range(thing.count):
            low, high = SIZES[thing.size] if thing.size else (0.1, 0.26)
            radius = rng.uniform(low, high) / (1 + 0.12 * (thing.count - 1))
            x, y = _free_place(rng, thing.place, radius, taken)
            taken.append((x, y, radius))
            centre = np.array([x, y]) * side * scale
            _draw(canvas, thing, centre, radius * side * scale, rng)
    return np.asarray(cv2.resize(canvas, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _enlarged(picture: Picture, side: int) -> Picture:
    return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def plain_background(
    rng: np.random.Generator, side: int, avoid: set[str] | None = None
) -> tuple[Picture, str]:
    """A flat, graded, striped or noisy background, and the colour it is."""
    names = [name for name in COLOURS if name not in (avoid or set())]
    name = str(rng.choice(names))
    base = np.array(COLOURS[name], dtype=np.float32) + rng.normal(0, 8, 3)
    canvas = np.tile(base, (side, side, 1)).astype(np.float32)
    kind = rng.integers(4)
    if kind == 1:
        canvas *= np.linspace(rng.uniform(0.6, 1), 1.1, side, dtype=np.float32)[:, None, None]
    elif kind == 2:
        period = int(rng.integers(6, 20))
        canvas += (((np.arange(side) // period) % 2) * rng.uniform(-25, 25))[None, :, None]
    elif kind == 3:
        coarse = rng.normal(0, 22, (side // 6 + 1, side // 6 + 1, 1)).astype(np.float32)
        canvas += cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)[..., None]
    return np.clip(canvas, 0, 255).astype(np.uint8), name


def degrade(picture: Picture, rng: np.random.Generator) -> Picture:
    """What cameras and codecs do: brightness, contrast, blur, noise, blocks."""
    out = np.asarray(picture * rng.uniform(0.8, 1.15) + rng.uniform(-12, 12), dtype=np.float32)
    if rng.random() < 0.3:
        out = np.asarray(cv2.GaussianBlur(out, (0, 0), rng.uniform(0.4, 1.2)), dtype=np.float32)
    if rng.random() < 0.5:
        out = out + np.asarray(rng.normal(0, rng.uniform(1, 9), out.shape), dtype=np.float32)
    result = np.clip(out, 0, 255).astype(np.uint8)
    if rng.random() < 0.4:
        _, data = cv2.imencode(".jpg", result, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))])
        result = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), dtype=np.uint8)
    return np.asarray(result)


def _objects_scene(rng: np.random.Generator, side: int) -> Scene:
    groups = int(rng.choice([1, 1, 1, 2, 2, 3]))
    places = list(rng.permutation(list(PLACES)))
    things: list[Thing] = []
    background, ground = plain_background(rng, side)
    for number in range(groups):
        colour = str(rng.choice([name for name in COLOURS if name != ground]))
        count = int(rng.choice([1, 1, 2, 3, 4, 5])) if groups == 1 else 1
        size = str(rng.choice(["", "small", "big"])) if groups < 3 and count < 4 else ""
        place = places[number] if (groups > 1 or rng.random() < 0.6) and count == 1 else ""
        things.append(Thing(str(rng.choice(SHAPES)), colour, count, size, place, bool(rng.random() < 0.15)))
    picture = draw_things(things, rng, side, background)
    first = things[0]
    captions = [first.words(rng), first.words(rng, whole=True)]
    if groups > 1:
        captions += [f"{things[0].words(rng)} and {things[1].words(rng)}", things[1].words(rng)]
    captions.append(f"{first.words(rng)} on a {ground} background")
    captions = [str(rng.choice(_PREFIXES)) + caption for caption in captions]
    facts = {"kind": "objects", "shape": first.shape, "colour": first.colour, "count": str(first.count)}
    facts |= {"place": first.place, "size": first.size, "groups": str(groups)}
    return Scene(degrade(picture, rng), tuple(captions), facts)


def _text_scene(rng: np.random.Generator, side: int) -> Scene:
    background, ground = plain_background(rng, side)
    word = str(rng.choice(WORDS))
    light = np.mean(COLOURS[ground]) > 128
    colour = str(rng.choice(["black", "blue", "red"] if light else ["white", "yellow", "cyan"]))
    if rng.random() < 0.5:
        background = draw_things(
            [Thing(str(rng.choice(SHAPES)), "grey" if light else "brown")], rng, side, background
        )
    scale = 3
    canvas = _enlarged(background, side * scale)
    font = int(rng.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX]))
    shown = word.upper() if rng.random() < 0.5 else word
    thick = int(rng.integers(3, 8))
    (width, height), _ = cv2.getTextSize(shown, font, 1.0, thick)
    size = min(side * scale * rng.uniform(0.6, 0.92) / width, side * scale * 0.3 / height)
    x = int((side * scale - width * size) * rng.uniform(0.1, 0.9))
    y = int(side * scale * rng.uniform(0.25, 0.9))
    cv2.putText(canvas, shown, (x, y), font, size, COLOURS[colour], thick, cv2.LINE_AA)
    picture = np.asarray(cv2.resize(canvas, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    captions = (
        f"text that says {word}", f"the word {word}", f"{colour} text",
        f"the word {word} in {colour} on {ground}",
        f"a title with the word {word}",
    )  # fmt: skip
    return Scene(degrade(picture, rng), captions, {"kind": "text", "word": word, "colour": colour})


def _setting_scene(rng: np.random.Generator, side: int) -> Scene:
    name = str(rng.choice(SETTINGS))
    picture = setting_picture(name, rng, side)
    captions = [name, f"a {name}", f"a scene of a {name}"]
    if rng.random() < 0.6:
        colour = str(rng.choice(["red", "blue", "yellow", "white", "orange", "purple"]))
        thing = Thing(str(rng.choice(["car", "house", "tree", "person", "boat"])), colour, 1, "", "bottom")
        picture = draw_things([thing], rng, side, picture)
        captions += [
            f"{thing.words(rng)} in a {name}",
            f"a {thing.colour} {thing.shape} and a {name}",
            thing.words(rng),
        ]
    return Scene(degrade(picture, rng), tuple(captions), {"kind": "setting", "setting": name})


def setting_picture(name: str, rng: np.random.Generator, side: int) -> Picture:
    """One of `SETTINGS` [side, side, 3]."""
    skies = {
        "night sky": ((5, 8, 30), (25, 30, 70)), "day sky": ((90, 160, 235), (190, 220, 250)),
        "sunset": ((90, 50, 120), (250, 150, 60)), "snow": ((190, 205, 225), (225, 235, 245)),
    }  # fmt: skip
    ground = {
        "forest": (30, 90, 35), "sea": (20, 80, 150), "road": (85, 85, 88), "desert": (215, 180, 110),
        "snow": (245, 248, 250), "room": (150, 115, 80), "field": (110, 170, 60), "sunset": (50, 35, 45),
        "night sky": (12, 14, 25), "day sky": (150, 195, 245),
    }[name]  # fmt: skip
    top, low = skies.get(name, skies["day sky"])
    if name == "room":
        top = low = (205, 190, 170)
    mix = np.linspace(0, 1, side, dtype=np.float32)[:, None, None]
    canvas = (1 - mix) * np.array(top, np.float32) + mix * np.array(low, np.float32)
    canvas = np.repeat(canvas, side, axis=1) + rng.normal(0, 4, 3)
    horizon = side if name in ("night sky", "day sky") else int(side * rng.uniform(0.4, 0.65))
    canvas[horizon:] = np.array(ground, np.float32) + rng.normal(0, 6, 3)
    picture = np.ascontiguousarray(np.clip(canvas, 0, 255).astype(np.uint8))
    _decorate(picture, name, horizon, rng)
    return picture


def _decorate(picture: Picture, name: str, horizon: int, rng: np.random.Generator) -> None:
    side = picture.shape[0]
    if name == "night sky":
        for x, y in rng.integers(0, side, (40, 2)):
            cv2.circle(picture, (int(x), int(y)), 0, (255, 255, 230), -1)
    elif name == "sunset":
        cv2.circle(picture, (int(rng.integers(20, side - 20)), horizon), side // 8, (255, 210, 90), -1)
        picture[horizon:] = (50, 35, 45)
    elif name == "forest":
        for x in rng.integers(0, side, 9):
            height = int(rng.integers(side // 5, side // 2))
            corner = np.array([[x - 8, horizon + 6], [x + 8, horizon + 6], [x, horizon - height]], np.int32)
            cv2.fillPoly(picture, [corner], (20, int(rng.integers(60, 110)), 30))
    elif name == "sea":
        for y in range(horizon + 4, side, 7):
            cv2.line(picture, (0, y), (side, y + int(rng.integers(-2, 3))), (70, 140, 200), 1)
    elif name == "road":
        for y in range(horizon, side, 12):
            cv2.line(picture, (side // 2, y), (side // 2, y + 6), (240, 240, 220), 2)
    elif name == "room":
        cv2.rectangle(picture, (12, 12), (side // 3, side // 3), (170, 210, 240), -1)


def _maze_scene(rng: np.random.Generator, side: int) -> Scene:
    cells = int(rng.integers(4, 9))
    ball, goal = (
        str(name) for name in rng.choice(["red", "blue", "green", "yellow", "orange"], 2, replace=False)
    )
    dark = bool(rng.random() < 0.5)
    floor, wall = ((25, 25, 30), (200, 200, 205)) if dark else ((240, 240, 235), (35, 35, 40))
    scale = 3
    canvas = np.full((side * scale, side * scale, 3), floor, dtype=np.uint8)
    step, edge = side * scale / cells, max(2, side * scale // 60)
    open_walls = _spanning_tree(cells, rng)
    for row in range(cells):
        for column in range(cells):
            x, y = int(column * step), int(row * step)
            if ((row, column), (row, column + 1)) not in open_walls:
                cv2.line(canvas, (int(x + step), y), (int(x + step), int(y + step)), wall, edge)
            if ((row, column), (row + 1, column)) not in open_walls:
                cv2.line(canvas, (x, int(y + step)), (int(x + step), int(y + step)), wall, edge)
    cv2.rectangle(canvas, (0, 0), (side * scale - 1, side * scale - 1), wall, edge)
    for colour, kind in ((goal, "goal"), (ball, "ball")):
        row, column = (int(v) for v in rng.integers(0, cells, 2))
        centre = (int((column + 0.5) * step), int((row + 0.5) * step))
        if kind == "ball":
            cv2.circle(canvas, centre, int(step * 0.32), COLOURS[colour], -1, cv2.LINE_AA)
        else:
            half = int(step * 0.34)
            corners = (centre[0] - half, centre[1] - half), (centre[0] + half, centre[1] + half)
            cv2.rectangle(canvas, corners[0], corners[1], COLOURS[colour], -1)
    picture = np.asarray(cv2.resize(canvas, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    light = "dark" if dark else "light"
    captions = (
        "a maze", f"a {light} maze", f"a maze with a {ball} ball", f"a {ball} ball in a maze",
        f"a {light} maze with a {ball} ball and a {goal} goal", "walls of a maze",
    )  # fmt: skip
    return Scene(degrade(picture, rng), captions, {"kind": "maze", "colour": ball})


def _spanning_tree(cells: int, rng: np.random.Generator) -> set[tuple[tuple[int, int], tuple[int, int]]]:
    seen, stack = {(0, 0)}, [(0, 0)]
    passages: set[tuple[tuple[int, int], tuple[int, int]]] = set()
    while stack:
        row, column = stack[-1]
        near = [(row + a, column + b) for a, b in ((0, 1), (1, 0), (0, -1), (-1, 0))]
        free = [c for c in near if 0 <= c[0] < cells and 0 <= c[1] < cells and c not in seen]
        if not free:
            stack.pop()
            continue
        following = free[int(rng.integers(len(free)))]
        passages.add((min((row, column), following), max((row, column), following)))
        seen.add(following)
        stack.append(following)
    return passages


def _free_place(
    rng: np.random.Generator, place: str, radius: float, taken: list[tuple[float, float, float]]
) -> tuple[float, float]:
    best, room = (0.5, 0.5), -np.inf
    for _ in range(24):
        if place:
            centre = PLACES[place]
            x, y = (float(np.clip(c + rng.normal(0, 0.05), radius, 1 - radius)) for c in centre)
        else:
            x, y = (float(v) for v in rng.uniform(radius, 1 - radius, 2))
        gap = min((np.hypot(x - a, y - b) - radius - r for a, b, r in taken), default=1.0)
        if gap > room:
            best, room = (x, y), gap
        if gap > 0.02:
            break
    return best


def _draw(
    canvas: Picture, thing: Thing, centre: NDArray[np.float64], radius: float, rng: np.random.Generator
) -> None:
    if thing.moving:  # a trail, as a long exposure leaves
        step = np.array([np.cos(turn := rng.uniform(0, 2 * np.pi)), np.sin(turn)]) * radius * 0.35
        for fade in (0.25, 0.45, 0.65):
            ghost = canvas.copy()
            _stamp(ghost, thing, centre - step * (1 - fade) * 6, radius, rng)
            cv2.addWeighted(ghost, fade, canvas, 1 - fade, 0, canvas)
    _stamp(canvas, thing, centre, radius, rng)


def _stamp(
    canvas: Picture, thing: Thing, centre: NDArray[np.float64], radius: float, rng: np.random.Generator
) -> None:
    jitter = rng.normal(0, 8, 3)
    colour = tuple(int(np.clip(c + j, 0, 255)) for c, j in zip(COLOURS[thing.colour], jitter, strict=True))
    x, y, r = int(centre[0]), int(centre[1]), max(2, int(radius))
    if thing.shape == "circle":
        cv2.circle(canvas, (x, y), r, colour, -1, cv2.LINE_AA)
    elif thing.shape == "ring":
        cv2.circle(canvas, (x, y), int(r * 0.8), colour, max(2, int(r * 0.32)), cv2.LINE_AA)
    elif thing.shape == "moon":
        cv2.ellipse(canvas, (x, y), (r, r), 0, 60, 300, colour, -1, cv2.LINE_AA)
    elif thing.shape == "cloud":
        for dx, dy, part in ((-0.5, 0.1, 0.5), (0.5, 0.1, 0.5), (0, -0.2, 0.6), (0, 0.2, 0.5)):
            cv2.circle(canvas, (int(x + dx * r), int(y + dy * r)), int(part * r), colour, -1, cv2.LINE_AA)
    elif thing.shape == "flower":
        for turn in np.arange(5) * 2 * np.pi / 5:
            petal = (int(x + 0.55 * r * np.cos(turn)), int(y + 0.55 * r * np.sin(turn)))
            cv2.circle(canvas, petal, int(0.38 * r), colour, -1, cv2.LINE_AA)
        cv2.circle(canvas, (x, y), int(0.3 * r), (250, 240, 120), -1, cv2.LINE_AA)
    else:
        for outline, tint in _outlines(thing.shape):
            points = (np.array(outline) * r + (x, y)).astype(np.int32)
            shade = colour if tint == 1 else tuple(int(c * tint) for c in colour)
            cv2.fillPoly(canvas, [points], shade, cv2.LINE_AA)
        if thing.shape == "car":
            for dx in (-0.5, 0.5):
                cv2.circle(
                    canvas, (int(x + dx * r), int(y + 0.45 * r)), int(0.22 * r), (15, 15, 15), -1, cv2.LINE_AA
                )
        if thing.shape == "person":
            cv2.circle(canvas, (x, int(y - 0.72 * r)), int(0.26 * r), colour, -1, cv2.LINE_AA)


def _outlines(shape: str) -> list[tuple[list[tuple[float, float]], float]]:
    """Polygons in units of the radius, with a shade."""
    table: dict[str, list[tuple[list[tuple[float, float]], float]]] = {
        "square": [([(-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)], 1)],
        "rectangle": [([(-1, -0.5), (1, -0.5), (1, 0.5), (-1, 0.5)], 1)],
        "triangle": [([(0, -1), (0.95, 0.8), (-0.95, 0.8)], 1)],
        "diamond": [([(0, -1), (0.7, 0), (0, 1), (-0.7, 0)], 1)],
        "cross": [
            ([(-0.28, -1), (0.28, -1), (0.28, 1), (-0.28, 1)], 1),
            ([(-1, -0.28), (1, -0.28), (1, 0.28), (-1, 0.28)], 1),
        ],
        "arrow": [([(-1, -0.25), (0.2, -0.25), (0.2, -0.7), (1, 0), (0.2, 0.7), (0.2, 0.25), (-1, 0.25)], 1)],
        "tree": [
            ([(-0.15, 0.3), (0.15, 0.3), (0.15, 1), (-0.15, 1)], 0.5),
            ([(0, -1), (0.75, 0.4), (-0.75, 0.4)], 1),
        ],
        "house": [
            ([(-0.7, -0.1), (0.7, -0.1), (0.7, 0.9), (-0.7, 0.9)], 1),
            ([(-0.95, -0.1), (0, -1), (0.95, -0.1)], 0.6),
            ([(-0.15, 0.35), (0.2, 0.35), (0.2, 0.9), (-0.15, 0.9)], 0.35),
        ],
        "car": [
            ([(-1, -0.05), (1, -0.05), (1, 0.45), (-1, 0.45)], 1),
            ([(-0.6, -0.05), (-0.35, -0.5), (0.4, -0.5), (0.65, -0.05)], 0.8),
        ],
        "person": [
            ([(-0.3, -0.45), (0.3, -0.45), (0.3, 0.3), (-0.3, 0.3)], 1),
            ([(-0.28, 0.3), (-0.05, 0.3), (-0.12, 1), (-0.32, 1)], 0.7),
            ([(0.05, 0.3), (0.28, 0.3), (0.32, 1), (0.12, 1)], 0.7),
        ],
        "boat": [
            ([(-1, 0.3), (1, 0.3), (0.6, 0.85), (-0.6, 0.85)], 1),
            ([(0, -0.95), (0.7, 0.2), (0, 0.2)], 0.8),
        ],
        "heart": [
            (
                [
                    (0, 0.95),
                    (-0.95, -0.1),
                    (-0.85, -0.6),
                    (-0.5, -0.8),
                    (-0.15, -0.65),
                    (0, -0.35),
                    (0.15, -0.65),
                    (0.5, -0.8),
                    (0.85, -0.6),
                    (0.95, -0.1),
                ],
                1,
            )
        ],
    }
    if shape == "star":
        turns = np.arange(10) * np.pi / 5 - np.pi / 2
        radii = np.where(np.arange(10) % 2 == 0, 1.0, 0.42)
        return [
            ([(float(r * np.cos(t)), float(r * np.sin(t))) for r, t in zip(radii, turns, strict=True)], 1)
        ]
    return table[shape]
