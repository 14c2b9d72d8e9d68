"""Keys and values that outlive a forward, by layer and absolute chunk."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


class ChunkKeyValues:
    """K and V of chunks, after norm and rotary embedding, so that their place in memory means nothing.

    One object serves one guidance branch of one clip. Chunks are told by their absolute number, so a window
    that moves on finds them again.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[int, int], tuple[Tensor, Tensor]] = {}

    def __contains__(self, chunk: int) -> bool:
        return (0, chunk) in self._kept

    @property
    def chunks(self) -> tuple[int, ...]:
        """Absolute numbers of the chunks held, ascending."""
        return tuple(sorted({chunk for _, chunk in self._kept}))

    @property
    def bytes(self) -> int:
        """What all tensors take."""
        return sum(k.nbytes + v.nbytes for k, v in self._kept.values())

    def get(self, layer: int, chunk: int) -> tuple[Tensor, Tensor]:
        """K and V `[B, P, Hkv, D]` of one chunk.

        Raises:
            KeyError: never stored, or dropped.
        """
        return self._kept[layer, chunk]

    def put(self, layer: int, chunk: int, key: Tensor, value: Tensor, rows: Tensor | None = None) -> None:
        """Keep K and V of a chunk; with `rows`, only those tokens of it are replaced.

        Args:
            layer: from 0.
            chunk: absolute number.
            key: `[B, P, Hkv, D]`, or `[B, len(rows), Hkv, D]`.
            value: likewise.
            rows: token numbers within the chunk.
        """
        if rows is None:
            # copies: a view would keep the tensors of the whole forward
            self._kept[layer, chunk] = (_copied(key), _copied(value))
            return
        old_key, old_value = self._kept[layer, chunk]
        # new tensors: the old ones may be part of a result that someone still holds
        self._kept[layer, chunk] = (
            old_key.index_copy(1, rows, key.to(old_key.dtype)),
            old_value.index_copy(1, rows, value.to(old_value.dtype)),
        )

    def seen(
        self, layer: int, chunks: Iterable[int], own: Iterable[tuple[Tensor, Tensor]]
    ) -> tuple[Tensor, Tensor]:
        """K and V of kept chunks, then of the forward's own, joined along the tokens."""
        pairs = [*(self.get(layer, chunk) for chunk in chunks), *own]
        if len(pairs) == 1:
            return pairs[0]
        return torch.cat([k for k, _ in pairs], dim=1), torch.cat([v for _, v in pairs], dim=1)

    def drop_before(self, chunk: int) -> None:
        """Forget every chunk with a smaller number."""
        self._kept = {key: kept for key, kept in self._kept.items() if key[1] >= chunk}

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()


def _copied(x: Tensor) -> Tensor:
    return x.clone(memory_format=torch.contiguous_format)
