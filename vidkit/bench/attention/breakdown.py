"""Where the GPU's time of a forward goes: kernels by name, and by the operator that launched them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch

LIBRARY_ATTENTION = "attention by library kernels"
LINEAR = "linear layers"
# first match wins: names of attention kernels often hold "cutlass" or "gemm" as well, so they come before
PARTS = (
    (
        "self-attention",
        r"FlashAttentionForward|attention_hopper_kernel|_attention_(descriptor_)?kernel|flex_attention",
    ),
    (
        LIBRARY_ATTENTION,
        r"flash_fwd|flash::|FlashAttnFwd|flash_attn|fmha|cudnn_generated|sdpa|_attn_fwd|attention_kernel_batched",
    ),
    (
        "mask prediction",
        r"^_(descriptor|pointer|combine|top_p|expand|share|assign|round|gate|means|count|scan|place|range|cover|move)"
        r"_kernel|[Rr]adix|[Ss]ort",
    ),
    (LINEAR, r"nvjet|gemm|gemv|cutlass|cublas|splitK|convolution|implicit_conv|^triton_tem_"),
    ("pooled drift", r"MeanOps"),
    (
        "norms, rotary and other elementwise",
        r"^triton_|elementwise|layer_?norm|rms_?norm|RowwiseMoments|softmax|reduce_kernel",
    ),
)
# what launched a kernel, where its name says nothing
OPERATORS = (
    (LIBRARY_ATTENTION, r"scaled_dot_product|_flash_attention|_cudnn_attention|_efficient_attention"),
    (LINEAR, r"^aten::(linear|mm|addmm|bmm|baddbmm|matmul|_scaled_mm|conv\w*|cudnn_convolution)$"),
)
OTHER = "other"


def part_of(kernel: str, operators: Sequence[str] = ()) -> str:
    """Which part of a forward a kernel belongs to.

    Args:
        kernel: its name.
        operators: that launched it, the innermost first. A library's attention is one whatever its kernels
            are called; elsewhere they count where the name is unknown.
    """
    by_operator = next((part for op in operators for part, known in OPERATORS if re.search(known, op)), None)
    if by_operator == LIBRARY_ATTENTION:
        return by_operator
    by_name = next((part for part, known in PARTS if re.search(known, kernel)), None)
    return by_name or by_operator or OTHER


def split(
    totals: Mapping[str, float], launches: Iterable[tuple[str, Sequence[str], float]]
) -> dict[str, float]:
    """Time of each part, the largest first; adds up to the time of all kernels.

    Args:
        totals: time of every kernel by name.
        launches: name, operators (innermost first) and time of those whose launch is known. A name that
            serves several parts is divided as its launches are.
    """
    seen: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for name, operators, time in launches:
        seen[name][part_of(name, operators)] += time
    spent: dict[str, float] = defaultdict(float)
    for name, total in totals.items():
        shares = seen.get(name) or {part_of(name): 1.0}
        whole = sum(shares.values()) or 1.0
        for part, share in shares.items():
            spent[part] += total * share / whole
    return dict(sorted(spent.items(), key=lambda item: -item[1]))


def breakdown(call: Callable[[], object], forwards: int, device: torch.device) -> dict[str, float]:
    """Milliseconds a forward of each part; empty without a GPU.

    With a library's dense self-attention, self- and cross-attention are one part: neither the names nor the
    operators tell.
    """
    if device.type != "cuda":
        return {}
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as found:
        call()
        torch.cuda.synchronize(device)
    totals = {
        row.key: row.self_device_time_total / 1e3 / forwards
        for row in found.key_averages()
        if row.device_type.name == "CUDA" and row.self_device_time_total > 0
    }
    return split(totals, launches_of(found.events()))


def launches_of(events: Iterable[Any]) -> list[tuple[str, list[str], float]]:
    """Kernels of a profile with the operators around their launch, the innermost first."""
    found = []
    for event in events:
        for kernel in getattr(event, "kernels", ()):
            operators, around = [], event
            while around is not None:
                operators.append(str(around.name))
                around = around.cpu_parent
            found.append((str(kernel.name), operators, float(kernel.duration)))
    return found
