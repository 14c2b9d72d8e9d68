import pytest
import torch
from vidkit_kernels.label_sort import sort_by_label


@pytest.mark.parametrize("backend", ["reference", "triton"])
def test_sort_is_stable(backend, device):
    labels = torch.tensor([[[2, 0, 2, 0, 0]]], dtype=torch.int32, device=device)
    order, offsets = sort_by_label(labels, 4, backend=backend)
    assert order[0, 0].tolist() == [1, 3, 4, 0, 2] and offsets[0, 0].tolist() == [0, 3, 3, 5, 5]


@pytest.mark.parametrize("dtype", [torch.int16, torch.int32])
@pytest.mark.parametrize("N, C", [(1, 1), (255, 3), (256, 64), (700, 63), (1300, 100)])
def test_triton_equals_reference(N, C, dtype, device):
    labels = torch.randint(0, C, (2, 2, N), generator=torch.Generator().manual_seed(N), dtype=dtype)
    labels = labels.to(device)
    found, twin = (sort_by_label(labels, C, backend=b) for b in ("triton", "reference"))
    assert torch.equal(found[0], twin[0]) and torch.equal(found[1], twin[1])


def test_more_chunks_than_one_pass_of_the_scan(device):
    labels = torch.randint(0, 5, (1, 1, 33_000), generator=torch.Generator().manual_seed(0)).to(
        device, torch.int32
    )
    found, twin = (sort_by_label(labels, 5, backend=b) for b in ("triton", "reference"))
    assert torch.equal(found[0], twin[0]) and torch.equal(found[1], twin[1])


@pytest.mark.parametrize("backend", ["reference", "triton"])
def test_idle_heads_have_no_offsets(backend, device):
    labels = torch.randint(0, 4, (1, 3, 40), generator=torch.Generator().manual_seed(0), dtype=torch.int32)
    labels = labels.to(device)
    active = torch.tensor([[True, False, True]], device=device)
    order, offsets = sort_by_label(labels, 4, active, backend)
    whole = sort_by_label(labels, 4, backend="reference")
    assert torch.equal(order[:, ::2], whole[0][:, ::2])
    assert torch.equal(offsets[:, ::2], whole[1][:, ::2]) and not offsets[:, 1].any()
