"""Which passes a step of MAGI-1 takes: guidance branches, and what each computes. No torch.

The base model's velocity of a chunk at level t below `guided_until` is, with g the guidance to the text and p
that to the history,

    (1 - p) * alone + (p - g) * history + g * text

`text` sees the caption and earlier chunks, `history` earlier chunks without a caption, `alone` neither. From
`guided_until` on it is `history`, as published; without guidance (g <= 1) it is `text` throughout. A
distilled model's velocity is `text`; from level `alone_from` on the foremost chunk's is a mean of `text` and
of the same chunk without its history.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vidkit.config.magi_schema import MagiSettings
from vidkit.models.magi.schedule import ChunkRow, reach


@dataclass(frozen=True)
class Mix:
    """How a chunk's velocity is mixed from its passes; weights add up to 1."""

    text: float = 0.0
    history: float = 0.0
    alone: float = 0.0  # of the null caption; of the caption where `alone_captioned`


@dataclass(frozen=True)
class RowPasses:
    """The passes of one step.

    Attributes:
        mixes: one for each chunk of the step.
        text: the window passes with captions.
        history: the window passes with the null caption.
        alone: chunks of the window that pass without history, by position.
        alone_captioned: these have their captions.
    """

    mixes: tuple[Mix, ...]
    text: bool
    history: bool
    alone: tuple[int, ...]
    alone_captioned: bool


def row_passes(
    row: ChunkRow,
    levels: Sequence[float],
    guidance: float,
    distilled: bool,
    settings: MagiSettings,
) -> RowPasses:
    """The passes of a step.

    Args:
        row: of the schedule.
        levels: t before each step and after the last.
        guidance: g.
        distilled: which kind of model.
        settings: p, limits and ranges.
    """
    steps = len(levels) - 1
    sees_history = [
        one.chunk > 0 and (reach(one.step, steps, settings.kv_range) or 2) > 1 for one in row.steps
    ]
    if distilled:
        share = settings.history_share
        near_clean = levels[row.steps[0].step] > settings.alone_from and sees_history[0] and share < 1
        first = Mix(text=share, alone=1 - share) if near_clean else Mix(text=1.0)
        mixes = (first, *(Mix(text=1.0) for _ in row.steps[1:]))
        return RowPasses(mixes, True, False, (0,) if near_clean else (), True)
    if guidance <= 1:
        return RowPasses(tuple(Mix(text=1.0) for _ in row.steps), True, False, (), False)
    found = []
    for one, sees in zip(row.steps, sees_history, strict=True):
        if levels[one.step] >= settings.guided_until:
            found.append(Mix(history=1.0))
            continue
        alone = 1 - settings.history_guidance
        # a chunk without history is the same in both passes
        history = settings.history_guidance - guidance
        found.append(Mix(guidance, history, alone) if sees else Mix(guidance, history + alone, 0.0))
    alone_of = tuple(i for i, mix in enumerate(found) if mix.alone)
    return RowPasses(tuple(found), any(mix.text for mix in found), True, alone_of, False)
