"""Blocks that are not listed, by their means in the softmax: kernel, reference and definition agree."""

import pytest
import torch
from vidkit_kernels._testing import make_block_mask, make_qkv, relative_error
from vidkit_kernels.block_sparse import block_sparse_attention
from vidkit_kernels.packed_mask import expand_packed, pack_mask

BACKENDS = ["reference", "triton"]


def lists(mask):
    return expand_packed(pack_mask(mask), mask.shape[-1], backend="reference")


def defined(q, k, v, mask, bq, bk):
    """Every token of a block that is not listed has the block's mean key and value; fp64."""
    N, D = q.shape[2:]
    q, k, v = q.double(), k.double(), v.double()
    means = [
        torch.cat([part.mean(2, keepdim=True).expand_as(part) for part in x.split(bk, 2)], 2) for x in (k, v)
    ]
    listed = mask.repeat_interleave(bq, 2)[:, :, :N].repeat_interleave(bk, 3)[..., :N]
    logits = torch.where(listed, q @ k.mT, q @ means[0].mT) * D**-0.5
    p = logits.softmax(-1)
    return (p * listed) @ v + (p * ~listed) @ means[1], logits.logsumexp(-1)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("N", "D", "bq", "bk"), [(200, 32, 64, 16), (128, 16, 32, 32), (137, 16, 16, 64), (16, 16, 16, 16)]
)
def test_it_is_attention_to_the_means_of_skipped_blocks(N, D, bq, bk, backend, device):
    q, k, v = make_qkv(2, 2, N, D, torch.float32, device)
    mask = make_block_mask(2, 2, -(-N // bq), -(-N // bk), 0.4, device)
    out, lse = block_sparse_attention(
        q, k, v, *lists(mask), block_q=bq, block_k=bk, return_lse=True, compensate=True, backend=backend
    )
    wanted, wanted_lse = defined(q, k, v, mask, bq, bk)
    assert relative_error(out, wanted) < 3e-6
    assert (lse.double() - wanted_lse).abs().max() < 1e-5


@pytest.mark.parametrize("backend", BACKENDS)
def test_full_lists_leave_nothing_to_compensate(backend, device):
    q, k, v = make_qkv(1, 2, 150, 32, torch.float32, device)
    full = lists(torch.ones(1, 2, 5, 5, dtype=torch.bool, device=device))
    out = block_sparse_attention(q, k, v, *full, block_q=32, block_k=32, compensate=True, backend=backend)
    assert relative_error(out, torch.nn.functional.scaled_dot_product_attention(q, k, v)) < 1e-6


@pytest.mark.parametrize("backend", BACKENDS)
def test_equal_keys_of_a_block_are_compensated_exactly(backend, device):
    q, k, v = make_qkv(1, 1, 128, 16, torch.float32, device)
    k = k[:, :, ::16].repeat_interleave(16, 2).contiguous()
    mask = make_block_mask(1, 1, 8, 8, 0.3, device)
    out = block_sparse_attention(
        q, k, v, *lists(mask), block_q=16, block_k=16, compensate=True, backend=backend
    )
    assert relative_error(out, torch.nn.functional.scaled_dot_product_attention(q, k, v)) < 3e-6


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_row_without_a_list_is_all_means(backend, device):
    q, k, v = make_qkv(1, 1, 64, 16, torch.float32, device)
    mask = torch.tensor([[0, 0], [1, 0]], dtype=torch.bool, device=device)[None, None]
    counts, indices = lists(mask)
    indices[0, 0, 0, :] = 10**6  # is not read
    out = block_sparse_attention(
        q, k, v, counts, indices, block_q=32, block_k=32, compensate=True, backend=backend
    )
    assert relative_error(out, defined(q, k, v, mask, 32, 32)[0]) < 3e-6
