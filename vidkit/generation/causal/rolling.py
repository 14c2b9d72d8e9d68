"""Keys and values of the last frames of a clip and of its first ones, in a buffer of fixed size.

A frame has a slot. The slots of the sink hold the clip's first frames for good; all others are a ring, in
which a new frame takes the place of the oldest. Attention has no mask and keys carry their positions, so the
order of slots does not matter and nothing is ever moved or copied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from torch import Tensor


@dataclass
class _Layer:
    keys: Tensor  # [B, window * P, H, D], after rotary embedding
    values: Tensor
    sink_keys: Tensor | None = None  # at their own positions, where they are moved


class RollingKeyValues:
    """An exchange for one pass after the other; see `vidkit.models.block_model.Exchange`.

    Args:
        window: frames that there is room for, the sink's included.
        per_frame: tokens of a frame, P.
        sink: first frames of the clip that stay.
        moved: keys whose positions are moved in time by some frames; None: the sink stays where it was.
    """

    def __init__(
        self,
        window: int,
        per_frame: int,
        sink: int = 0,
        moved: Callable[[Tensor, int], Tensor] | None = None,
    ) -> None:
        self.window, self.per_frame, self.sink = window, per_frame, sink
        self._moved = moved
        self._layers: dict[int, _Layer] = {}
        self._start(sink)

    def _start(self, origin: int) -> None:
        self._origin = origin  # frame in the ring's first slot
        self._held = self._first = self._frames = self._shift = 0

    @property
    def ring(self) -> int:
        """Frames that there is room for beside the sink."""
        return self.window - self.sink

    @property
    def tokens(self) -> int:
        """Tokens that the pass attends to."""
        return self._held * self.per_frame

    @property
    def bytes(self) -> int:
        """What all tensors take."""
        kept = [(x.keys, x.values, x.sink_keys) for x in self._layers.values()]
        return sum(x.nbytes for layer in kept for x in layer if x is not None)

    def restart(self, first: int) -> None:
        """Forget everything; what comes next are the sink's frames, then frames from `first` on."""
        self._start(max(first, self.sink))
        for held in self._layers.values():
            held.sink_keys = None

    def begin(self, first: int, frames: int) -> None:
        """A pass of the frames [first, first + frames) comes; the oldest make room for them."""
        self._first, self._frames = first, frames
        self._held = max(self._held, *(self._slot(f) + 1 for f in range(first, first + frames)))
        shift = max(self._origin, first + frames - self.ring) - self.sink
        if self._moved is not None and self.sink and first >= self.sink and shift != self._shift:
            self._shift = shift
            for held in self._layers.values():
                self._move_sink(held)

    def __call__(self, layer: int, keys: Tensor, values: Tensor, queries: Tensor) -> tuple[Tensor, Tensor]:
        held = self._layers.get(layer)
        if held is None:
            size = self.window * self.per_frame
            held = _Layer(*(x.new_zeros(x.shape[0], size, *x.shape[2:]) for x in (keys, values)))
            self._layers[layer] = held
        for source, target in self._pieces():
            held.keys[:, target] = keys[:, source]
            held.values[:, target] = values[:, source]
        return held.keys[:, : self.tokens], held.values[:, : self.tokens]

    def clear(self) -> None:
        """Give up every tensor."""
        self._layers.clear()
        self._start(self.sink)

    def _slot(self, frame: int) -> int:
        return frame if frame < self.sink else self.sink + (frame - self._origin) % self.ring

    def _pieces(self) -> Iterator[tuple[slice, slice]]:
        """Tokens of the pass, and where they go: runs of neighbouring slots."""
        start = 0
        slots = [self._slot(self._first + n) for n in range(self._frames)]
        for n in range(1, len(slots) + 1):
            if n == len(slots) or slots[n] != slots[n - 1] + 1:
                size = self.per_frame
                yield (
                    slice(start * size, n * size),
                    slice(slots[start] * size, (slots[n - 1] + 1) * size),
                )
                start = n

    def _move_sink(self, held: _Layer) -> None:
        assert self._moved is not None
        length = self.sink * self.per_frame
        if held.sink_keys is None:
            held.sink_keys = held.keys[:, :length].clone()
        held.keys[:, :length] = self._moved(held.sink_keys, self._shift)
