import pytest
import torch
from vidkit_kernels._testing import dense_masked_attention, make_block_mask, make_qkv, relative_error
from vidkit_kernels.block_sparse import block_sparse_attention
from vidkit_kernels.packed_mask import expand_packed, pack_mask

TOLERANCE = {torch.float32: 2e-6, torch.float16: 2e-3, torch.bfloat16: 1e-2}
CASES = [
    pytest.param(1, 2, 200, 64, 64, 64, torch.float32, id="ragged-fp32"),
    pytest.param(2, 1, 128, 32, 32, 64, torch.float32, id="batch2-rectangular"),
    pytest.param(1, 1, 300, 128, 128, 64, torch.float16, id="ragged-128x64-fp16"),
    pytest.param(1, 1, 257, 64, 128, 128, torch.bfloat16, id="one-token-tail-bf16"),
    pytest.param(1, 2, 16, 16, 16, 16, torch.float32, id="single-block"),
]


def lists(mask):
    return expand_packed(pack_mask(mask), mask.shape[-1], backend="reference")


@pytest.mark.parametrize("backend", ["reference", "triton"])
@pytest.mark.parametrize("B, H, N, D, bq, bk, dtype", CASES)
def test_block_sparse_matches_definition(B, H, N, D, bq, bk, dtype, backend, device):
    if backend == "triton" and dtype == torch.bfloat16 and device == "cpu":
        pytest.skip("Triton's interpreter has no bf16 products (numpy lacks the type); runs on a GPU")
    q, k, v = make_qkv(B, H, N, D, dtype, device)
    mask = make_block_mask(B, H, -(-N // bq), -(-N // bk), 0.5, device)
    counts, indices = lists(mask)
    out, lse = block_sparse_attention(
        q, k, v, counts, indices, block_q=bq, block_k=bk, return_lse=True, backend=backend
    )
    expected, expected_lse = dense_masked_attention(q, k, v, mask, bq, bk)
    assert out.dtype == dtype and out.shape == q.shape
    assert relative_error(out, expected) < TOLERANCE[dtype]
    assert (lse.double() - expected_lse).abs().max() < (1e-5 if dtype == torch.float32 else 1e-2)


@pytest.mark.parametrize("tile_m, tile_n", [(16, 32), (64, 16), (32, 64)])
def test_tiles_smaller_than_the_blocks_change_nothing(tile_m, tile_n, device):
    from vidkit_kernels.block_sparse.triton import LaunchConfig, block_sparse_attention_triton

    # the last block holds 9 tokens: whole tiles of it are masked
    q, k, v = make_qkv(1, 2, 137, 16, torch.float32, device)
    mask = make_block_mask(1, 2, 3, 3, 0.5, device)
    mask[..., 2] = True
    out, lse = block_sparse_attention_triton(
        q, k, v, *lists(mask), 64, 64, 0.25, True, LaunchConfig(tile_m=tile_m, tile_n=tile_n)
    )
    expected, expected_lse = dense_masked_attention(q, k, v, mask, 64, 64)
    assert relative_error(out, expected) < 2e-6 and (lse.double() - expected_lse).abs().max() < 1e-5


@pytest.mark.parametrize("backend", ["reference", "triton"])
def test_full_lists_equal_dense_attention(backend, device):
    q, k, v = make_qkv(1, 2, 150, 32, torch.float32, device)
    counts, indices = lists(torch.ones(1, 2, 5, 5, dtype=torch.bool, device=device))
    out = block_sparse_attention(q, k, v, counts, indices, block_q=32, block_k=32, backend=backend)
    dense = torch.nn.functional.scaled_dot_product_attention(q, k, v)
    assert relative_error(out, dense) < 1e-6


@pytest.mark.parametrize("backend", ["reference", "triton"])
def test_empty_row_is_zero_and_garbage_after_the_count_is_not_read(backend, device):
    q, k, v = make_qkv(1, 1, 64, 16, torch.float32, device)
    mask = torch.tensor([[0, 0], [1, 0]], dtype=torch.bool, device=device)[None, None]
    counts, indices = lists(mask)
    indices[0, 0, 0, :] = 10**6
    indices[0, 0, 1, 1] = -7
    out, lse = block_sparse_attention(
        q, k, v, counts, indices, block_q=32, block_k=32, return_lse=True, backend=backend
    )
    assert out[..., :32, :].abs().max() == 0 and bool((lse[..., :32] == float("-inf")).all())
    assert bool(torch.isfinite(out[..., 32:, :]).all())


def test_output_is_laid_out_like_tokens_times_heads(device):
    q, k, v = make_qkv(1, 3, 40, 16, torch.float32, device)
    counts, indices = lists(torch.ones(1, 3, 3, 3, dtype=torch.bool, device=device))
    for backend in ("reference", "triton"):
        out = block_sparse_attention(q, k, v, counts, indices, block_q=16, block_k=16, backend=backend)
        assert out.transpose(1, 2).is_contiguous()


def test_lists_of_another_shape_are_refused(device):
    q, k, v = make_qkv(1, 1, 64, 16, torch.float32, device)
    counts, indices = lists(torch.ones(1, 1, 3, 3, dtype=torch.bool, device=device))
    with pytest.raises(ValueError, match="do not fit 2x2"):
        block_sparse_attention(q, k, v, counts, indices, block_q=32, block_k=32)
    with pytest.raises(ValueError, match="int32"):
        block_sparse_attention(q, k, v, counts[..., :2].long(), indices[..., :2, :2], block_q=32, block_k=32)


def test_triton_says_which_shape_it_cannot_take(device):
    q, k, v = make_qkv(1, 1, 48, 24, torch.float32, device)
    counts, indices = lists(torch.ones(1, 1, 2, 2, dtype=torch.bool, device=device))
    with pytest.raises(ValueError, match="head_dim 24"):
        block_sparse_attention(q, k, v, counts, indices, block_q=32, block_k=32, backend="triton")
