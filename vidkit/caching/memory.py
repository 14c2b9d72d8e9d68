"""Keys and values of every layer, kept from step to step, so that a few tokens can be computed alone."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass
class _Layer:
    keys: Tensor  # [B, N, H, D], after norm and rotary embedding
    values: Tensor


class LayerMemory:
    """Keys and values of one guidance branch.

    A full forward replaces them without a copy; a partial one writes the rows of its tokens in place.
    """

    def __init__(self) -> None:
        self._layers: dict[int, _Layer] = {}

    def replace(self, layer: int, keys: Tensor, values: Tensor) -> None:
        """Take those of all tokens, `[B, N, H, D]`."""
        self._layers[layer] = _Layer(keys.detach(), values.detach())

    def scatter(self, layer: int, index: Tensor, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Write rows and give those of all tokens.

        Args:
            layer: which one.
            index: tokens, `[B, U]`.
            keys: theirs, `[B, U, H, D]`.
            values: theirs.
        """
        kept = self._layers[layer]
        wide = index[..., None, None].expand_as(keys)
        kept.keys.scatter_(1, wide, keys.to(kept.keys.dtype))
        kept.values.scatter_(1, wide, values.to(kept.values.dtype))
        return kept.keys, kept.values

    def holds(self, layers: int) -> bool:
        """Whether every layer is there."""
        return len(self._layers) == layers

    def tensors(self) -> list[Tensor]:
        """Every kept tensor."""
        return [t for layer in self._layers.values() for t in (layer.keys, layer.values)]
