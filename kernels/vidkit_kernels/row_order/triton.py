"""Triton row movers: a program copies whole rows, so that every access is as wide as the head."""

from __future__ import annotations

import triton
import triton.language as tl
from torch import Tensor


@triton.jit
def _move_kernel(
    x_ptr, order_ptr, out_ptr, stride_xb, stride_xh, stride_xn, stride_ob, stride_oh, stride_on, H, N, D,
    PUT: tl.constexpr, WIDTH: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    head = tl.program_id(1).to(tl.int64)
    b, h = head // H, head % H
    position = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    d = tl.arange(0, WIDTH)
    token = tl.load(order_ptr + head * N + position, mask=position < N, other=0)
    source = position if PUT else token
    target = token if PUT else position
    inside = (position < N)[:, None] & (d < D)[None, :]
    x = x_ptr + b * stride_xb + h * stride_xh + source[:, None].to(tl.int64) * stride_xn + d[None, :]
    out = out_ptr + b * stride_ob + h * stride_oh + target[:, None].to(tl.int64) * stride_on + d[None, :]
    tl.store(out, tl.load(x, mask=inside), mask=inside)


def move_rows_triton(x: Tensor, order: Tensor, out: Tensor, put: bool) -> Tensor:
    """See `take_rows` and `put_rows`; writes into `out`."""
    B, H, N, D = x.shape
    x = x if x.stride(-1) == 1 else x.contiguous()
    block = 32
    if B * H * N:
        _move_kernel[(-(-N // block), B * H)](
            x, order.contiguous(), out, x.stride(0), x.stride(1), x.stride(2),
            out.stride(0), out.stride(1), out.stride(2), H, N, D,
            PUT=put, WIDTH=triton.next_power_of_2(D), BLOCK=block, num_warps=4,
        )  # fmt: skip
    return out
