"""Questions about scenes, with answers that follow from them, and what has to be seen to know.

Six kinds: the colour of a shape, the shape of a colour, the letter on the object of a colour, a relation of
two objects, existence (negatives at random, of what is frequent in the scene, or adversarial: both attributes
are there, not together, as in POPE), and the object at an end of the picture (two tokens).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from vidkit.synthetic.zoom_scenes.layout import (
    LETTER_READABLE,
    OBJECTS,
    SHAPE_READABLE,
    covered,
)
from vidkit.synthetic.zoom_scenes.scenes import Draw, Scenes, draw_scenes
from vidkit.synthetic.zoom_scenes.words import (
    COLOURS,
    END,
    ENDS,
    FIRST_COLOUR,
    FIRST_LETTER,
    FIRST_SHAPE,
    ID,
    LETTERS,
    NO,
    PAD,
    SHAPES,
    SIDES,
    YES,
)

KINDS = ("colour", "shape", "letter", "relation", "existence", "end")
SHARES = (0.12, 0.16, 0.26, 0.18, 0.18, 0.10)
STRATA = ("random", "popular", "adversarial")
LENGTH = 11
"""Tokens of a question, padded."""
OPTIONS = 4
_CLEAR = 14.0  # source pixels by which an object at the end leads
_APART = 24.0  # source pixels between two objects of a relation


@dataclass(slots=True)
class Questions:
    """A batch of questions with their scenes.

    Attributes:
        scenes: what is there.
        kind: index into `KINDS` [B].
        stratum: of existence questions, index into `STRATA`; of the others 0 [B].
        tokens: of the question [B, LENGTH].
        answer: two tokens [B, 2], the second mostly the end.
        first: object the question is about [B].
        second: the other one of a relation [B].
        has_first: there is such an object (not for what does not exist) [B].
        relevant: objects that decide the answer [B, N].
        need: relevant objects that the shrunk picture does not show well enough [B, N].
        covers: whether a cell shows an object whole [B, N, CELLS].
        key: side of the smallest relevant object, source pixels [B].
        seed: of the batch.
    """

    scenes: Scenes
    kind: Tensor
    stratum: Tensor
    tokens: Tensor
    answer: Tensor
    first: Tensor
    second: Tensor
    has_first: Tensor
    relevant: Tensor
    need: Tensor
    covers: Tensor
    key: Tensor
    seed: int


@dataclass(slots=True)
class _Asked:
    """What a question is about, while its scene is bent to fit: [B] each."""

    kind: Tensor
    first: Tensor
    second: Tensor
    end: Tensor
    is_there: Tensor
    stratum: Tensor
    shape: Tensor  # asked for by an existence question

    def of(self, name: str) -> Tensor:
        return (self.kind == KINDS.index(name))[:, None]


def draw_questions(
    seed: int, count: int, device: torch.device | str = "cpu", shares: Sequence[float] = SHARES
) -> Questions:
    """A batch of scenes and questions; the same for a seed, count and device.

    Args:
        seed: of the batch; `is_held_out` says whether training may use it.
        count: questions, one a scene.
        device: that draws.
        shares: of the kinds, in the order of `KINDS`; they add up to 1.
    """
    draw = Draw(seed * 7919 + 13, count, torch.device(device))
    scenes = draw_scenes(draw)
    asked = _choose(draw, scenes, shares)
    _bend(draw, scenes, asked)
    return _worded(draw, scenes, asked, seed)


def _at(values: Tensor, place: Tensor) -> Tensor:
    return values.gather(1, place[:, None])[:, 0]


def _hot(place: Tensor) -> Tensor:
    return F.one_hot(place, OBJECTS).bool()


def _choose(draw: Draw, scenes: Scenes, shares: Sequence[float]) -> _Asked:
    bounds = torch.tensor(shares, device=draw.device).cumsum(0)[:-1]
    kind = torch.bucketize(draw.uniform(), bounds)
    far = torch.stack([scenes.x, -scenes.x, scenes.y, -scenes.y], 1)
    ends = far.masked_fill(~scenes.exists[:, None], 1e4).topk(2, 2, largest=False)
    clear = ends.values[..., 1] - ends.values[..., 0] >= _CLEAR
    end = draw.one_of(clear)
    outer = ends.indices[..., 0].gather(1, end[:, None])[:, 0]
    first = torch.where(kind == KINDS.index("end"), outer, draw.one_of(scenes.exists))
    second = draw.one_of(scenes.exists & ~_hot(first))
    is_there = draw.uniform() < 0.5
    other = (_at(scenes.shape, first) + 1 + draw.below(len(SHAPES) - 1)) % len(SHAPES)
    shape = torch.where(is_there, _at(scenes.shape, first), other)
    return _Asked(kind, first, second, end, is_there, draw.below(len(STRATA)), shape)


def _bend(draw: Draw, scenes: Scenes, asked: _Asked) -> None:
    """Change looks so that the question has one answer and its distractors are there."""
    first, second = _hot(asked.first), _hot(asked.second)
    third = _hot(draw.one_of(scenes.exists & ~first & ~second))
    own = _at(scenes.colour, asked.first)[:, None]
    shifted = (own + 1 + draw.below(len(COLOURS) - 1, OBJECTS)) % len(COLOURS)
    unique = asked.of("shape") | asked.of("letter")  # told by its colour, so no other has it
    scenes.colour = torch.where(unique & ~first & (scenes.colour == own), shifted, scenes.colour)
    wants = asked.of("relation") | (asked.of("existence") & (asked.stratum == 2)[:, None])
    scenes.colour = torch.where(wants & third, own, scenes.colour)  # the colour alone does not tell
    shape = _at(scenes.shape, asked.first)[:, None]
    same = asked.of("relation") & second & (scenes.colour == own) & (scenes.shape == shape)
    scenes.shape = torch.where(same, (shape + 1) % len(SHAPES), scenes.shape)
    _stratify(scenes, asked, third)
    forbidden = _forbidden(scenes, asked)
    bad = forbidden.gather(2, scenes.shape[..., None])[..., 0]
    free = (draw.uniform(OBJECTS, len(SHAPES)) - 10.0 * forbidden).argmax(2)
    scenes.shape = torch.where(bad, free, scenes.shape)


def _stratify(scenes: Scenes, asked: _Asked, third: Tensor) -> None:
    """Existence: what is asked for is frequent in the scene, or its two attributes are there apart."""
    is_no = asked.of("existence") & ~asked.is_there[:, None]
    hard = is_no & (asked.stratum == 2)[:, None]
    # the asked shape is there in another colour: on the second object
    own = _at(scenes.colour, asked.first)[:, None]
    second = _hot(asked.second)
    scenes.shape = torch.where(hard & second, asked.shape[:, None], scenes.shape)
    scenes.colour = torch.where(
        hard & second & (scenes.colour == own), (own + 3) % len(COLOURS), scenes.colour
    )
    frequent = is_no & (asked.stratum == 1)[:, None]
    looks = F.one_hot(scenes.shape, len(SHAPES)) * scenes.exists[..., None]
    common = (looks.sum(1) - 0.5 * F.one_hot(_at(scenes.shape, asked.first), len(SHAPES))).argmax(1)
    is_own = common == _at(scenes.shape, asked.first)
    asked.shape = torch.where(frequent[:, 0] & ~is_own, common, asked.shape)


def _forbidden(scenes: Scenes, asked: _Asked) -> Tensor:
    """Shapes that an object may not have, or there would be two answers: [B, N, shapes]."""
    first, second = _hot(asked.first), _hot(asked.second)
    colour_1, colour_2 = (_at(scenes.colour, one)[:, None] for one in (asked.first, asked.second))
    shape_1, shape_2 = (
        F.one_hot(_at(scenes.shape, one), len(SHAPES)).bool()[:, None] for one in (asked.first, asked.second)
    )
    wanted = F.one_hot(asked.shape, len(SHAPES)).bool()[:, None]
    rules = (
        (asked.of("colour") & ~first, shape_1),
        (asked.of("relation") & ~first & (scenes.colour == colour_1), shape_1),
        (asked.of("relation") & ~second & (scenes.colour == colour_2), shape_2),
        (asked.of("existence") & (scenes.colour == colour_1) & ~(first & asked.is_there[:, None]), wanted),
    )
    found = torch.zeros(*scenes.colour.shape, len(SHAPES), dtype=torch.bool, device=first.device)
    for where, shapes in rules:
        found |= where[..., None] & shapes
    return found


def _worded(draw: Draw, scenes: Scenes, asked: _Asked, seed: int) -> Questions:
    first, second = asked.first, asked.second
    colour, shape, letter = (_at(values, first) for values in (scenes.colour, scenes.shape, scenes.letter))
    gap = torch.stack([_at(v, first) - _at(v, second) for v in (scenes.x, scenes.y)], 1)
    across = torch.where(draw.uniform() < 0.5, gap[:, 0].abs() >= _APART, gap[:, 1].abs() < _APART)
    before = draw.uniform() < 0.5
    side = torch.where(across, 0, 2) + (~before).long()
    is_true = (torch.where(across, gap[:, 0], gap[:, 1]) < 0) == before
    hint = torch.where(_at(scenes.size, first) < SHAPE_READABLE, ID["small"], ID["big"])
    hint = torch.where(draw.uniform() < 0.5, hint, PAD)
    tokens = _tokens(draw, scenes, asked, side, hint)
    yes_no = torch.where(torch.where(asked.kind == 3, is_true, asked.is_there), YES, NO)
    answers = [
        colour + FIRST_COLOUR,
        shape + FIRST_SHAPE,
        letter + FIRST_LETTER,
        yes_no,
        yes_no,
        colour + FIRST_COLOUR,
    ]
    answer = torch.stack(answers, 1).gather(1, asked.kind[:, None])[:, 0]
    is_end = asked.kind == KINDS.index("end")
    return _with_needs(
        scenes,
        asked,
        tokens,
        torch.stack([answer, torch.where(is_end, shape + FIRST_SHAPE, END)], 1),
        seed,
    )


def _tokens(draw: Draw, scenes: Scenes, asked: _Asked, side: Tensor, hint: Tensor) -> Tensor:
    """The question in words [B, LENGTH]."""
    first, second = asked.first, asked.second
    colour, shape, letter = (_at(values, first) for values in (scenes.colour, scenes.shape, scenes.letter))
    c1, s1 = colour + FIRST_COLOUR, shape + FIRST_SHAPE
    c2, s2 = _at(scenes.colour, second) + FIRST_COLOUR, _at(scenes.shape, second) + FIRST_SHAPE
    colours = list((_options(draw, len(COLOURS), colour) + FIRST_COLOUR).T)
    shapes = list((_options(draw, len(SHAPES), shape) + FIRST_SHAPE).T)
    letters = list((_options(draw, len(LETTERS), letter) + FIRST_LETTER).T)
    forms: tuple[list[str | Tensor], ...] = (
        ["what", "colour", "is", "the", hint, s1, "?", *colours],
        ["what", "shape", "is", "the", c1, "object", "?", *shapes],
        ["which", "letter", "is", "on", "the", c1, "?", *letters],
        ["is", "the", c1, s1, side + ID[SIDES[0]], "the", c2, s2, "?"],
        ["is", "there", "a", c1, asked.shape + FIRST_SHAPE, "?"],
        ["what", "is", "the", asked.end + ID[ENDS[0]], "object", "?"],
    )
    rows = []
    for form in forms:
        padded = [*form, *["<pad>"] * (LENGTH - len(form))]
        columns = [torch.full_like(colour, ID[word]) if isinstance(word, str) else word for word in padded]
        rows.append(torch.stack(columns, 1))
    every = torch.stack(rows, 1)
    return every.gather(1, asked.kind[:, None, None].expand(-1, 1, LENGTH))[:, 0]


def _options(draw: Draw, count: int, right: Tensor) -> Tensor:
    """Four of `count`, the right one among them, in random order [B, 4]."""
    keys = draw.uniform(count).scatter(1, right[:, None], 9.0)
    chosen = keys.topk(OPTIONS, 1).indices
    return chosen.gather(1, draw.uniform(OPTIONS).argsort(1))


def _with_needs(scenes: Scenes, asked: _Asked, tokens: Tensor, answer: Tensor, seed: int) -> Questions:
    first, second = _hot(asked.first), _hot(asked.second)
    has_first = ~((asked.kind == KINDS.index("existence")) & ~asked.is_there)
    colour = _at(scenes.colour, asked.first)[:, None]
    about = first | (asked.of("relation") & second)
    relevant = torch.where(has_first[:, None], about, scenes.colour == colour) & scenes.exists
    limit = torch.where(asked.of("letter"), LETTER_READABLE, SHAPE_READABLE)
    key = torch.where(relevant, scenes.size, 1e4).min(1).values
    return Questions(
        scenes,
        asked.kind,
        torch.where(asked.kind == KINDS.index("existence"), asked.stratum, 0),
        tokens,
        answer,
        asked.first,
        asked.second,
        has_first,
        relevant,
        relevant & (scenes.size < limit),
        covered(scenes.x, scenes.y, scenes.size),
        key,
        seed,
    )
