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
        cells: where, [B, MOST_CROPS]; -1 beyond `crops`.
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
    """Let the large model look, zoom until it would rather answer, and answer; no cell is taken twice."""
    count, device = len(question), pictures.device
    stage = model.look(shrunk(pictures, model.config.view), question)
    first, final = stage.answer, stage.answer.clone()
    answers_now = stage.action.softmax(1)[:, -1]
    used = torch.zeros(count, CELLS, dtype=torch.bool, device=device)
    crops = torch.zeros(count, dtype=torch.long, device=device)
    cells = torch.full((count, MOST_CROPS), -1, device=device)
    going = torch.arange(count, device=device)
    for depth in range(1, MOST_CROPS + 1):
        chances = stage.action.softmax(1)
        rows = (chances[:, -1] < 0.5).nonzero()[:, 0]
        if len(rows) == 0:
            break
        going, stage = going[rows], stage.rows(rows)
        cell = chances[rows, :CELLS].masked_fill(used[going], -1.0).argmax(1)
        used[going, cell] = True
        cells[going, depth - 1], crops[going] = cell, depth
        stage = model.zoom(cropped(pictures[going], cell), cell, depth, stage)
        final[going] = stage.answer
    return AgentRuns(first, final, crops, cells, answers_now)


def is_right(logits: Tensor, answer: Tensor) -> Tensor:
    """Whether both tokens are the best ones: [B, 2, V] and [B, 2] -> [B]."""
    return (logits.argmax(-1) == answer).all(1)
