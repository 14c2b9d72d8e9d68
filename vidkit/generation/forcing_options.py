"""What a diffusion-forcing loop is asked for, and where it stands. No torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vidkit.models.block_runs import BlockAttention, ForcingMode
from vidkit.models.block_schedule import Row, Window

StepCallback = Callable[[int, tuple[float, float]], None]


@dataclass(frozen=True)
class ForcingOptions:
    """How latent frames are scheduled and executed; lengths in latent frames.

    Attributes:
        base: frames that the model sees at once; None: all.
        overlap: frames shared by neighbouring windows.
        ar_step: rows a block lags behind the one before; 0: all move together.
        block_size: frames a block.
        causal_attention: a block sees itself and earlier blocks.
        addnoise: noise level of given frames, 0..60 of 1000.
        active_only: only blocks that a row changes pass the layers; the others' keys and values are kept.
        clean_refresh: with active_only, a finished block passes once more, at its clean level.
        kv_budget: blocks' worth of keys and values that finished blocks are squeezed to; None: all is kept.
        exact_corrector: UniPC corrects the sample that it stepped from. The published loops hand it a view,
            which by then holds the result of the step; False does the same.
    """

    base: int | None = None
    overlap: int | None = None
    ar_step: int = 0
    block_size: int = 1
    causal_attention: bool = False
    addnoise: float = 0.0
    active_only: bool = False
    clean_refresh: bool = False
    kv_budget: int | None = None
    exact_corrector: bool = False

    @property
    def mode(self) -> ForcingMode:
        """The switches of execution."""
        attention = BlockAttention.block_causal if self.causal_attention else BlockAttention.bidirectional
        return ForcingMode(attention, self.active_only, self.clean_refresh)

    @property
    def by_blocks(self) -> bool:
        """Blocks pass the layers one by one or some of them; otherwise the window passes as a whole."""
        return self.causal_attention or self.active_only


@dataclass(frozen=True)
class ForcingStep:
    """Where the loop is; set on the pipeline before every forward, for hooks that work block by block.

    Attributes:
        number: row within the window.
        total: rows of the window.
        row: which block performs which sampler step, and which blocks the model sees.
        window: stretch of the clip, in latent frames.
        block_size: latent frames per block; all of them when frames move together.
        prefix: leading latent frames that are given and never updated.
    """

    number: int
    total: int
    row: Row
    window: Window
    block_size: int
    prefix: int
