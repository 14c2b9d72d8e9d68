import pytest
import torch
from vidkit_kernels._testing import make_block_mask
from vidkit_kernels.packed_mask import expand_packed, list_share, pack_mask, unpack_mask
from vidkit_kernels.top_p import select_top_p

SHAPES = [(1, 2, 3, 5), (2, 1, 4, 32), (1, 1, 3, 33), (1, 3, 2, 97)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_pack_round_trip(shape):
    mask = make_block_mask(*shape, density=0.4)
    assert torch.equal(unpack_mask(pack_mask(mask), shape[-1]), mask)


@pytest.mark.parametrize("backend", ["reference", "triton"])
@pytest.mark.parametrize("q_len, k_len", [(48, 80), (41, 73), (33, 65)])
def test_share_of_lists_counts_real_tokens(q_len, k_len, backend, device):
    mask = make_block_mask(1, 2, 3, 5, density=0.5, device=device)
    mask[0, 0, 0] = False
    mask[0, 1, 1] = True
    pairs = mask.repeat_interleave(16, 2)[:, :, :q_len].repeat_interleave(16, 3)[..., :k_len]
    share = list_share(*expand_packed(pack_mask(mask), 5), q_len, k_len, 16, 16, backend)
    assert torch.allclose(share, pairs.float().mean((2, 3)))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_expand_triton_equals_reference(shape, device):
    mask = make_block_mask(*shape, density=0.4, device=device)
    mask[0, 0, 0] = False
    packed = pack_mask(mask)
    for a, b in zip(
        expand_packed(packed, shape[-1], "triton"), expand_packed(packed, shape[-1], "reference"), strict=True
    ):
        assert torch.equal(a, b)


@pytest.mark.parametrize("backend", ["reference", "triton"])
def test_top_p_by_hand(backend, device):
    scores = torch.tensor([[4.0, 1.0, 3.0, 2.0], [1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]], device=device)
    packed = select_top_p(scores[None, None], torch.tensor([[0.7]], device=device), backend=backend)
    kept = unpack_mask(packed, 4)[0, 0].tolist()
    # 4 + 3 = 7 reaches 0.7 of 10 exactly: the mass before the third (7) is not below 7
    assert kept[0] == [True, False, True, False]
    # ties go to the lower index: mass before the fourth is 3 >= 2.8
    assert kept[1] == [True, True, True, False]
    assert kept[2] == [True, False, False, False]


@pytest.mark.parametrize("tau", [0.05, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("min_keep", [1, 4, 200])
def test_top_p_triton_equals_reference_with_ties(tau, min_keep, device):
    # small integers add up exactly in fp32, so both orders of summation agree and ties are frequent
    generator = torch.Generator().manual_seed(0)
    scores = torch.randint(0, 9, (1, 2, 3, 70), generator=generator).float().to(device)
    tau_heads = torch.full((1, 2), tau, device=device)
    results = [select_top_p(scores, tau_heads, min_keep=min_keep, backend=b) for b in ("triton", "reference")]
    assert torch.equal(*results)


def test_top_p_triton_mass_on_random_scores(device):
    scores = torch.rand(1, 2, 7, 45, generator=torch.Generator().manual_seed(1)).to(device)
    tau = torch.tensor([[0.3, 0.8]], device=device)
    mask = unpack_mask(select_top_p(scores, tau, backend="triton"), 45)
    mass = (scores * mask).sum(-1) / scores.sum(-1)
    smallest = torch.where(mask, scores, torch.inf).amin(-1)
    assert bool((mass >= tau[..., None] - 1e-6).all())
    # shortest prefix: without its smallest member a row falls below tau
    assert bool((mass - smallest / scores.sum(-1) < tau[..., None] + 1e-6).all())


@pytest.mark.parametrize("backend", ["reference", "triton"])
def test_inactive_heads_keep_what_the_cache_holds(backend, device):
    scores = torch.rand(1, 3, 4, 10, device=device)
    scores[:, 1] = float("nan")
    out = torch.full((1, 3, 4, 1), 123, dtype=torch.int32, device=device)
    active = torch.tensor([[True, False, True]], device=device)
    always = pack_mask(torch.eye(4, 10, dtype=torch.bool, device=device))
    tau = torch.full((1, 3), 0.5, device=device)
    select_top_p(scores, tau, active=active, out=out, always=always, backend=backend)
    assert bool((out[:, 1] == 123).all())
    fresh = select_top_p(scores[:, ::2], tau[:, ::2], always=always, backend="reference")
    assert torch.equal(out[:, ::2], fresh)
    assert bool(unpack_mask(out[:, 0], 10)[0].diagonal().all())


def test_wrong_types_are_refused():
    with pytest.raises(ValueError, match="fp32"):
        select_top_p(torch.rand(1, 1, 2, 2).double(), torch.ones(1, 1))
    with pytest.raises(ValueError, match="words"):
        expand_packed(torch.zeros(1, 1, 2, 2, dtype=torch.int32), 10)
