"""Where the GPU's time of a forward goes, by the names of the kernels that ran."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable

import torch

# first match wins
PARTS = (
    ("self-attention", r"FlashAttentionForward|attention_hopper_kernel|_attention_(descriptor_)?kernel"),
    (
        "mask prediction",
        r"^_(descriptor|pointer|combine|top_p|expand|share|assign|round|gate|means|count|scan|place|range|cover|move)"
        r"_kernel|[Rr]adix|[Ss]ort",
    ),
    ("linear layers", r"nvjet|gemm|cutlass"),
    ("norms, rotary and other fused elementwise", r"^triton_"),
    ("attention by library kernels", r"cudnn_generated|flash_fwd|fmha"),
    ("pooled drift", r"MeanOps"),
)


def part_of(kernel: str) -> str:
    """Which part of a forward a kernel's name belongs to."""
    return next((name for name, pattern in PARTS if re.search(pattern, kernel)), "other")


def breakdown(call: Callable[[], object], forwards: int, device: torch.device) -> dict[str, float]:
    """Milliseconds a forward of each part; empty without a GPU.

    With a library's dense self-attention, self- and cross-attention are one part: the names do not tell.
    """
    if device.type != "cuda":
        return {}
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CUDA]) as seen:
        call()
        torch.cuda.synchronize(device)
    spent: dict[str, float] = defaultdict(float)
    for row in seen.key_averages():
        if row.device_type.name == "CUDA" and row.self_device_time_total > 0:
            spent[part_of(row.key)] += row.self_device_time_total / 1e3 / forwards
    return dict(sorted(spent.items(), key=lambda item: -item[1]))
