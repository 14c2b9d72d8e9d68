"""Pictures drawn from a seed, with true captions: what the embedded encoder learns from and benchmarks plant.

Objects have colour, shape, size, number, place and motion; further scenes are mazes, words on screen and
plain settings.
"""

from vidkit.synthetic.scenes.canvas import compress, degrade, draw_things, plain_background
from vidkit.synthetic.scenes.draw import draw_scene
from vidkit.synthetic.scenes.settings import setting_picture
from vidkit.synthetic.scenes.world import (
    COLOURS,
    COUNTS,
    PLACES,
    SETTINGS,
    SHAPES,
    SIZES,
    WORDS,
    Picture,
    Scene,
    Thing,
    alter_caption,
    place_phrase,
    plural,
    with_article,
)

__all__ = [
    "COLOURS",
    "COUNTS",
    "PLACES",
    "SETTINGS",
    "SHAPES",
    "SIZES",
    "WORDS",
    "Picture",
    "Scene",
    "Thing",
    "alter_caption",
    "compress",
    "degrade",
    "draw_scene",
    "draw_things",
    "place_phrase",
    "plain_background",
    "plural",
    "setting_picture",
    "with_article",
]
