import pytest
import torch
from vidkit_kernels._testing import make_qkv, relative_error
from vidkit_kernels.xattention_score import xattention_score

CASES = [
    pytest.param(1, 2, 200, 32, 64, 64, 16, torch.float32, 3e-6, id="ragged"),
    pytest.param(2, 1, 130, 16, 32, 64, 8, torch.float32, 3e-6, id="batch2-two-token-tail"),
    pytest.param(1, 1, 700, 64, 128, 128, 16, torch.float16, 3e-3, id="several-tiles-fp16"),
    pytest.param(1, 1, 40, 16, 16, 16, 4, torch.float32, 3e-6, id="small"),
]


def by_definition(q, k, block_q, block_k, stride):
    """Sums over antidiagonals of the full score matrix, in fp64."""
    B, H, N, D = q.shape
    padded = -(-N // stride) * stride
    s = torch.zeros(B, H, padded, padded, dtype=torch.float64, device=q.device)
    s[..., :N, :N] = q.double() @ k.double().mT
    tiles = s.unflatten(3, (-1, stride)).unflatten(2, (-1, stride)).transpose(3, 4)
    G = tiles.flip(-1).diagonal(dim1=-2, dim2=-1).sum(-1)
    p = (G / (D**0.5 * stride)).softmax(-1)
    a, b = (torch.arange(p.shape[-1], device=q.device) // (x // stride) for x in (block_q, block_k))
    out = torch.zeros(B, H, int(a[-1]) + 1, int(b[-1]) + 1, dtype=torch.float64, device=q.device)
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            out[..., i, j] = p[..., a == i, :][..., b == j].sum((-1, -2))
    return out


@pytest.mark.parametrize("backend", ["reference", "triton"])
@pytest.mark.parametrize("B, H, N, D, bq, bk, S, dtype, tolerance", CASES)
def test_score_is_the_antidiagonal_identity(B, H, N, D, bq, bk, S, dtype, tolerance, backend, device):
    q, k, _ = make_qkv(B, H, N, D, dtype, device)
    score = xattention_score(q * 2, k, block_q=bq, block_k=bk, stride=S, backend=backend)
    assert relative_error(score, by_definition(q * 2, k, bq, bk, S)) < tolerance


@pytest.mark.parametrize("backend", ["reference", "triton"])
def test_rows_sum_to_their_real_query_groups(backend, device):
    q, k, _ = make_qkv(1, 1, 70, 16, torch.float32, device)
    score = xattention_score(q, k, block_q=32, block_k=32, stride=8, backend=backend)
    assert torch.allclose(score.sum(-1)[0, 0], torch.tensor([4.0, 4.0, 1.0], device=device), atol=1e-5)


@pytest.mark.parametrize("backend", ["reference", "triton"])
def test_large_logits_do_not_overflow(backend, device):
    q, k, _ = make_qkv(1, 1, 64, 16, torch.float32, device)
    score = xattention_score(q * 100, k * 100, block_q=32, block_k=32, stride=8, backend=backend)
    assert bool(torch.isfinite(score).all()) and torch.allclose(
        score.sum(-1), torch.tensor(4.0, device=device)
    )


def test_groups_of_heads_change_nothing(device, monkeypatch):
    from vidkit_kernels.xattention_score import triton as module

    q, k, _ = make_qkv(1, 3, 70, 16, torch.float32, device)
    whole = xattention_score(q, k, block_q=32, block_k=32, stride=8, backend="triton")
    monkeypatch.setattr(module, "SCRATCH_BYTES", 2 * 4 * 9 * (3 + 1 + 2))
    groups = xattention_score(q, k, block_q=32, block_k=32, stride=8, backend="triton")
    assert torch.equal(whole, groups)


def test_inactive_heads_are_not_computed(device):
    q, k, _ = make_qkv(1, 3, 64, 16, torch.float32, device)
    active = torch.tensor([[True, False, True]], device=device)
    full = xattention_score(q, k, block_q=32, block_k=32, stride=8, backend="reference")
    for backend in ("reference", "triton"):
        part = xattention_score(q, k, block_q=32, block_k=32, stride=8, active=active, backend=backend)
        assert torch.allclose(part[:, ::2], full[:, ::2], atol=1e-5)
    assert bool(part[:, 1].isnan().all())


def test_stride_must_divide_the_blocks():
    q, k, _ = make_qkv(1, 1, 64, 16)
    with pytest.raises(ValueError, match="multiples of the stride 24"):
        xattention_score(q, k, block_q=32, block_k=32, stride=24)
