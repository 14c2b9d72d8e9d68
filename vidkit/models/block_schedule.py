"""Diffusion-forcing schedules: which latent frames are denoised at which step. Integers only, no torch.

A clip of F latent frames is cut into blocks of m. Every row of the schedule is one forward and says which of
its N sampler steps each block performs. A block starts `ar_step` rows after its predecessor; ar_step = 0
moves all blocks together. Source: SkyReels-V2 (Chen et al. 2025, arXiv 2504.13074), diffusion forcing;
same rows as `generate_timestep_matrix` of diffusers, which a test compares.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from vidkit.errors import ConfigError


@dataclass(frozen=True)
class Row:
    """One forward of the model over the blocks in [start, stop).

    Attributes:
        level: per block, index of the sampler step it performs in this row (0..N-1), -1 while it waits at
            pure noise, N when it is finished.
        update: per block, whether this row changes its latents.
        start: first block the model sees.
        stop: one past the last.
    """

    level: tuple[int, ...]
    update: tuple[bool, ...]
    start: int
    stop: int


@dataclass(frozen=True)
class Window:
    """A stretch of latent frames denoised together.

    Attributes:
        start: first latent frame, in the whole clip.
        frames: latent frames, prefix included.
        prefix: leading latent frames given by the window before, never updated.
        overlap: leading latent frames shared with the window before (at least `prefix`).
    """

    start: int
    frames: int
    prefix: int
    overlap: int


def block_rows(steps: int, blocks: int, ar_step: int, ready: int = 0, window: int | None = None) -> list[Row]:
    """All rows of one window.

    Args:
        steps: sampler steps N of every block.
        blocks: number of blocks.
        ar_step: rows a block lags behind its predecessor; 0 moves all together.
        ready: leading blocks that are finished before the first row.
        window: blocks the model sees at once; None: all.

    Raises:
        ConfigError: the window would slide past blocks that are not finished.
    """
    seen = min(window or blocks, blocks)
    if seen < blocks and ar_step < math.ceil(steps / seen):
        raise ConfigError(
            f"ar_step={ar_step} is too small for {steps} steps and {seen} blocks a window",
            f"use ar_step={math.ceil(steps / seen)} or more",
        )
    done, last = steps + 1, steps
    # counters as upstream: 0 not started, 1..N performing step counter-1, N+1 finished
    counters = [done] * ready + [0] * (blocks - ready)
    rows: list[Row] = []
    stop = seen
    while any(counter < last for counter in counters):
        following = _advance(counters, ar_step, last, done)
        update = tuple(new != old and new != done for new, old in zip(following, counters, strict=True))
        if stop < blocks and update[stop]:
            stop += 1
        rows.append(Row(tuple(counter - 1 for counter in following), update, max(stop - seen, 0), stop))
        counters = following
    return rows


def _advance(counters: list[int], ar_step: int, last: int, done: int) -> list[int]:
    following: list[int] = []
    for block, counter in enumerate(counters):
        leads = block == 0 or counters[block - 1] >= last
        following.append(counter + 1 if leads else following[block - 1] - ar_step)
    return [min(max(counter, 0), done) for counter in following]


def plan_windows(
    latent_frames: int, base: int | None = None, overlap: int | None = None, block_size: int = 1
) -> list[Window]:
    """Cut a long clip into overlapping windows.

    The carried-over prefix is cut down to whole blocks, as upstream does.

    Args:
        latent_frames: of the whole clip.
        base: latent frames the model sees at once; None: all.
        overlap: latent frames shared by neighbours.
        block_size: latent frames per block.

    Raises:
        ConfigError: several windows are needed, and `overlap` is missing or not smaller than `base`.
    """
    if base is None or latent_frames <= base:
        return [Window(0, latent_frames, 0, 0)]
    if overlap is not None and overlap >= base:
        raise ConfigError(
            f"windows of {base} latent frames cannot share {overlap} with the one before",
            "make overlap_frames smaller than base_frames, such as overlap_frames=17",
        )
    if overlap is None or overlap < 1:
        raise ConfigError(
            f"a clip of {latent_frames} latent frames needs several windows of {base}, and overlap_frames"
            f" gives {overlap or 0} shared latent frames",
            "set overlap_frames=17 (or 37), smaller than base_frames",
        )
    windows = [Window(0, base, 0, 0)]
    prefix = overlap - overlap % block_size
    end = base
    while end < latent_frames:
        start = end - overlap
        frames = min(latent_frames - start, base)
        windows.append(Window(start, frames, prefix, overlap))
        end = start + frames
    return windows


@dataclass(frozen=True)
class WindowSchedule:
    """A window and its rows.

    Attributes:
        window: where it lies in the clip.
        rows: of its schedule, in order.
        block_frames: latent frames a block.
        ready: leading blocks that are given whole.
    """

    window: Window
    rows: tuple[Row, ...]
    block_frames: int
    ready: int

    @property
    def blocks(self) -> int:
        """Blocks of the window."""
        return self.window.frames // self.block_frames


def clip_schedule(
    latent_frames: int,
    steps: int,
    *,
    base: int | None = None,
    overlap: int | None = None,
    ar_step: int = 0,
    block_frames: int | None = None,
    given: int = 0,
) -> list[WindowSchedule]:
    """The rows of every window of a clip.

    Args:
        latent_frames: of the whole clip.
        steps: sampler steps N of every block.
        base: latent frames the model sees at once; None: all.
        overlap: latent frames shared by neighbouring windows.
        ar_step: rows a block lags behind its predecessor; 0 moves all together.
        block_frames: latent frames a block; None: a window is one block.
        given: leading latent frames of the clip that are given (1: a first frame).

    Raises:
        ConfigError: a window is not a whole number of blocks, or has no overlap with the one before.
    """
    found = []
    for window in plan_windows(latent_frames, base, overlap, block_frames or 1):
        size = block_frames or window.frames
        if window.frames % size:
            raise ConfigError(
                f"a window of {window.frames} latent frames is not a whole number of blocks of {size}",
                f"choose a block size that divides {window.frames}, or another number of frames",
            )
        blocks = window.frames // size
        ready = min((window.prefix or given) // size, blocks - 1)
        rows = block_rows(steps, blocks, ar_step, ready)
        found.append(WindowSchedule(window, tuple(rows), size, ready))
    return found
