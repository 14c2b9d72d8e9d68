"""What kernel tests and benchmarks share: inputs, relative error, poisoned memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


def relative_error(actual: Tensor, expected: Tensor) -> float:
    """RMS of the difference over RMS of the expected values; inf when anything is not finite."""
    actual, expected = actual.double(), expected.double()
    if not bool(torch.isfinite(actual).all()):
        return float("inf")
    return float((actual - expected).norm() / expected.norm().clamp_min(1e-30))


def make_qkv(
    B: int, H: int, N: int, D: int, dtype: torch.dtype = torch.float32, device: str = "cpu", seed: int = 0
) -> tuple[Tensor, Tensor, Tensor]:
    """Random q, k, v `[B, H, N, D]`, strided like the `[B, N, H, D]` that attention layers produce."""
    generator = torch.Generator(device).manual_seed(seed)
    q, k, v = (
        torch.randn(B, N, H, D, generator=generator, device=device, dtype=torch.float32)
        .to(dtype)
        .transpose(1, 2)
        for _ in range(3)
    )
    return q, k, v


def make_block_mask(
    B: int, H: int, nQ: int, nK: int, density: float, device: str = "cpu", seed: int = 0
) -> Tensor:
    """Random bool block mask `[B, H, nQ, nK]` with at least one block per row."""
    generator = torch.Generator(device).manual_seed(seed)
    score = torch.rand(B, H, nQ, nK, generator=generator, device=device)
    return (score < density) | (score == score.amin(-1, keepdim=True))


def dense_masked_attention(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor, block_q: int, block_k: int
) -> tuple[Tensor, Tensor]:
    """Attention by definition in fp64 with the full score matrix; small shapes only. Returns out and LSE."""
    N, Nk = q.shape[2], k.shape[2]
    keep = mask.repeat_interleave(block_q, 2)[:, :, :N].repeat_interleave(block_k, 3)[..., :Nk]
    logits = (q.double() @ k.double().mT * q.shape[-1] ** -0.5).masked_fill(~keep, float("-inf"))
    return logits.softmax(-1) @ v.double(), logits.logsumexp(-1)


@contextmanager
def poisoned_empty() -> Iterator[None]:
    """`torch.empty` and `empty_like` return NaN (or the lowest integer), so unwritten output shows."""
    originals: dict[str, Callable[..., Tensor]] = {n: getattr(torch, n) for n in ("empty", "empty_like")}

    def poison(make: Callable[..., Tensor]) -> Callable[..., Tensor]:
        def poisoned(*args: object, **kwargs: object) -> Tensor:
            t = make(*args, **kwargs)
            if t.is_floating_point():
                return t.fill_(float("nan"))
            return t if t.dtype in (torch.bool, torch.uint8) else t.fill_(torch.iinfo(t.dtype).min)

        return poisoned

    try:
        for name, make in originals.items():
            setattr(torch, name, poison(make))
        yield
    finally:
        for name, make in originals.items():
            setattr(torch, name, make)
