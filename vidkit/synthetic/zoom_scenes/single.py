"""One scene at a time, by its number: its picture, and its question in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from vidkit.synthetic.zoom_scenes.drawing import draw_pictures
from vidkit.synthetic.zoom_scenes.questions import KINDS, STRATA, draw_questions
from vidkit.synthetic.zoom_scenes.words import COLOURS, ID, PAD, SHAPES, text_of

_NO_HINT = "<pad>"  # stands where a size may stand, so that the rest keeps its place


@dataclass(frozen=True, slots=True)
class SceneQuestion:
    """A question about a scene.

    Attributes:
        question: in words, ending in a question mark.
        options: as they stand in its tokens; yes and no; empty for the object at an end.
        answer: one or two words.
        kind: one of `KINDS`.
        stratum: of an existence question, else empty.
        key_px: side of the smallest object that decides the answer.
        needs_zoom: whether the shrunk picture hides what decides it.
        objects: colour and shape of every object.
    """

    question: str
    options: tuple[str, ...]
    answer: str
    kind: str
    stratum: str
    key_px: float
    needs_zoom: bool
    objects: tuple[str, ...]


def scene_question(seed: int) -> SceneQuestion:
    """The question of scene `seed`."""
    drawn = draw_questions(seed, 1)
    words, _, options = text_of(drawn.tokens[0].tolist()).partition(" ?")
    kind = KINDS[int(drawn.kind[0])]
    words += " object" if kind == "letter" else ""
    scenes = drawn.scenes
    objects = [
        f"{COLOURS[int(scenes.colour[0, n])]} {SHAPES[int(scenes.shape[0, n])]}"
        for n in scenes.exists[0].nonzero()[:, 0].tolist()
    ]
    return SceneQuestion(
        f"{words[:1].upper()}{words[1:]}?",
        ("yes", "no") if kind in ("relation", "existence") else tuple(options.split()),
        text_of(drawn.answer[0].tolist()),
        kind,
        STRATA[int(drawn.stratum[0])] if kind == "existence" else "",
        float(drawn.key[0]),
        bool(drawn.need.any()),
        tuple(objects),
    )


def scene_pixels(seed: int) -> NDArray[np.uint8]:
    """The picture of scene `seed` [SIDE, SIDE, 3], RGB."""
    pixels: NDArray[np.uint8] = (draw_pictures(draw_questions(seed, 1))[0] * 255).round().byte().numpy()
    return pixels


def question_tokens(question: str, options: tuple[str, ...], length: int) -> torch.Tensor:
    """Tokens [length] of a question in words, as `draw_questions` makes them.

    Raises:
        ValueError: a word that is not in the vocabulary, or too many of them.
    """
    words = [*question.strip().rstrip("?").lower().split(), "?"]
    if words[:2] == ["which", "letter"] and words[-2] == "object":
        words.pop(-2)  # said to people alone
    if not (set(options) & {"yes", "no"} or any(" " in one for one in options)):
        words += options  # a letter stays as it is
    if words[:4] == ["what", "colour", "is", "the"] and words[4] not in ("small", "big"):
        words.insert(4, _NO_HINT)
    known = {**{word.lower(): place for word, place in ID.items()}, **ID}
    for word in words:
        if word not in known or (word.startswith("<") and word != _NO_HINT):
            raise ValueError(f"the word '{word}' is not known")
    if len(words) > length:
        raise ValueError(f"the question has {len(words)} words, at most {length} are read")
    return torch.tensor([known[word] for word in words] + [PAD] * (length - len(words)))
