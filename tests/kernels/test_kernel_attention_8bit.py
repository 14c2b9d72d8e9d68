"""Attention in 8 bits: kernel against reference, reference against fp32, dense and over lists."""

import pytest
import torch
from vidkit_kernels._testing import dense_masked_attention, make_block_mask, make_qkv, relative_error
from vidkit_kernels.attention_8bit import (
    attention_8bit,
    attention_8bit_reference,
    dequantized,
    quantize_qkv,
)
from vidkit_kernels.packed_mask import expand_packed, pack_mask

# of the norm, beside exact attention on the same inputs (Gaussian, the hardest: no logit stands out)
ERROR = {("int8", "half"): 0.02, ("int8", "fp8"): 0.05, ("fp8", "half"): 0.08, ("fp8", "fp8"): 0.09}
KINDS = list(ERROR)
INTERPRETER = 2.5  # Triton's interpreter cuts FP8 values off where a GPU rounds them
CASES = [
    pytest.param(1, 2, 200, 64, 64, 64, id="ragged"),
    pytest.param(2, 1, 128, 32, 32, 64, id="batch2-rectangular"),
    pytest.param(1, 1, 300, 128, 128, 128, id="ragged-128"),
    pytest.param(1, 1, 129, 64, 128, 64, id="one-token-tail"),
]


def cuts(backend, device, *kinds):
    return backend == "triton" and device == "cpu" and "fp8" in kinds


def lists(mask):
    return expand_packed(pack_mask(mask), mask.shape[-1], backend="reference")


@pytest.mark.parametrize("backend", ["reference", "triton"])
@pytest.mark.parametrize("qk, pv", KINDS)
@pytest.mark.parametrize("B, H, N, D, bq, bk", CASES)
def test_the_error_beside_exact_attention_is_small(B, H, N, D, bq, bk, qk, pv, backend, device):
    q, k, v = make_qkv(B, H, N, D, torch.float16, device)
    mask = make_block_mask(B, H, -(-N // bq), -(-N // bk), 0.5, device)
    expected, _ = dense_masked_attention(q, k, v, mask, bq, bk)
    kinds = {"qk": qk, "pv": pv, "block_q": bq, "block_k": bk, "backend": backend}
    out = attention_8bit(q, k, v, *lists(mask), **kinds)
    assert out.dtype == q.dtype and out.shape == q.shape
    limit = ERROR[qk, pv] * (INTERPRETER if cuts(backend, device, qk, pv) else 1)
    assert relative_error(out, expected) < limit
    full, _ = dense_masked_attention(q, k, v, torch.ones_like(mask), bq, bk)
    assert relative_error(attention_8bit(q, k, v, **kinds), full) < limit


@pytest.mark.parametrize("qk, pv", KINDS)
@pytest.mark.parametrize("B, H, N, D, bq, bk", CASES)
def test_kernel_and_reference_agree(B, H, N, D, bq, bk, qk, pv, device):
    from vidkit_kernels.attention_8bit.triton import attention_8bit_triton

    q, k, v = make_qkv(B, H, N, D, torch.float16, device)
    kinds = {"qk": qk, "pv": pv, "block_k": bk}
    ours, plain = (quantize_qkv(q, k, v, **kinds, backend=name) for name in ("triton", "reference"))
    for name in ("q_scale", "k_scale", "v_scale"):
        assert torch.allclose(getattr(ours, name), getattr(plain, name), rtol=1e-5)
    for a, b in zip(dequantized(ours, N, bk), dequantized(plain, N, bk), strict=True):
        if cuts("triton", device, qk, pv):
            assert relative_error(a, b) < 0.1
        else:  # a value on the border of two steps may fall to either
            assert ((a - b).abs() > 1e-3 * b.abs().max()).float().mean() < 1e-3
    mask = make_block_mask(B, H, -(-N // bq), -(-N // bk), 0.5, device)
    for given in (lists(mask), (None, None)):
        a = attention_8bit_triton(plain, q.dtype, N, *given, bq, bk, D**-0.5)
        b = attention_8bit_reference(plain, q.dtype, N, *given, bq, bk, D**-0.5)
        # the kernel rounds P beside the largest logit so far, the reference beside the largest of all
        assert relative_error(a, b) < (0.09 if pv == "fp8" else 2e-3)


@pytest.mark.parametrize("backend", ["reference", "triton"])
def test_a_common_offset_of_the_keys_costs_nothing(backend, device):
    q, k, v = make_qkv(1, 1, 128, 64, torch.float16, device)
    kinds = {"block_q": 64, "block_k": 64, "qk": "int8", "pv": "half", "backend": backend}
    offset = 20 * torch.randn(64, generator=torch.Generator().manual_seed(3)).half().to(device)
    expected, _ = dense_masked_attention(
        q, k, v, torch.ones(1, 1, 2, 2, dtype=torch.bool, device=device), 64, 64
    )
    assert relative_error(attention_8bit(q, k + offset, v, **kinds), expected) < 0.05


@pytest.mark.parametrize("backend", ["reference", "triton"])
def test_rows_without_keys_are_zero_and_zeros_stay_finite(backend, device):
    q, k, v = make_qkv(1, 1, 128, 32, torch.float16, device)
    counts = torch.tensor([[[0, 1]]], dtype=torch.int32, device=device)
    indices = torch.zeros(1, 1, 2, 2, dtype=torch.int32, device=device)
    out = attention_8bit(q, k, v, counts, indices, block_q=64, block_k=64, backend=backend)
    assert (out[:, :, :64] == 0).all() and (out[:, :, 64:] != 0).any()
    nothing = torch.zeros_like(q)
    for name in ("fp8", "half"):
        out = attention_8bit(nothing, nothing, nothing, block_q=64, block_k=64, pv=name, backend=backend)
        assert torch.equal(out, nothing)


@pytest.mark.parametrize("tile_m, tile_n", [(32, 32), (64, 32), (32, 64)])
def test_tiles_smaller_than_the_blocks_change_little(tile_m, tile_n, device):
    from vidkit_kernels.attention_8bit.triton import LaunchConfig8, attention_8bit_triton

    q, k, v = make_qkv(1, 2, 137, 32, torch.float16, device)
    mask = make_block_mask(1, 2, 3, 3, 0.5, device)
    mask[..., 2] = True
    made = quantize_qkv(q, k, v, block_k=64, pv="half")
    out = attention_8bit_triton(
        made, q.dtype, 137, *lists(mask), 64, 64, 0.25, LaunchConfig8(tile_m=tile_m, tile_n=tile_n)
    )
    expected, _ = dense_masked_attention(q * 0.25 * 32**0.5, k, v, mask, 64, 64)
    assert relative_error(out, expected) < 0.02


def test_shapes_and_kinds_that_cannot_be_are_refused(device):
    q, k, v = make_qkv(1, 1, 64, 32, torch.float16, device)
    counts, indices = lists(torch.ones(1, 1, 2, 2, dtype=torch.bool, device=device))
    with pytest.raises(ValueError, match="come together"):
        attention_8bit(q, k, v, counts)
    with pytest.raises(ValueError, match="do not fit 1x1 blocks"):
        attention_8bit(q, k, v, counts, indices, block_q=64, block_k=64)
    with pytest.raises(ValueError, match="qk must be int8 or fp8"):
        attention_8bit(q, k, v, qk="int4")
    with pytest.raises(ValueError, match="float32 is not fp16 or bf16"):
        attention_8bit(q.float(), k.float(), v.float(), block_q=32, block_k=32, backend="triton")
