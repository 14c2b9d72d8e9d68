"""FLOPs of a forward, in layers and outside of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

from vidkit.models.layouts import Layout, layout_of
from vidkit.models.layouts.base import Clip
from vidkit.models.transformer_cost import TransformerShape


class ForwardCost(Protocol):
    """FLOPs of a forward in which only some tokens pass the layers."""

    def ends(self) -> float:
        """Embeddings and head, which run at every step for every token."""
        ...

    def layers(self, computed: float, share: float = 1.0, layers: int | None = None) -> float:
        """All layers, or some, on the computed tokens, which attend to all.

        Args:
            computed: how many.
            share: of the prompt's keys and values that is theirs: a block's share of the forward.
            layers: how many; None: all.
        """
        ...


@dataclass(frozen=True)
class WanCost:
    """Of Wan and SkyReels-V2.

    Attributes:
        shape: of the transformer.
        tokens: of the forward.
        text: tokens of the prompt.
    """

    shape: TransformerShape
    tokens: int
    text: int

    def ends(self) -> float:
        return replace(self.shape, layers=0).pass_flops(self.tokens, self.tokens, self.text).total

    def layers(self, computed: float, share: float = 1.0, layers: int | None = None) -> float:
        if not computed:
            return 0.0
        one = replace(self.shape, layers=1)
        prompt, empty = one.pass_flops(0, 0, self.text).total, replace(one, layers=0)
        prompt -= empty.pass_flops(0, 0, self.text).total
        tokens = one.pass_flops(1, self.tokens, self.text).total - one.pass_flops(0, 0, self.text).total
        tokens -= empty.pass_flops(1, 0, self.text).total - empty.pass_flops(0, 0, self.text).total
        return (self.shape.layers if layers is None else layers) * (tokens * computed + prompt * share)


@dataclass(frozen=True)
class LayoutCost:
    """Of the families on diffusers' own pipelines, whose layers are computed for all tokens or for none.

    Attributes:
        layout: of the family.
        config: constructor arguments of the transformer.
        clip: of the forward.
    """

    layout: Layout
    config: Any
    clip: Clip

    def ends(self) -> float:
        return self.layout.ends_flops(self.config, self.clip)

    def layers(self, computed: float, share: float = 1.0, layers: int | None = None) -> float:
        if not computed:
            return 0.0
        whole = self.layout.forward_flops(self.config, self.clip).total - self.ends()
        part = 1.0 if layers is None else layers / self.layout.attention_layers(self.config)
        return whole * part * computed / self.clip.tokens


def forward_cost(layout: str | None, config: Any, clip: Clip) -> ForwardCost:
    """The cost of a forward.

    Args:
        layout: of the family, in `vidkit.models.layouts`; None: as Wan.
        config: of the transformer, in diffusers' names.
        clip: tokens and text of the forward.
    """
    found = None if layout is None else layout_of(layout)
    if found is None:
        return WanCost(TransformerShape.of(config), clip.tokens, clip.text_tokens)
    return LayoutCost(found, {**found.transformer_defaults, **config}, clip)
