"""Libraries for dense attention, what each needs, and their calls; `[B, N, H, D]` throughout.

`native` is torch's own choice. The others are asked for by name, or found quickest on the device
(`vidkit.hooks.dense.choice`). Kernels that round Q and K to 8 bits are never chosen unasked.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from vidkit_kernels.attention_8bit import Kind, attention_8bit

from vidkit.errors import ConfigError
from vidkit.hooks.dense.fa4 import fa4_forward, fa4_problem

HALF = (torch.float16, torch.bfloat16)


@dataclass(frozen=True)
class DenseKernel:
    """One library's dense attention.

    Attributes:
        name: as `attention.backend=` takes it.
        attend: q, k, v `[B, N, H, D]` to the same shape as q; no mask.
        missing: why it cannot run on a device at all, or None.
        unsupported: why it cannot take a dtype and head size, or None.
        is_exact: whether Q, K, V are used as they are, not rounded to 8 bits.
        package: whose version makes it another kernel, besides torch's.
        diffusers: what diffusers calls it; empty: it has no name for it.
    """

    name: str
    attend: Callable[[Tensor, Tensor, Tensor], Tensor]
    missing: Callable[[torch.device], str | None]
    unsupported: Callable[[torch.dtype, int], str | None]
    is_exact: bool = True
    package: str = ""
    diffusers: str = ""


def problem(kernel: DenseKernel, device: torch.device, dtype: torch.dtype, head_dim: int) -> str | None:
    """Why a kernel cannot take such tensors, or None."""
    return kernel.missing(device) or kernel.unsupported(dtype, head_dim)


def kernel_of(name: str) -> DenseKernel:
    """A kernel by name.

    Raises:
        ConfigError: there is none of this name; the hint has the names.
    """
    if name not in KERNELS:
        raise ConfigError(
            f"unknown attention backend '{name}'", f"choose from: auto, {', '.join(sorted(KERNELS))}"
        )
    return KERNELS[name]


def require_kernel(name: str, device: torch.device, dtype: torch.dtype | None = None) -> DenseKernel:
    """A kernel that was asked for, or why there is none.

    Raises:
        ConfigError: it is not installed, or the device or dtype does not suit it.
    """
    kernel = kernel_of(name)
    why = kernel.missing(device) or (kernel.unsupported(dtype, 128) if dtype is not None else None)
    if why is not None:
        able = [n for n, other in KERNELS.items() if other.missing(device) is None]
        raise ConfigError(
            f"attention.backend={name} cannot be used: {why}",
            f"choose from: auto, {', '.join(able)}",
        )
    return kernel


def _sdpa(backend: SDPBackend | None) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        q, k, v = (x.transpose(1, 2) for x in (q, k, v))
        if backend is None:
            return F.scaled_dot_product_attention(q, k, v).transpose(1, 2)
        with sdpa_kernel(backend):
            return F.scaled_dot_product_attention(q, k, v).transpose(1, 2)

    return attend


def _fa4(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return fa4_forward(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)).transpose(1, 2)


def _sage(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    out: Tensor = importlib.import_module("sageattention").sageattn(q, k, v, tensor_layout="NHD")
    return out


def _eight_bit(kind: Kind) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        q, k, v = (x.transpose(1, 2) for x in (q, k, v))
        return attention_8bit(q, k, v, qk=kind).transpose(1, 2)

    return attend


def _no_fp8(device: torch.device) -> str | None:
    if (why := _no_gpu(device)) is not None:
        return why
    if importlib.util.find_spec("triton") is None:
        return "triton is not installed"
    if torch.cuda.get_device_capability(device) < (8, 9):
        return f"it needs an Ada or Hopper GPU, or later, and this is {torch.cuda.get_device_name(device)}"
    return None


def _nothing_missing(device: torch.device) -> str | None:
    return None


def _no_gpu(device: torch.device) -> str | None:
    return None if device.type == "cuda" else f"it needs a CUDA device, and this run is on {device.type}"


def _no_fa4(device: torch.device) -> str | None:
    if (why := _no_gpu(device) or fa4_problem()) is not None:
        return why
    if torch.cuda.get_device_capability(device)[0] < 9:
        return f"it needs a Hopper GPU or later, and this is {torch.cuda.get_device_name(device)}"
    return None


def _no_sage(device: torch.device) -> str | None:
    if (why := _no_gpu(device)) is not None:
        return why
    found = importlib.util.find_spec("sageattention") is not None
    return None if found else "sageattention is not installed (pip install sageattention)"


def _anything(dtype: torch.dtype, head_dim: int) -> str | None:
    return None


def _half(dtype: torch.dtype, head_dim: int) -> str | None:
    if dtype not in HALF:
        return f"it needs dtype=bf16 or fp16, and this run is in {str(dtype).removeprefix('torch.')}"
    return None


def _half_64_or_128(dtype: torch.dtype, head_dim: int) -> str | None:
    return _half(dtype, head_dim) or (
        None if head_dim in (64, 128) else f"heads of {head_dim} are neither 64 nor 128"
    )


KERNELS: dict[str, DenseKernel] = {
    kernel.name: kernel
    for kernel in (
        DenseKernel("fa4", _fa4, _no_fa4, _half_64_or_128, package="flash-attn-4"),
        DenseKernel("cudnn", _sdpa(SDPBackend.CUDNN_ATTENTION), _no_gpu, _half, diffusers="_native_cudnn"),
        DenseKernel("flash", _sdpa(SDPBackend.FLASH_ATTENTION), _no_gpu, _half, diffusers="_native_flash"),
        DenseKernel("sage", _sage, _no_sage, _half_64_or_128, is_exact=False, package="sageattention"),
        DenseKernel("int8", _eight_bit("int8"), _no_fp8, _half_64_or_128, is_exact=False),
        DenseKernel("fp8", _eight_bit("fp8"), _no_fp8, _half_64_or_128, is_exact=False),
        DenseKernel("native", _sdpa(None), _nothing_missing, _anything, diffusers="native"),
    )
}
