"""What a policy is told: of the run at its beginning, of a block at each step, of what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from vidkit.caching.decision import Decision
from vidkit.errors import ConfigError
from vidkit.hooks.token_grid import TokenGrid


@dataclass(frozen=True)
class RunContext:
    """A run: one clip, or one window of a long one.

    Attributes:
        steps: N, updates that every block gets; None: not known (a bare transformer).
        layers: of the transformer.
        width: of its hidden states; tells models apart for which authors published constants.
        levels: noise level before each step and after the last one, N + 1 falling numbers; None: not known.
    """

    steps: int | None = None
    layers: int = 1
    width: int = 0
    levels: tuple[float, ...] | None = None


@dataclass(frozen=True)
class BlockContext:
    """One block at one step of one guidance branch.

    Attributes:
        branch: guidance branch, such as "cond".
        block: absolute index in the clip, whatever window is seen. State belongs to (branch, block).
        step: n_b, updates that this block has had, from 0.
        steps: N; None: not known.
        level: noise level of the block now, 1 pure noise .. 0 clean; the highest of its frames.
        grid: tokens of the block in raster order.
        given: leading frames of the block that are never updated (a first frame, a prefix).
        next_level: noise level after this step; None: not known.
        row: number of the loop's row, which all blocks of it share; None: not known.
    """

    branch: str
    block: int
    step: int
    steps: int | None
    level: float
    grid: TokenGrid
    given: int = 0
    next_level: float | None = None
    row: int | None = None

    @property
    def key(self) -> tuple[str, int]:
        """What state is kept under."""
        return self.branch, self.block

    @property
    def is_last(self) -> bool:
        """Whether the block is finished after this step, as far as that is known."""
        return self.steps is not None and self.step >= self.steps - 1

    def live(self, device: torch.device) -> Tensor:
        """`[P]` bool: tokens that are updated, given frames left out."""
        mask = torch.ones(self.grid.tokens, dtype=torch.bool, device=device)
        mask[: self.given * self.grid.per_frame] = False
        return mask


class Signals(Mapping[str, Tensor]):
    """What a policy may look at before it decides, made on first use.

    - `time`: time projection of every latent frame, `[B, m, D]`; a frame's modulation depends on it alone
    - `embedded`: embedding of the noisy latents, `[B, P, C]`
    - `latents`: noisy latents, `[B, C, m, h, w]`
    - `first_layer`: what the first layer adds to `embedded`, `[B, P, C]`; costs that layer

    Args:
        **makers: tensors, or functions that make them.
    """

    def __init__(self, **makers: Tensor | Callable[[], Tensor]) -> None:
        self._makers = makers
        self._made: dict[str, Tensor] = {}

    def __getitem__(self, name: str) -> Tensor:
        if name not in self._made:
            maker = self._makers[name]
            self._made[name] = maker if isinstance(maker, Tensor) else maker()
        return self._made[name]

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)

    @property
    def made(self) -> frozenset[str]:
        """Names of those that were looked at: some cost something."""
        return frozenset(self._made)


def signal(signals: Mapping[str, Tensor], name: str, policy: str) -> Tensor:
    """A signal that a policy cannot do without.

    Raises:
        ConfigError: this model or loop has none of that name.
    """
    try:
        return signals[name]
    except KeyError:
        raise ConfigError(
            f"cache policy '{policy}' needs the signal '{name}', which this model does not give",
            f"it gives: {', '.join(signals) or 'none'}; choose another policy",
        ) from None


@dataclass(frozen=True)
class Outcome:
    """What came of a step, for `observe`.

    Attributes:
        decision: as carried out; differs from the policy's own where nothing could be reused yet.
        value: what is reused, of all tokens, `[B, P, D]`: fresh where computed. Velocity of each token, or
            what the layers added to its hidden state (`CachePolicy.reuse`).
        error: `[B, P]` fp32, mean magnitude of what reusing would have got wrong, at the computed tokens;
            zero elsewhere. None if nothing was stored before.
        output: hidden states after the last layer, `[B, P, C]`; None where they were not made.
    """

    decision: Decision
    value: Tensor
    error: Tensor | None = None
    output: Tensor | None = None
