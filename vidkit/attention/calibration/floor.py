"""The rounding floor: what a network of limited precision makes of the smallest change of one head.

A change of any size flips last bits, which the layers behind spread until the error no longer depends on its
cause. A probe at that floor says nothing about the mask. HASTE (arXiv 2605.14513) does not measure it.
It is a lower bound: a mask changes more than one unit and may set off more rounding.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from vidkit.attention.thresholds import ThresholdTable

log = logging.getLogger(__name__)


def nudged(x: Tensor, seed: int) -> Tensor:
    """`x * (1 + eps * sign)` with a random sign each: about one unit in the last place of the dtype.

    Args:
        x: any shape, floating point.
        seed: of the signs, drawn on the CPU: the same on every device.
    """
    generator = torch.Generator().manual_seed(seed)
    sign = torch.randint(0, 2, x.shape, generator=generator, dtype=torch.int8).mul_(2).sub_(1)
    return x * (1 + torch.finfo(x.dtype).eps * sign.to(x.device, x.dtype))


@dataclass(frozen=True)
class Floor:
    """The floor of a table and what lies at it.

    Attributes:
        layers: error after a nudge of one head of the layer, mean over the probed steps, `[L]`.
        median: of the layers.
        heads: heads with any block left out at any threshold.
        heads_at_floor: those whose error is below twice their layer's floor at every such threshold.
    """

    layers: list[float]
    median: float
    heads: int
    heads_at_floor: int


def floor_of(layers: Tensor, errors: Tensor, sparsities: Tensor) -> Floor:
    """Count the heads at the floor; a full mask is dense and has no error, so it counts neither way.

    Args:
        layers: floor `[L]`.
        errors: E `[L, H, K]`.
        sparsities: S `[L, H, K]`.
    """
    sparse = sparsities > 0
    at_floor = sparse.any(-1) & ((errors < 2 * layers[:, None, None]) | ~sparse).all(-1)
    # quantile: torch's median of an even number is the lower of the middle two
    return Floor(layers.tolist(), float(layers.quantile(0.5)), int(sparse.any(-1).sum()), int(at_floor.sum()))


def above_floor(table: ThresholdTable) -> float | None:
    """Sum over heads of what the chosen error has above the layer's floor; None: no floor in the table."""
    if not table.meta.get("floor"):
        return None
    index = torch.tensor([[table.candidates.index(tau) for tau in row] for row in table.tau])
    chosen = torch.tensor(table.E, dtype=torch.float64).gather(-1, index[..., None])[..., 0]
    layers = torch.tensor(table.meta["floor"]["layers"], dtype=torch.float64)
    return float((chosen - layers[:, None]).clamp(min=0).sum())


def floor_fields(floor: Tensor | None, errors: Tensor, sparsities: Tensor) -> dict[str, object]:
    """The floor as a field of the table; nothing where it was not measured."""
    return {} if floor is None else {"floor": asdict(floor_of(floor, errors, sparsities))}


def warn_at_floor(table: ThresholdTable) -> None:
    """Say what to do where the errors of most heads are rounding."""
    floor = table.meta.get("floor")
    if not floor or 2 * floor["heads_at_floor"] <= floor["heads"]:
        return
    other = "" if table.meta.get("dtype") == "float32" else "with dtype=fp32, or "
    log.warning(
        "%d of %d heads lose about as much at every threshold as rounding alone (%.2g): for them the table"
        " chooses by chance; calibrate %sat steps or thresholds where errors are larger",
        floor["heads_at_floor"],
        floor["heads"],
        floor["median"],
        other,
    )
