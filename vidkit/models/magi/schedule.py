"""When MAGI-1 denoises which chunk, at which noise level, and what it sees. Integers and floats, no torch.

A clip of B chunks is denoised through a window of W chunks that moves on by one chunk a stage. A stage has
N / W steps, N being the steps of every chunk; within the window a chunk is N / W steps further than the next.
So there are B + W - 1 stages. Levels t rise from 0 (noise) to 1 (clean).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vidkit.errors import ConfigError

UNEVEN_STEPS = 12  # distilled models take these in steps of 1/8, 1/16, 1/16 of the way, over and over
_UNEVEN = (2, 1, 1)  # sixteenths


@dataclass(frozen=True)
class ChunkStep:
    """A chunk performs a step.

    Attributes:
        chunk: absolute number.
        step: 0..N-1.
    """

    chunk: int
    step: int


@dataclass(frozen=True)
class ChunkRow:
    """One step of the loop.

    Attributes:
        stage: from 0.
        steps: of the chunks in the window, in order of time.
        finished: chunks whose clean keys and values are made before this step.
    """

    stage: int
    steps: tuple[ChunkStep, ...]
    finished: tuple[int, ...] = ()


def chunk_rows(chunks: int, steps: int, window: int, ready: int = 0) -> list[ChunkRow]:
    """All steps of a clip.

    Args:
        chunks: B, of the whole clip.
        steps: N, of every chunk.
        window: W, chunks in flight.
        ready: leading chunks that are given.

    Raises:
        ConfigError: N is not a multiple of W, or nothing is left to be denoised.
    """
    if steps % window:
        below = max(steps // window, 1) * window
        raise ConfigError(
            f"steps={steps} is not a multiple of the {window} chunks in flight (magi.window)",
            f"nearest valid: steps={below} or steps={below + window}, or change magi.window",
        )
    if not 0 <= ready < chunks:
        raise ConfigError(
            f"{ready} of {chunks} chunks are given, so nothing is left to be made", "ask for more frames"
        )
    share, rows = steps // window, []
    for stage in range(chunks - ready + window - 1):
        first = ready + max(0, stage - window + 1)
        stop = min(chunks, ready + stage + 1)
        for index in range(share):
            found = tuple(
                ChunkStep(chunk, (ready + stage - chunk) * share + index) for chunk in range(first, stop)
            )
            finished: tuple[int, ...] = ()
            if index == 0 and stage == 0:
                finished = tuple(range(ready))
            elif index == 0 and first > ready + max(0, stage - window):
                finished = (first - 1,)
            rows.append(ChunkRow(stage, found, finished))
    return rows


def levels(steps: int, shift: float = 3.0, distilled: bool = False) -> tuple[float, ...]:
    """Noise levels t before each step and after the last, N + 1 values from 0 to 1.

    With u the even (or, see `UNEVEN_STEPS`, uneven) way from 0 to 1: t = u^2 / (shift + (1 - shift) u^2).
    """
    if distilled and steps == UNEVEN_STEPS:
        way = [0.0]
        for index in range(steps):
            way.append(way[-1] + _UNEVEN[index % 3] / 16)
    else:
        way = [index / steps for index in range(steps + 1)]
    return tuple(u**2 / (shift + (1 - shift) * u**2) for u in way)


def step_size(steps: int, step: int) -> float:
    """What distilled models are told of a step's size: half the number of equal steps that it is one of."""
    if steps == UNEVEN_STEPS:
        return 8.0 / _UNEVEN[step % 3]
    return steps / 2


def reach(step: int, steps: int, kv_range: Sequence[int]) -> int | None:
    """How many chunks a chunk sees in a step, itself included; None: all before it.

    Args:
        step: of the chunk.
        steps: N.
        kv_range: of each equal part of the N steps, from noise to clean.
    """
    if not kv_range:
        return None
    return kv_range[step * len(kv_range) // steps]


def lowest_needed(
    rows: Sequence[ChunkRow], steps: int, kv_range: Sequence[int], clean_range: int
) -> list[int]:
    """For each step of the loop, the earliest chunk that it or any later step sees.

    Args:
        rows: of the clip.
        steps: N.
        kv_range: see `reach`.
        clean_range: chunks that a finished one sees, itself included.
    """
    found: list[int] = []
    lowest: int | None = None
    for row in reversed(rows):
        seen = [one.chunk - (reach(one.step, steps, kv_range) or one.chunk + 1) + 1 for one in row.steps]
        seen += [chunk - clean_range + 1 for chunk in row.finished]
        lowest = max(0, min(seen if lowest is None else [lowest, *seen]))
        found.append(lowest)
    return found[::-1]
