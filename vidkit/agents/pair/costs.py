"""What the models of the pair cost, in arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from vidkit.agents.pair.network import PairNetwork
from vidkit.synthetic.zoom_scenes.layout import CROP
from vidkit.synthetic.zoom_scenes.questions import LENGTH

Found = TypeVar("Found")


def relative_costs(small: PairNetwork, large: PairNetwork) -> tuple[float, float]:
    """FLOPs of the large model's first look and of a crop with kept keys, in drafts of the small one."""
    device = small.grid.device
    question = torch.zeros(1, LENGTH, dtype=torch.long, device=device)
    views = [
        torch.rand(1, 3, model.config.view, model.config.view, device=device) for model in (small, large)
    ]
    drafted, _ = _counted(lambda: small.look(views[0], question))
    first, stage = _counted(lambda: large.look(views[1], question))
    cell = torch.zeros(1, dtype=torch.long, device=device)
    crop, _ = _counted(lambda: large.zoom(torch.rand(1, 3, CROP, CROP, device=device), cell, 1, stage))
    return first / drafted, crop / drafted


def _counted(call: Callable[[], Found]) -> tuple[float, Found]:
    # attention of other backends is not counted on every device
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        found = call()
    return float(counter.get_total_flops()), found
