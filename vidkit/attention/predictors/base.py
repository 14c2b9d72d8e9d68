"""What a mask predictor is, and the state it keeps per (branch, layer)."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor
from vidkit_kernels._dispatch import Backend

from vidkit.attention.plan import BlockPlan
from vidkit.errors import ConfigError
from vidkit.hooks.families import TextPlace
from vidkit.hooks.token_grid import TokenGrid

log = logging.getLogger(__name__)


class HeadNumbers(NamedTuple):
    """Some of a layer's heads: their numbers, and how many the layer has."""

    own: tuple[int, ...]
    total: int


@dataclass
class PlanState:
    """Everything a predictor caches between steps for one (branch, layer). Never Q, K or V.

    Attributes:
        packed: block or cluster mask as packed bits, `[B, H, rows, words]` int32.
        extra: predictor's own tensors (labels, centroids).
        age: `[B, H]` int32 steps since each head's last refresh; set by the runtime before a refresh.
        max_age: no head is older than this many steps, known on the host; None: not known.
        seed: decides random starts; differs by layer.
        heads: which heads these are, where other ranks have the rest; None: all are here.
        values: V `[B, H, N, D]` of the call in progress, for predictors that profile outputs; never kept.
    """

    packed: Tensor | None = None
    extra: dict[str, Tensor] = field(default_factory=dict)
    age: Tensor | None = None
    max_age: int | None = None
    seed: int = 0
    heads: HeadNumbers | None = None
    values: Tensor | None = None

    @property
    def empty(self) -> bool:
        """True before the first refresh."""
        return self.packed is None

    def tensors(self) -> list[Tensor]:
        """Every cached tensor, for memory accounting."""
        return [t for t in (self.packed, *self.extra.values()) if t is not None]


class MaskPredictor(Protocol):
    """Makes block plans from Q and K (after norm and RoPE)."""

    name: str

    def describe(self) -> dict[str, Any]:
        """Parameters that identify it in records and table files."""
        ...

    def refresh(
        self,
        q: Tensor,
        k: Tensor,
        tau: Tensor,
        state: PlanState,
        active: Tensor | None,
        grid: TokenGrid | None,
    ) -> None:
        """Predict anew for the heads in `active` (None: all) and store the result in `state`.

        Args:
            q: `[B, H, N, D]`.
            k: `[B, H, N, D]`.
            tau: `[B, H]` fp32 mass to keep.
            state: changed in place; inactive heads keep what they have.
            active: `[B, H]` bool on the device; never read on the host when that is a GPU.
            grid: token grid, for rules that need it.
        """
        ...

    def plan(self, N: int, state: PlanState, grid: TokenGrid | None) -> BlockPlan:
        """Block lists from what `state` holds; no Q or K needed."""
        ...


def check_blocks(block_q: int, block_k: int) -> None:
    """Refuse sizes that no token fits into."""
    if block_q < 1 or block_k < 1:
        raise ConfigError(f"block_q and block_k must be >= 1, got {block_q}x{block_k}")


def active_or_all(active: Tensor | None, B: int, H: int, device: torch.device) -> Tensor:
    """`[B, H]` bool flags."""
    return torch.ones(B, H, dtype=torch.bool, device=device) if active is None else active


class BackendChooser:
    """A kernel where there is one for a case; else its plain reference, said once.

    Args:
        what: subject and verb of the warning.
    """

    def __init__(self, what: str) -> None:
        self._what, self._told = what, set[str]()

    def __call__(self, x: Tensor, reason: str | None) -> Backend:
        """`reason`: why the kernel cannot take x, None: it can."""
        if reason is None or not x.is_cuda:
            return "auto"
        if reason not in self._told:
            self._told.add(reason)
            log.warning("%s computed in plain torch, which is slow: %s", self._what, reason)
        return "reference"


def keeps_text(predictor: MaskPredictor, text: TextPlace) -> bool:
    """Whether the prompt stays exact under a predictor.

    Where text shares the video's attention, a predictor says by `knows_text = True` that it keeps it.
    """
    return text is TextPlace.CROSS or bool(getattr(predictor, "knows_text", False))
