import pytest
import torch
from vidkit_kernels.row_order import put_rows, take_rows


@pytest.mark.parametrize("backend", ["reference", "triton"])
@pytest.mark.parametrize("shape", [(1, 2, 33, 16), (2, 3, 100, 48)], ids=str)
def test_rows_go_where_the_order_says_and_come_back(shape, backend, device):
    B, H, N, D = shape
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(B, N, H, D, generator=generator).to(device).transpose(1, 2)
    order = torch.rand(B, H, N, generator=generator).argsort(-1).to(device)
    taken = take_rows(x, order, backend)
    for b in range(B):
        for h in range(H):
            assert torch.equal(taken[b, h], x[b, h, order[b, h]])
    back = put_rows(taken, order, backend)
    assert torch.equal(back, x)
    assert back.transpose(1, 2).is_contiguous()
