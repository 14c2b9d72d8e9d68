"""What a loop over blocks needs of a video transformer: to be run on some tokens of one block at a time.

A clip is cut into blocks of latent frames. The loop decides for each block whether all of its tokens, some,
or none pass the layers; keys and values live in buffers of the loop, not of the model. So a model says four
things only: what it makes of a prompt, what enters its layers, what the layers make of it, and what leaves.

    condition = model.condition(text)
    entered = model.enter(latents, levels, condition, first_frame)
    out = model.run_layers(entered, exchange)                # or of some tokens: rows=...
    velocity = model.to_latents(entered, model.head(entered, out))
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor


class Exchange(Protocol):
    """Takes keys and values of the tokens that are computed, gives those that they attend to."""

    def __call__(self, layer: int, keys: Tensor, values: Tensor, queries: Tensor) -> tuple[Tensor, Tensor]:
        """Store and look up.

        Args:
            layer: index of the layer, 0 first.
            keys: of the computed tokens, `[B, n, H, D]`, after norm and rotary embedding; H is the number of
                key-value heads.
            values: likewise.
            queries: likewise, `[B, n, Hq, D]`; compression looks at them.

        Returns:
            Keys and values to attend to, `[B, T, H, D]` each; there is no mask beside them.
        """


@dataclass
class Entered:
    """A block on its way through the layers.

    Attributes:
        hidden: before the first layer, `[B, P, C]`, tokens in raster order (frame, row, column).
        frame_of: latent frame of each token within the block, `[P]`.
        state: what the model itself needs on the way: modulation, rotary tables, prompt.
        signals: what cache policies may look at, by name: "time" is the time projection of every latent
            frame, `[B, m, ...]`; "embedded" is the embedding of the noisy latents, `[B, P, C]`.
    """

    hidden: Tensor
    frame_of: Tensor
    state: Any
    signals: dict[str, Tensor] = field(default_factory=dict)


class BlockModel(Protocol):
    """A transformer that can be run on some tokens of a block.

    Attributes:
        layers: number of layers, each with one exchange a run.
        patch: latent frames, rows and columns of a token.
    """

    layers: int
    patch: tuple[int, int, int]

    def condition(self, text: Tensor) -> Any:
        """What all layers read of a prompt `[B, S, text_dim]`; made once a run and branch."""

    def enter(self, latents: Tensor, levels: Tensor, condition: Any, first_frame: int) -> Entered:
        """Embed a block.

        Args:
            latents: `[B, C, m, h, w]`.
            levels: what the model is told of each latent frame's noise, `[m]`, in the unit it was trained
                with (0..1000 falling to clean for SkyReels-V2, 0..1 rising to clean for MAGI-1).
            condition: from `condition`.
            first_frame: position of the block's first latent frame, for rotary embeddings.
        """

    def run_layers(
        self, entered: Entered, exchange: Exchange, rows: Tensor | None = None, stop: int | None = None
    ) -> Tensor:
        """Run the layers on the tokens `rows` (indices into the block, ascending; None: all).

        Every layer calls `exchange` once. What belongs to a token (hidden state, rotary table, modulation)
        is gathered for `rows`, never cut from the front.

        Args:
            entered: from `enter`; left as it is.
            exchange: where keys and values go and come from.
            rows: `[n]` int64, or `[B, n]` where each clip has tokens of its own.
            stop: run only so many layers; None: all.

        Returns:
            After the last of them, `[B, n, C]`.
        """

    def head(self, entered: Entered, hidden: Tensor, rows: Tensor | None = None) -> Tensor:
        """Output head on the tokens `rows` (None: all), `[B, n, C]` to velocities `[B, n, D]`."""

    def to_latents(self, entered: Entered, velocities: Tensor) -> Tensor:
        """Velocities of all tokens `[B, P, D]` put back into place, `[B, C_out, m, h, w]`."""

    def pass_flops(self, queries: float, keys: int, frames: int) -> float:
        """FLOPs of `queries` tokens that attend to `keys` tokens, through all layers and the head.

        Args:
            queries: computed tokens.
            keys: tokens that they attend to.
            frames: latent frames whose noise levels are embedded.
        """
