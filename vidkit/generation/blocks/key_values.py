"""Keys and values of a clip's blocks, kept from step to step: one buffer a layer, blocks in order of time.

A block's rows are overwritten whenever its tokens pass the layers; what does not pass stays as it was. Blocks
that are finished may be squeezed to a fixed number of tokens a head, which then stand before all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from vidkit.caching import compress_kv
from vidkit.errors import ConfigError

QUERIES = 50  # last tokens of a block whose queries score what is squeezed


@dataclass
class _Layer:
    keys: Tensor  # [B, capacity, H, D], after norm and rotary embedding
    values: Tensor
    queries: Tensor | None = None  # of the last block that passed, [B, q, Hq, D]


class KeyValues:
    """Keys and values of one guidance branch.

    Args:
        tokens: P, tokens of a block.
        capacity: blocks that there is room for at once; more are made room for when they come.
        keep_queries: keep the last queries, which `squeeze` needs.
    """

    def __init__(self, tokens: int, capacity: int = 1, keep_queries: bool = False) -> None:
        self.tokens, self.capacity, self.keep_queries = tokens, capacity, keep_queries
        self.first = 0  # first block that is held whole
        self.squeezed = 0  # tokens that stand for the blocks before it
        self._layers: dict[int, _Layer] = {}

    def place(self, block: int) -> int:
        """Where a block's tokens begin."""
        if block < self.first:
            raise ConfigError(
                f"block {block} is no longer held: blocks are squeezed or dropped before {self.first}",
                "compute blocks in order of time, or raise the budget",
            )
        return self.squeezed + (block - self.first) * self.tokens

    def write(self, layer: int, block: int, keys: Tensor, values: Tensor, rows: Tensor | None = None) -> None:
        """Store keys and values of a block's tokens.

        Args:
            layer: index.
            block: absolute index.
            keys: `[B, n, H, D]`; n = P without rows. Several blocks at once may be given whole.
            values: likewise.
            rows: tokens within the block, `[n]` or of each clip `[B, n]`.
        """
        start = self.place(block)
        length = keys.shape[1] if rows is None else self.tokens
        held = self._room(layer, start + length, keys, values)
        if rows is None:
            held.keys[:, start : start + length] = keys
            held.values[:, start : start + length] = values
        else:
            clips = slice(None) if rows.dim() == 1 else torch.arange(len(rows), device=rows.device)[:, None]
            held.keys[clips, start + rows] = keys.to(held.keys.dtype)
            held.values[clips, start + rows] = values.to(held.values.dtype)

    def note_queries(self, layer: int, queries: Tensor) -> None:
        """Keep the last of a block's queries, `[B, n, Hq, D]`."""
        if self.keep_queries:
            self._layers[layer].queries = queries[:, -QUERIES:].clone()

    def read(self, layer: int, first: int, stop: int) -> tuple[Tensor, Tensor]:
        """Keys and values of the blocks [first, stop), `[B, T, H, D]`; views, no copies.

        What is squeezed is seen as a whole by every block that could see a part of it.
        """
        start = 0 if first < self.first else self.place(first)
        end = self.place(stop)
        held = self._layers[layer]
        return held.keys[:, start:end], held.values[:, start:end]

    def _room(self, layer: int, needed: int, keys: Tensor, values: Tensor) -> _Layer:
        held = self._layers.get(layer)
        if held is not None and held.keys.shape[1] >= needed:
            return held
        size = max(needed, self.squeezed + self.capacity * self.tokens)
        grown = _Layer(*(x.new_zeros(x.shape[0], size, *x.shape[2:]) for x in (keys, values)))
        if held is not None:
            old = held.keys.shape[1]
            grown.keys[:, :old], grown.values[:, :old] = held.keys, held.values
            grown.queries = held.queries
        self._layers[layer] = grown
        return grown

    def drop_before(self, block: int) -> None:
        """Forget blocks that nobody will see again; those after move to the front."""
        if self.squeezed or block <= self.first:
            return
        shift = (block - self.first) * self.tokens
        for held in self._layers.values():
            for x in (held.keys, held.values):
                x[:, : x.shape[1] - shift] = x[:, shift:].clone()
        self.first = block

    def squeeze(self, block: int, budget: int, sink: int = 0, recent: int = 0) -> None:
        """Squeeze everything before a block to at most `budget` tokens a head.

        Args:
            block: first that stays whole.
            budget: tokens.
            sink: leading tokens that stay.
            recent: last tokens that stay.
        """
        length = self.place(block)
        if length <= budget:
            return
        for held in self._layers.values():
            assert held.queries is not None, "keep_queries is off"
            kept = [
                compress_kv(
                    _heads(held.keys[b, :length]),
                    _heads(held.values[b, :length]),
                    _heads(held.queries[b]),
                    budget,
                    sink=sink,
                    recent=recent,
                )
                for b in range(held.keys.shape[0])
            ]
            for x, part in ((held.keys, 0), (held.values, 1)):
                small = torch.stack([one[part] for one in kept]).transpose(1, 2)
                x[:, : x.shape[1] - length + budget] = torch.cat([small, x[:, length:]], dim=1)
        self.first, self.squeezed = block, budget

    def tensors(self) -> Sequence[Tensor]:
        """Everything that is held."""
        found = [x for held in self._layers.values() for x in (held.keys, held.values, held.queries)]
        return [x for x in found if x is not None]

    @property
    def bytes(self) -> int:
        """What all tensors take."""
        return sum(x.nbytes for x in self.tensors())

    def clear(self) -> None:
        """Forget everything."""
        self._layers.clear()
        self.first = self.squeezed = 0


def _heads(x: Tensor) -> Tensor:
    """`[n, H, D]` to `[H, n, D]`."""
    return x.transpose(0, 1)


@dataclass
class Exchanging:
    """The exchange of one block's pass: writes to one branch or several, reads from the first.

    Attributes:
        memories: of the branches that get these keys and values.
        block: absolute index.
        first: it sees the blocks [first, stop).
        stop: one past the last.
        rows: computed tokens; None: all.
        keys_seen: tokens attended to, after the pass.
    """

    memories: Sequence[KeyValues]
    block: int
    first: int
    stop: int
    rows: Tensor | None = None
    keys_seen: int = 0

    def length(self, own: int) -> int:
        """Tokens that a full pass would attend to, where there is none.

        Args:
            own: tokens of the block.
        """
        memory = self.memories[0]
        start = 0 if self.first < memory.first else memory.place(self.first)
        return max(own, memory.place(self.stop) - start)

    def __call__(self, layer: int, keys: Tensor, values: Tensor, queries: Tensor) -> tuple[Tensor, Tensor]:
        for memory in self.memories:
            memory.write(layer, self.block, keys, values, self.rows)
            memory.note_queries(layer, queries)
        found = self.memories[0].read(layer, self.first, self.stop)
        self.keys_seen = found[0].shape[1]
        return found


@dataclass
class Peeking:
    """An exchange that changes nothing: the block's own keys and values after those of earlier blocks."""

    memory: KeyValues
    block: int
    first: int

    def __call__(self, layer: int, keys: Tensor, values: Tensor, queries: Tensor) -> tuple[Tensor, Tensor]:
        if self.first >= self.block:
            return keys, values
        before = self.memory.read(layer, self.first, self.block)
        return torch.cat([before[0], keys], dim=1), torch.cat([before[1], values], dim=1)
