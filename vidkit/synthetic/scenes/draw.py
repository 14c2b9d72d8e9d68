"""Random scenes of every kind, with their captions."""

from __future__ import annotations

import cv2
import numpy as np

from vidkit.synthetic.scenes.canvas import degrade, draw_things, enlarged, plain_background
from vidkit.synthetic.scenes.mazes import maze_scene
from vidkit.synthetic.scenes.settings import setting_picture
from vidkit.synthetic.scenes.world import (
    COLOURS,
    PLACES,
    SETTINGS,
    SHAPES,
    WORDS,
    Picture,
    Scene,
    Thing,
    with_article,
)

_PREFIXES = ("", "", "", "a picture of ", "a frame with ", "a scene with ", "there is ")
_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX)
_DARK_INK, _LIGHT_INK = ("black", "blue", "red"), ("white", "yellow", "cyan")


def draw_scene(rng: np.random.Generator, side: int = 96, clean: bool = False) -> Scene:
    """A random scene [side, side, 3] with its captions; `clean` leaves out what cameras and codecs do."""
    kind = rng.random()
    if kind < 0.62:
        scene = _objects_scene(rng, side)
    elif kind < 0.77:
        scene = _text_scene(rng, side)
    elif kind < 0.9:
        scene = _setting_scene(rng, side)
    else:
        scene = maze_scene(rng, side)
    return scene if clean else Scene(degrade(scene.picture, rng), scene.captions, scene.attributes)


def _objects_scene(rng: np.random.Generator, side: int) -> Scene:
    groups = int(rng.choice([1, 1, 1, 2, 2, 3]))
    places = list(rng.permutation(list(PLACES)))
    background, ground = plain_background(rng, side)
    things = [_random_thing(rng, groups, str(places[number]), ground) for number in range(groups)]
    picture = draw_things(things, rng, side, background)
    first = things[0]
    captions = [first.words(rng), first.words(rng, whole=True)]
    for other in things[1:]:
        captions += [f"{first.words(rng)} and {other.words(rng)}", other.words(rng)]
    captions.append(f"{first.words(rng)} on {with_article('a ' + ground)} background")
    captions = [str(rng.choice(_PREFIXES)) + caption for caption in captions]
    facts = {"kind": "objects", "shape": first.shape, "colour": first.colour, "count": str(first.count)}
    facts |= {"place": first.place, "size": first.size, "groups": str(groups)}
    return Scene(picture, tuple(captions), facts | {"motion": "moving" if first.moving else "still"})


def _random_thing(rng: np.random.Generator, groups: int, place: str, ground: str) -> Thing:
    colour = str(rng.choice([name for name in COLOURS if name != ground]))
    count = int(rng.choice([1, 1, 2, 3, 4, 5])) if groups == 1 else 1
    size = str(rng.choice(["", "small", "big"])) if groups < 3 and count < 4 else ""
    placed = (groups > 1 or rng.random() < 0.6) and count == 1
    moving = bool(rng.random() < 0.25) and count == 1
    return Thing(str(rng.choice(SHAPES)), colour, count, size, place if placed else "", moving)


def _text_scene(rng: np.random.Generator, side: int) -> Scene:
    word = str(rng.choice(WORDS))
    setting = str(rng.choice(SETTINGS)) if rng.random() < 0.3 else ""
    if setting:
        background, ground = setting_picture(setting, rng, side), ""
        light = float(background.mean()) > 128
    else:
        background, ground = plain_background(rng, side)
        light = float(np.mean(COLOURS[ground])) > 128
        if rng.random() < 0.5:
            thing = Thing(str(rng.choice(SHAPES)), "grey" if light else "brown")
            background = draw_things([thing], rng, side, background)
    colour = str(rng.choice(_DARK_INK if light else _LIGHT_INK))
    picture = _overlay(background, word, colour, rng, outline=bool(setting))
    where = f"over a {setting}" if setting else f"on {ground}"
    captions = (
        f"text that says {word}",
        f"the word {word}",
        f"{colour} text",
        f"the word {word} in {colour} {where}",
        f"a title with the word {word}",
    )
    return Scene(picture, captions, {"kind": "text", "word": word, "ink": colour})


def _overlay(background: Picture, word: str, colour: str, rng: np.random.Generator, outline: bool) -> Picture:
    side, scale = background.shape[0], 3
    canvas = enlarged(background, side * scale)
    font = int(rng.choice(_FONTS))
    shown = word.upper() if rng.random() < 0.5 else word
    thick = int(rng.integers(3, 8))
    (width, height), _ = cv2.getTextSize(shown, font, 1.0, thick)
    size = min(side * scale * rng.uniform(0.6, 0.92) / width, side * scale * 0.3 / height)
    place = (
        int((side * scale - width * size) * rng.uniform(0.1, 0.9)),
        int(side * scale * rng.uniform(0.25, 0.9)),
    )
    if outline:
        edge = (245, 245, 245) if colour in _DARK_INK else (18, 18, 18)
        cv2.putText(canvas, shown, place, font, size, edge, thick + 6, cv2.LINE_AA)
    cv2.putText(canvas, shown, place, font, size, COLOURS[colour], thick, cv2.LINE_AA)
    return np.asarray(cv2.resize(canvas, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _setting_scene(rng: np.random.Generator, side: int) -> Scene:
    name = str(rng.choice(SETTINGS))
    picture = setting_picture(name, rng, side)
    captions = [name, f"a {name}", f"a scene of a {name}"]
    facts = {"kind": "setting", "setting": name}
    if rng.random() < 0.6:
        colour = str(rng.choice(["red", "blue", "yellow", "white", "orange", "purple"]))
        thing = Thing(str(rng.choice(["car", "house", "tree", "person", "boat"])), colour, 1, "", "bottom")
        picture = draw_things([thing], rng, side, picture)
        facts["with"] = thing.shape
        captions += [
            f"{thing.words(rng)} in a {name}",
            f"a {thing.colour} {thing.shape} and a {name}",
            thing.words(rng),
        ]
    return Scene(picture, tuple(captions), facts)
