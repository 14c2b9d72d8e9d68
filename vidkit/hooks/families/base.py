"""What an adapter says of a model family: its self-attention, its tokens, its text, its steps."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from torch import Tensor, nn

from vidkit.errors import ModelError
from vidkit.hooks.calls import Call, call_of, grid_of, with_timestep
from vidkit.hooks.token_grid import TokenGrid, patched, unpatched


class TextPlace(Enum):
    """Where the prompt's tokens are."""

    CROSS = "read by cross-attention alone"
    BEFORE = "in the same attention, before the video"
    AFTER = "in the same attention, after the video"

    def grid(self, video: TokenGrid, tokens: int) -> TokenGrid:
        """The video's grid with the text that shares an attention of so many tokens."""
        if self is TextPlace.CROSS:
            return video
        words = tokens - video.tokens
        return replace(video, **({"before": words} if self is TextPlace.BEFORE else {"after": words}))


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
        text_at: that of the prompt.
        carries: arguments of a main block that it hands on, in the forward's order: the video's tokens first.
        beside: how many of them the model's output depends on beside the video's: those of its sound.
        token_wise: whether main blocks take some tokens alone, with what belongs to them (`token_args`).
        control_name: attribute with blocks that run before the main ones and add to them; None: none.
        layout: what the model costs, in `vidkit.models.layouts`; None: as Wan.
        drops_padding: whether `prepared` leaves padding out, for which every layer needs a processor of ours.
        processors: classes of attention processors whose dense attention is `project`, the softmax and
            `output`, so that one compiled graph can hold it.
    """

    blocks_name: str = "blocks"
    text: TextPlace = TextPlace.CROSS
    processors: tuple[str, ...] = ()
    timestep_at: int = 1
    text_at: int = 2
    carries: tuple[str, ...] = ("hidden_states",)
    beside: int = 0
    token_wise: bool = False
    control_name: str | None = None
    layout: str | None = None
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

    def frame_modulation(self, args: tuple[Any, ...], kwargs: dict[str, Any], grid: TokenGrid) -> Tensor:
        """Time projection of every latent frame, `[B, F, D]`.

        Args:
            args: of a main block, behind what it hands on.
            kwargs: likewise, by name.
            grid: of the video's tokens.
        """
        raise NotImplementedError

    def carried(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Tensor, ...]:
        """What a main block was given and hands on, in the order of `carries`."""
        return tuple(
            args[place] if place < len(args) else kwargs[name] for place, name in enumerate(self.carries)
        )

    def with_carried(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], states: Sequence[Tensor]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments of a main block with other states."""
        here = len(args[: len(self.carries)])
        named = dict(zip(self.carries[here:], states[here:], strict=True))
        return (*states[:here], *args[here:]), {**kwargs, **named}

    def handed_on(self, states: Sequence[Tensor]) -> Any:
        """As a main block returns them: the tensor itself if it is one."""
        return tuple(states) if len(self.carries) > 1 else states[0]

    def main_args(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Arguments of the first main block, out of those of the first control block."""
        raise NotImplementedError

    def grid_of_call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> TokenGrid | None:
        """How tokens lie, where latents come packed and the forward is told; None: `grid` knows."""
        return None

    def text_tokens(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int:
        """Tokens of the prompt in a forward, padding included."""
        text = kwargs["encoder_hidden_states"] if "encoder_hidden_states" in kwargs else args[self.text_at]
        return int(text.shape[1])

    def seconds(self, config: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> float:
        """How long the clip of a forward plays, where its sound costs something; 0: it has none."""
        return 0.0

    def by_token(self, output: Tensor, grid: TokenGrid) -> Tensor:
        """The model's output, one row a token, `[B, N, D]`."""
        return patched(output, grid)

    def by_place(self, tokens: Tensor, like: Tensor, grid: TokenGrid) -> Tensor:
        """The other way."""
        return unpatched(tokens, like.shape, grid)

    def by_frame(self, latents: Tensor, grid: TokenGrid) -> Tensor:
        """Noisy latents, `[B, C, F, H, W]`."""
        return latents

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
