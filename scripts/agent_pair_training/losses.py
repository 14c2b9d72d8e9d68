"""What the two models learn from: answers, where to look, what stands where, which objects are meant."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from vidkit.agents.pair.network import CROP_PATCH, PairNetwork, Stage
from vidkit.synthetic.zoom_scenes.drawing import cropped, shrunk
from vidkit.synthetic.zoom_scenes.layout import CELLS, CROP, MOST_CROPS, SIDE, cell_corners
from vidkit.synthetic.zoom_scenes.questions import KINDS, Questions
from vidkit.synthetic.zoom_scenes.words import COLOURS, SHAPES

LOOKS_WEIGHT, POINT_WEIGHT, SCREEN_WEIGHT, ACTION_WEIGHT = 0.5, 0.5, 0.3, 0.7
_SECOND_TOKEN = 0.1  # weight of an end token, which teaches nothing
_EDGE = 2  # source pixels at a crop's edge in which an object is not looked for


def _patch_of(x: Tensor, y: Tensor, side: int, pixels: float) -> Tensor:
    column, row = ((values / pixels).long().clamp(0, side - 1) for values in (x, y))
    return row * side + column


def answer_loss(stage: Stage, questions: Questions) -> Tensor:
    """Cross entropy of both answer tokens; the end token of one-word answers weighs little."""
    each = F.cross_entropy(stage.answer.flatten(0, 1), questions.answer.flatten(), reduction="none").view(
        -1, 2
    )
    is_end = questions.kind == KINDS.index("end")
    return (each[:, 0] + each[:, 1] * (_SECOND_TOKEN + (1 - _SECOND_TOKEN) * is_end)).mean()


def looks_loss(stage: Stage, questions: Questions, patch: Tensor, counts: Tensor) -> Tensor:
    """Colour, shape and letter at the patches [B, N] of the objects that count [B, N]."""
    assert stage.looks is not None
    scenes = questions.scenes
    found = stage.looks.gather(1, patch[..., None].expand(-1, -1, stage.looks.shape[-1]))
    ends = (len(COLOURS), len(COLOURS) + len(SHAPES))
    parts = found[..., : ends[0]], found[..., ends[0] : ends[1]], found[..., ends[1] :]
    total = torch.zeros(patch.numel(), device=patch.device)
    for part, truth in zip(parts, (scenes.colour, scenes.shape, scenes.letter), strict=True):
        total = total + F.cross_entropy(part.flatten(0, 1), truth.flatten(), reduction="none")
    weight = counts.flatten().float()
    return (total * weight).sum() / weight.sum().clamp(min=1)


def first_look_losses(model: PairNetwork, stage: Stage, questions: Questions) -> Tensor:
    """Looks of all objects, and pointers to the one or two of the question."""
    assert stage.pointers is not None
    scenes = questions.scenes
    patch = _patch_of(scenes.x, scenes.y, model.side, SIDE / model.side)
    meant = torch.stack([questions.first, questions.second], 1)
    truth = patch.gather(1, meant)[..., None]
    each = -stage.pointers.log_softmax(2).gather(2, truth)[..., 0]
    is_pair = questions.kind == KINDS.index("relation")
    counts = torch.stack([questions.has_first, is_pair], 1).float()
    pointing = (each * counts).sum() / counts.sum().clamp(min=1)
    return LOOKS_WEIGHT * looks_loss(stage, questions, patch, scenes.exists) + POINT_WEIGHT * pointing


def small_loss(model: PairNetwork, questions: Questions, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Loss of the small model, and its part of the answers."""
    stage = model.look(shrunk(pictures, model.config.view), questions.tokens)
    answers = answer_loss(stage, questions)
    needs = questions.need.any(1).float()
    screen = F.binary_cross_entropy_with_logits(stage.action[:, 0], needs)
    return answers + SCREEN_WEIGHT * screen + first_look_losses(model, stage, questions), answers


def _one_of(allowed: Tensor) -> Tensor:
    return (torch.rand(allowed.shape, device=allowed.device) + allowed * 10.0).argmax(1)


def large_loss(
    model: PairNetwork, questions: Questions, pictures: Tensor, own: float
) -> tuple[Tensor, Tensor]:
    """Loss of the large model over all stages, and the last stage's part of the answers.

    Args:
        model: the large one.
        questions: with their needs, from which a teacher knows where to look.
        pictures: [B, SIDE, SIDE, 3].
        own: share of crops the model chooses itself; the rest are mostly a teacher's, some are wrong ones.
    """
    stage = model.look(shrunk(pictures, model.config.view), questions.tokens)
    answers = answer_loss(stage, questions)
    total = answers + first_look_losses(model, stage, questions)
    seen = torch.zeros_like(questions.need)
    for depth in range(1, MOST_CROPS + 1):
        wanted = questions.need & ~seen
        good = (questions.covers & wanted[..., None]).any(1)
        right = torch.cat([good, ~wanted.any(1)[:, None]], 1)
        chances = stage.action.log_softmax(1)
        total = total - ACTION_WEIGHT * chances.masked_fill(~right, -1e4).logsumexp(1).mean()
        cell = _next_cell(stage.action, questions, good, seen, own)
        seen = seen | questions.covers.gather(2, cell[:, None, None].expand(-1, seen.shape[1], 1))[..., 0]
        stage = model.zoom(cropped(pictures, cell), cell, depth, stage)
        answers = answer_loss(stage, questions)
        total = total + answers + LOOKS_WEIGHT * _crop_looks(stage, questions, cell)
    return total / 2, answers


@torch.no_grad()
def _next_cell(action: Tensor, questions: Questions, good: Tensor, seen: Tensor, own: float) -> Tensor:
    """Cells [B] to crop in training: the model's, a teacher's, or one that shows other small objects."""
    draw = torch.rand(len(good), device=good.device)
    sharp = (action[:, :CELLS] * 1.5).softmax(1).float().nan_to_num(1.0)
    mine = torch.multinomial(sharp, 1)[:, 0]
    small = (questions.scenes.size < CROP / 2) & questions.scenes.exists & ~seen
    other = _one_of((questions.covers & small[..., None]).any(1))
    taught = (draw < own + (1 - own) * 0.75) & good.any(1)
    return torch.where(draw < own, mine, torch.where(taught, _one_of(good), other))


def _crop_looks(stage: Stage, questions: Questions, cell: Tensor) -> Tensor:
    """Looks of the objects whose centres lie in the crop."""
    scenes = questions.scenes
    left, top = (corner[cell][:, None] for corner in cell_corners(cell.device))
    x, y = scenes.x - left, scenes.y - top
    inside = (x > _EDGE) & (y > _EDGE) & (x < CROP - _EDGE) & (y < CROP - _EDGE) & scenes.exists
    return looks_loss(stage, questions, _patch_of(x, y, CROP // CROP_PATCH, CROP_PATCH), inside)
