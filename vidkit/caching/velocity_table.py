"""How a model's velocities lie to one another along the noise levels: their inner products, measured once.

From them follows what any line through two computed velocities gets wrong anywhere, and so where full steps
are worth most (`vidkit.caching.step_placing`). One table serves any number of steps up to its own.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vidkit.errors import DataError
from vidkit.utils.paths import expanded
from vidkit.utils.strict_json import load_json

SHIPPED = Path(__file__).parent / "tables" / "maze.json"


@dataclass(frozen=True)
class VelocityTable:
    """Inner products of velocities.

    Attributes:
        levels: noise levels, falling.
        products: mean over clips and numbers of v_i v_j, `[M, M]`.
    """

    levels: tuple[float, ...]
    products: tuple[tuple[float, ...], ...]

    @property
    def plain(self) -> dict[str, Any]:
        """As it stands in a file."""
        rows = [[float(f"{x:.9g}") for x in row] for row in self.products]
        return {"levels": list(self.levels), "products": rows}

    @classmethod
    def of(cls, plain: Any) -> VelocityTable:
        """The other way.

        Raises:
            ValueError: levels that do not fall, or not as many products.
            TypeError, KeyError: not such a table.
        """
        levels = tuple(map(float, plain["levels"]))
        products = tuple(tuple(map(float, row)) for row in plain["products"])
        if len(levels) < 3 or any(a <= b for a, b in pairwise(levels)):
            raise ValueError("velocities need three noise levels or more, falling")
        if len(products) != len(levels) or {len(row) for row in products} != {len(levels)}:
            raise ValueError(f"velocities need {len(levels)} x {len(levels)} products")
        return cls(levels, products)


@functools.lru_cache(maxsize=8)
def load_velocities(path: str) -> VelocityTable:
    """The velocities of a table of `vidkit calibrate cache`.

    Raises:
        DataError: missing, or without velocities.
    """
    try:
        plain = load_json(expanded(path).read_text(encoding="utf-8"), path)
        return VelocityTable.of(plain["velocities"])
    except OSError as error:
        raise DataError(f"no table at {path}", "make one: vidkit calibrate cache -o FILE") from error
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise DataError(
            f"'{path}' has no table of velocities: {error}", "make one: vidkit calibrate cache -o FILE"
        ) from error


class VelocityRecorder:
    """Collects velocities of clips that are denoised without a cache; of the first guidance branch.

    Args:
        where: gives branch, step, noise level and given latent frames of the forward that has just ended.
    """

    def __init__(self, where: Any) -> None:
        self._where = where
        self._levels: list[float] = []
        self._clip: list[Tensor] = []
        self._sum: Tensor | None = None
        self._clips = 0

    @contextmanager
    def on(self, transformer: Any) -> Iterator[None]:
        """For the length of a block, every forward's output is taken in."""
        hook = transformer.register_forward_hook(lambda module, args, output: self.take(output))
        try:
            yield
        finally:
            hook.remove()

    def take(self, output: Any) -> None:
        """The output of a forward, `[B, C, F, H, W]`."""
        ctx = self._where()
        if ctx is None:
            return
        if ctx.step == 0:
            self._finish()
            self._levels = []
        velocity = output[0] if isinstance(output, tuple) else output.sample
        self._clip.append(velocity[:, :, ctx.given :].detach().float().cpu().flatten())
        self._levels.append(ctx.level)

    def _finish(self) -> None:
        if not self._clip:
            return
        clip = torch.stack(self._clip).double()
        products = clip @ clip.T / clip.shape[1]
        self._sum = products if self._sum is None else self._sum + products
        self._clips += 1
        self._clip = []

    def table(self) -> VelocityTable:
        """What was measured."""
        self._finish()
        assert self._sum is not None
        mean = (self._sum / self._clips).tolist()
        return VelocityTable(tuple(self._levels), tuple(tuple(row) for row in mean))
