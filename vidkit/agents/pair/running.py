"""Running the pair on batches of questions: the draft, the agent's zooms, what each costs."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vidkit.agents.pair.network import PairNetwork
from vidkit.synthetic.zoom_scenes.drawing import cropped, shrunk
from vidkit.synthetic.zoom_scenes.layout import CELLS, MOST_CROPS


@dataclass(frozen=True, slots=True)
class Drafts:
    """What the small model says of a batch.

    Attributes:
        logits: of the answers [B, 2, V].
        tool_free: probability that no zoom is needed [B].
    """

    logits: Tensor
    tool_free: Tensor


@dataclass(frozen=True, slots=True)
class AgentRuns:
    """What the large model says of a batch.

    Attributes:
        first: answer logits without a crop [B, 2, V].
        final: after its own crops [B, 2, V].
        crops: how many it took [B].
        cells: where, [B, MOST_CROPS]; beyond `crops` what it would have taken.
        answers_now: probability of answering at the first look [B].
    """

    first: Tensor
    final: Tensor
    crops: Tensor
    cells: Tensor
    answers_now: Tensor


@torch.no_grad()
def draft(model: PairNetwork, pictures: Tensor, question: Tensor) -> Drafts:
    """Ask the small model about pictures [B, SIDE, SIDE, 3]."""
    stage = model.look(shrunk(pictures, model.config.view), question)
    return Drafts(stage.answer, torch.sigmoid(-stage.action[:, 0]))


@torch.no_grad()
def run_agent(model: PairNetwork, pictures: Tensor, question: Tensor) -> AgentRuns:
    """Let the large model look, zoom until it would rather answer, and answer; no cell is taken twice.

    All stages are computed for every question; `crops` says where each would have stopped.
    """
    count, device = len(question), pictures.device
    stage = model.look(shrunk(pictures, model.config.view), question)
    answers, cells = [stage.answer], []
    used = torch.zeros(count, CELLS, dtype=torch.bool, device=device)
    crops = torch.full((count,), MOST_CROPS, device=device)
    answers_now = stage.action.softmax(1)[:, -1]
    for depth in range(1, MOST_CROPS + 1):
        chances = stage.action.softmax(1)
        stops = (chances[:, -1] >= 0.5) & (crops == MOST_CROPS)
        crops = torch.where(stops, depth - 1, crops)
        cell = chances[:, :CELLS].masked_fill(used, -1.0).argmax(1)
        used.scatter_(1, cell[:, None], True)
        cells.append(cell)
        stage = model.zoom(cropped(pictures, cell), cell, depth, stage)
        answers.append(stage.answer)
    every = torch.stack(answers, 1)
    final = every[torch.arange(count, device=device), crops]
    return AgentRuns(answers[0], final, crops, torch.stack(cells, 1), answers_now)


def is_right(logits: Tensor, answer: Tensor) -> Tensor:
    """Whether both tokens are the best ones: [B, 2, V] and [B, 2] -> [B]."""
    return (logits.argmax(-1) == answer).all(1)
