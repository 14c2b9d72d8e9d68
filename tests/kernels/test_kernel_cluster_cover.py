import pytest
import torch
from vidkit_kernels.cluster_cover import cover_pairs, kept_share
from vidkit_kernels.label_sort import sort_by_label
from vidkit_kernels.packed_mask import pack_mask

BACKENDS = pytest.mark.parametrize("backend", ["reference", "triton"])
N, CQ, CK = 50, 7, 10


def case(device, sink=0):
    """Sorted labels, kept pairs and offsets; cluster CK is a sink without bits of its own."""
    g = torch.Generator().manual_seed(4)
    labels_q = torch.randint(0, CQ, (1, 2, N), generator=g).sort(-1).values
    labels_k = torch.randint(2, CK - 1, (1, 2, N), generator=g)
    labels_k[:, :, :sink] = CK
    labels_k = labels_k.sort(-1).values
    kept = torch.rand(1, 2, CQ, CK, generator=g) < 0.2
    offsets = (
        sort_by_label(labels_q.int(), CQ, backend="reference")[1],
        sort_by_label(labels_k.int(), CK + bool(sink), backend="reference")[1],
    )
    full = torch.cat([kept, torch.ones(1, 2, CQ, 1, dtype=torch.bool)], -1)
    pairs = [full[0, h][labels_q[0, h]][:, labels_k[0, h]] for h in range(2)]
    return pack_mask(kept).to(device), *(o.to(device) for o in offsets), torch.stack(pairs)


@BACKENDS
@pytest.mark.parametrize("sink", [0, 9])
@pytest.mark.parametrize("block_q, block_k", [(8, 16), (16, 4), (128, 128)])
def test_blocks_that_a_kept_pair_touches(sink, block_q, block_k, backend, device):
    packed, offsets_q, offsets_k, pairs = case(device, sink)
    counts, indices = cover_pairs(packed, offsets_q, offsets_k, CK, N, block_q, block_k, backend)
    for h in range(2):
        for i, rows in enumerate(pairs[h].split(block_q)):
            want = [j for j, part in enumerate(rows.split(block_k, 1)) if part.any()]
            assert indices[0, h, i, : counts[0, h, i]].tolist() == want
            assert not indices[0, h, i, counts[0, h, i] :].any()


@BACKENDS
@pytest.mark.parametrize("sink", [0, 9])
def test_share_counts_token_pairs(sink, backend, device):
    packed, offsets_q, offsets_k, pairs = case(device, sink)
    share = kept_share(packed, offsets_q, offsets_k, CK, N, backend)
    assert torch.allclose(share[0].cpu(), pairs.float().mean((1, 2)), atol=1e-6)


@BACKENDS
def test_share_of_idle_heads_is_0(backend, device):
    packed, offsets_q, offsets_k, _ = case(device)
    offsets_q[:, 1], offsets_k[:, 1] = 0, 0
    assert kept_share(packed, offsets_q, offsets_k, CK, N, backend)[0, 1] == 0


def test_triton_equals_reference_on_many_blocks(device):
    g = torch.Generator().manual_seed(0)
    tokens, cq, ck = 1500, 40, 150
    offsets = [
        sort_by_label(torch.randint(0, c, (1, 2, tokens), generator=g, dtype=torch.int16), c)[1].to(device)
        for c in (cq, ck)
    ]
    packed = pack_mask(torch.rand(1, 2, cq, ck, generator=g) < 0.02).to(device)
    found, twin = (
        cover_pairs(packed, *offsets, ck, tokens, 16, 16, backend=b) for b in ("triton", "reference")
    )
    assert torch.equal(found[0], twin[0]) and torch.equal(found[1], twin[1])
    assert 0 < found[0].float().mean() < 94
