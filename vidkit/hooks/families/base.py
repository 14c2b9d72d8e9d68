"""What an adapter says of a model family: its self-attention, its tokens, its text, its steps."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from enum import Enum
from typing import Any

from torch import Tensor, nn

from vidkit.errors import ModelError
from vidkit.hooks.calls import Call, call_of, grid_of, with_timestep
from vidkit.hooks.token_grid import TokenGrid


class TextPlace(Enum):
    """Where the prompt's tokens are."""

    CROSS = "read by cross-attention alone"
    BEFORE = "in the same attention, before the video"
    AFTER = "in the same attention, after the video"


@dataclass(frozen=True)
class Layer:
    """One self-attention over all tokens of the video.

    Attributes:
        attention: module that holds the processor.
        depth: index among the main blocks; of a control block, that of the block it adds to.
        is_main: whether it belongs to a main block, `model.blocks[depth]`.
    """

    attention: Any
    depth: int
    is_main: bool = True


@dataclass(frozen=True)
class Projected:
    """Queries, keys and values of a call, `[B, N, H, D]` each.

    Attributes:
        q: after norm and rotary embedding.
        k: likewise.
        v: values.
        raw_q: q before rotary embedding.
        raw_k: k likewise.
        after: what `output` needs besides attention's outcome: counts of text, gates of heads.
    """

    q: Tensor
    k: Tensor
    v: Tensor
    raw_q: Tensor
    raw_k: Tensor
    after: Any = None


class ModelFamily:
    """Adapter of one model family; stateless. A new family overrides what differs.

    Attributes:
        blocks_name: attribute of the transformer with its main blocks, run one after the other.
        text: where the prompt's tokens are.
        timestep_at: place of the timestep among a forward's positional arguments.
        resumable: whether a forward can begin at a block, for which blocks take and give the video alone.
        drops_padding: whether `prepared` leaves padding out, for which every layer needs a processor of ours.
        processors: classes of attention processors whose dense attention is `project`, the softmax and
            `output`, so that one compiled graph can hold it.
    """

    blocks_name: str = "blocks"
    text: TextPlace = TextPlace.CROSS
    processors: tuple[str, ...] = ()
    timestep_at: int = 1
    resumable: bool = True
    drops_padding: bool = False

    def layers(self, model: Any) -> tuple[Layer, ...]:
        """Every self-attention over the video's tokens: main blocks first."""
        raise NotImplementedError

    def blocks(self, model: Any) -> nn.ModuleList:
        """The main blocks."""
        blocks: nn.ModuleList = getattr(model, self.blocks_name)
        return blocks

    def heads(self, model: Any) -> int:
        """H, attention heads of a layer."""
        return int(self.layers(model)[0].attention.heads)

    def grid(self, config: Any, latents: Tensor) -> TokenGrid | None:
        """How tokens lie in the video, from the model's config; None: not known for such latents."""
        return grid_of(latents, config.patch_size)

    def call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        """Timesteps, latents and conditions of a forward: what tells steps, branches and prompts apart."""
        return call_of(args, kwargs, self.timestep_at)

    def with_timestep(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], timestep: Tensor
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments of a forward with another timestep."""
        return with_timestep(args, kwargs, timestep, self.timestep_at)

    def is_plain(self, *args: Any, **kwargs: Any) -> bool:
        """Whether a processor's call, behind its hidden states, is self-attention without a mask."""
        raise NotImplementedError

    def project(self, attention: Any, hidden_states: Tensor, *args: Any, **kwargs: Any) -> Projected:
        """Q, K, V of a plain call."""
        raise NotImplementedError

    def output(self, attention: Any, heads: Tensor, after: Any = None) -> Any:
        """What the processor returns for attention's outcome.

        Args:
            attention: module.
            heads: `[B, N, H, D]`.
            after: of `Projected`.
        """
        raise NotImplementedError

    def prepared(self, model: Any) -> AbstractContextManager[None]:
        """What of the model's inputs nothing reads is left out, for as long as the block lasts."""
        return nullcontext()

    def token_args(self, args: tuple[Any, ...], index: Tensor) -> tuple[Any, ...]:
        """What a main block is given behind its hidden states, for some tokens alone.

        Args:
            args: as the model's forward gives them for all tokens.
            index: tokens, `[B, U]`; what belongs to a token is gathered by it.
        """
        raise NotImplementedError

    def frame_modulation(self, args: tuple[Any, ...], grid: TokenGrid) -> Tensor:
        """Time projection of every latent frame, `[B, F, D]`, out of a main block's arguments."""
        raise NotImplementedError

    def check(self, model: Any, name: str) -> None:
        """Refuse a model that is not built as its class says, such as one with its blocks taken out.

        Raises:
            ModelError: no layers.
        """
        try:
            fine = len(self.layers(model)) > 0
        except AttributeError:
            fine = False
        if not fine:
            raise ModelError(
                f"'{name}' ({type(model).__name__}) has no self-attention where its class has it",
                "pass a whole transformer, as from_pretrained() gives it",
            )
