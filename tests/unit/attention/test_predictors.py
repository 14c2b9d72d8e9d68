import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from vidkit_kernels._testing import make_qkv
from vidkit_kernels.xattention_score import reference as xattention_reference

from vidkit.attention import TokenGrid, predict_mask, sparse_attention
from vidkit.attention.keep import always_keep_mask
from vidkit.attention.predictors import PREDICTORS, PlanState, make_predictor
from vidkit.attention.predictors.exact_mass import exact_block_mass
from vidkit.attention.predictors.svg2 import cluster_scores
from vidkit.errors import ConfigError, DataError

GRID = TokenGrid(5, 4, 7)  # 140 tokens: no multiple of the blocks below
SMALL = {
    "xattention": {"block_q": 32, "block_k": 16, "stride": 8},
    "svg2": {"block_q": 16, "block_k": 16, "query_clusters": 6, "key_clusters": 12, "first_iterations": 8},
    "svg1": {"block_q": 16, "block_k": 16},
    "pooled_mean": {"block_q": 16, "block_k": 32},
    "exact_mass": {"block_q": 16, "block_k": 16},
}


def qkv(B=1, H=2, N=GRID.tokens, D=16, scale=1.0, seed=0):
    q, k, v = make_qkv(B, H, N, D, seed=seed)
    return q * scale, k, v


@pytest.mark.parametrize("name", PREDICTORS)
def test_mask_equals_attention_under_its_token_mask(name):
    q, k, v = qkv(B=2, scale=2)
    plan = predict_mask(name, q, k, 0.7, grid=GRID, v=v, **SMALL[name])
    out = sparse_attention(q, k, v, plan)
    mask = plan.token_mask()
    expected = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    assert (out - expected).abs().max() < 1e-5
    assert plan.density == pytest.approx(float(mask.float().mean()), abs=1e-6) and plan.density < 1


@pytest.mark.parametrize("name", [n for n in PREDICTORS if n != "svg1"])
def test_tau_one_is_dense_attention(name):
    q, k, v = qkv()
    plan = predict_mask(name, q, k, 1.0, grid=GRID, **SMALL[name])
    assert plan.density == pytest.approx(1.0) and plan.block_density == 1.0
    dense = torch.nn.functional.scaled_dot_product_attention(q, k, v)
    assert (sparse_attention(q, k, v, plan) - dense).abs().max() < 1e-6


def test_full_plan_without_sort_is_dense_bitwise():
    q, k, v = qkv()
    plan = predict_mask("xattention", q, k, 1.0, **SMALL["xattention"])
    assert torch.equal(
        sparse_attention(q, k, v, plan), torch.nn.functional.scaled_dot_product_attention(q, k, v)
    )


@pytest.mark.parametrize("name", PREDICTORS)
def test_batch_rows_do_not_see_each_other(name):
    # the published XAttention and SVG2 code runs batch 1 only
    q, k, v = qkv(B=2, scale=2)
    both = predict_mask(name, q, k, 0.6, grid=GRID, v=v, **SMALL[name])
    state = PlanState(values=v[:1])
    predictor = make_predictor(name, **SMALL[name])
    predictor.refresh(q[:1], k[:1], torch.full((1, 2), 0.6), state, None, GRID)
    if name != "svg2":  # its random start depends on the batch size
        assert torch.equal(both.counts[:1], predictor.plan(GRID.tokens, state, GRID).counts)


@pytest.mark.parametrize("name", PREDICTORS)
def test_refreshing_a_subset_of_heads_leaves_the_others(name):
    q, k, v = qkv(H=3, scale=2)
    predictor = make_predictor(name, **SMALL[name])
    state = PlanState(values=v)
    tau = torch.full((1, 3), 0.6)
    predictor.refresh(q, k, tau, state, None, GRID)
    before = predictor.plan(GRID.tokens, state, GRID)
    q2, k2, v2 = qkv(H=3, scale=2, seed=9)
    state.values = v2
    state.age = torch.tensor([[1, 8, 2]])
    predictor.refresh(q2, k2, tau, state, torch.tensor([[False, True, False]]), GRID)
    after = predictor.plan(GRID.tokens, state, GRID)
    for head in (0, 2):
        assert torch.equal(before.token_mask()[:, head], after.token_mask()[:, head])
    if name != "svg1":
        assert not torch.equal(before.token_mask()[:, 1], after.token_mask()[:, 1])


@pytest.mark.parametrize("name", ["xattention", "pooled_mean", "exact_mass"])
def test_recall_of_true_mass_against_the_oracle(name):
    # keys of a block share a direction, as in real attention; the oracle is best at equal density
    g = torch.Generator().manual_seed(0)
    centers = torch.randn(1, 2, 9, 1, 16, generator=g) * 2
    k = (centers + 0.5 * torch.randn(1, 2, 9, 16, 16, generator=g)).flatten(2, 3)[:, :, :140]
    q = k.roll(16, 2) * 1.5
    options = {"block_q": 16, "block_k": 16, **({"stride": 4} if name == "xattention" else {})}
    plan = predict_mask(name, q, k, 0.8, **options)
    mass = exact_block_mass(q, k, 16, 16)
    recall = float((mass * plan.mask()).sum(-1).mean())
    kept = torch.zeros_like(mass).scatter_(-1, mass.argsort(-1, descending=True), 1.0)
    rank = mass.argsort(-1, descending=True).argsort(-1)
    best = float((mass * (rank < plan.counts[..., None])).sum(-1).mean())
    assert kept.sum() > 0 and 0.75 < recall <= best + 1e-6


def test_key_block_zero_is_not_kept_by_accident():
    # the published non-causal code scatters unselected slots into key block 0
    k = torch.randn(1, 1, 128, 16, generator=torch.Generator().manual_seed(0)) * 0.1
    k[:, :, 64:80, 0] = 10
    q = torch.zeros(1, 1, 128, 16)
    q[..., 0] = 10
    plan = predict_mask("xattention", q, k, 0.9, block_q=16, block_k=16, stride=8)
    assert plan.counts.unique().tolist() == [1] and plan.indices[..., 0].unique().tolist() == [4]


def test_sink_is_a_key_column_not_a_query_row():
    # the published keep_sink flag sets query row 0
    mask = always_keep_mask(("sink",), 64, 16, 16, None, torch.device("cpu"))
    assert mask[:, 0].all() and not mask[0, 1:].any()


def test_first_frame_and_diagonal_rules():
    mask = always_keep_mask(("first_frame", "diag"), GRID.tokens, 32, 16, GRID, torch.device("cpu"))
    expected = torch.zeros(5, 9, dtype=torch.bool)
    expected[:, :2] = True  # 28 tokens per frame
    for i in range(5):
        expected[i, 2 * i : 2 * i + 2] = True
    assert torch.equal(mask, expected)
    with pytest.raises(ConfigError, match="token grid"):
        always_keep_mask(("first_frame",), 64, 16, 16, None, torch.device("cpu"))
    with pytest.raises(ConfigError, match="'edges'"):
        make_predictor("xattention", always_keep=["edges"])


def test_padding_takes_no_mass():
    # zero keys of a padded chunk have logit 0 and beat negative logits in the published code
    q, k, _ = qkv(N=129, scale=-30)
    k = k.abs()
    q = -q.abs()
    scores = make_predictor("xattention", block_q=128, block_k=128, stride=16).scores(q, k, None)
    assert torch.allclose(scores.sum(-1), torch.tensor([8.0, 1.0]).expand(1, 2, 2), atol=1e-4)


def test_scores_do_not_depend_on_the_slice_size(monkeypatch):
    q, k, _ = qkv()
    predictor = make_predictor("xattention", **SMALL["xattention"])
    whole = predictor.scores(q, k, None)
    monkeypatch.setattr(xattention_reference, "ROWS_AT_ONCE", 4)
    assert torch.allclose(predictor.scores(q, k, None), whole, atol=1e-6)


@pytest.mark.parametrize(
    ("D", "options", "reason"),
    [
        (24, {"block_q": 32, "block_k": 16, "stride": 8}, "head_dim 24 is not a power of two from 16"),
        (16, {"block_q": 48, "block_k": 48, "stride": 16}, "3 strides of 16 a key block of 48 are not"),
    ],
)
def test_a_case_without_a_kernel_is_scored_in_plain_torch_and_told_once(
    D, options, reason, monkeypatch, caplog
):
    q, k, _ = qkv(D=D)
    predictor = make_predictor("xattention", **options)
    expected = predictor.scores(q, k, None)
    assert not caplog.records
    monkeypatch.setattr(torch.Tensor, "is_cuda", property(lambda self: True))
    assert all(torch.equal(predictor.scores(q, k, None), expected) for _ in range(2))
    assert len(caplog.records) == 1 and reason in caplog.text


def test_norm_divides_the_logits():
    q, k, _ = qkv(scale=4)
    plain, divided = (make_predictor("xattention", **SMALL["xattention"], norm=norm) for norm in (1.0, 2.0))
    assert torch.allclose(divided.scores(q, k, None), plain.scores(q / 2, k, None), atol=1e-6)
    assert not torch.allclose(divided.scores(q, k, None), plain.scores(q, k, None), atol=1e-3)


@pytest.mark.parametrize("name", ["svg2", "svg1"])
def test_a_seed_decides_random_starts(name):
    q, k, v = qkv(H=4, scale=2)
    options = {**SMALL[name], **({"first_iterations": 1} if name == "svg2" else {"sampled_queries": 1})}
    plans = [
        predict_mask(name, q, k, 0.6, grid=GRID, v=v, seed=seed, **options).token_mask()
        for seed in (0, 0, *range(1, 6))
    ]
    assert torch.equal(plans[0], plans[1]) and any(not torch.equal(plans[0], other) for other in plans[2:])


def test_per_head_thresholds():
    q, k, _ = qkv(scale=3)
    plan = predict_mask("xattention", q, k, torch.tensor([0.3, 0.95]), **SMALL["xattention"])
    density = plan.head_density[0]
    assert density[0] < density[1]


def test_svg2_clusters_heads_without_a_kernel_in_plain_torch(monkeypatch, caplog):
    import vidkit.attention.predictors.svg2 as module

    class ReachedError(Exception):
        pass

    asked = []

    def stop(*args, backend, **kwargs):
        asked.append(backend)
        raise ReachedError

    monkeypatch.setattr(module, "kmeans", stop)
    monkeypatch.setattr(torch.Tensor, "is_cuda", property(lambda self: True))
    predictor = make_predictor("svg2", **SMALL["svg2"])
    for D in (24, 24, 16):
        q, k, _ = qkv(D=D)
        with pytest.raises(ReachedError):
            predictor.refresh(q, k, torch.full((1, 2), 0.5), PlanState(), None, None)
    assert asked == ["reference", "reference", "auto"]
    assert len(caplog.records) == 1 and "head_dim 24 is not a power of two" in caplog.text


def test_pooled_mean_weights_the_ragged_block_by_its_size():
    q, k = torch.zeros(1, 1, 20, 16), torch.zeros(1, 1, 20, 16)
    scores = make_predictor("pooled_mean", block_q=16, block_k=16).scores(q, k, None)
    assert torch.allclose(scores, torch.tensor([0.8, 0.2]).expand(1, 1, 2, 2))


def test_svg2_scores_by_hand():
    cq = torch.tensor([[[[2.0, 0.0]]]])
    ck = torch.tensor([[[[1.0, 0.0], [0.0, 1.0], [5.0, 5.0]]]])
    p = cluster_scores(cq, ck, torch.tensor([[[3, 1, 0]]]))
    e = torch.exp(torch.tensor(2 / 2**0.5))
    assert torch.allclose(p[0, 0, 0], torch.tensor([3 * e, 1.0, 0.0]) / (3 * e + 1))


def test_svg2_keeps_min_kc_ratio():
    q, k, _ = qkv(scale=5)
    options = {**SMALL["svg2"], "min_kc_ratio": 0.5, "always_keep": ()}
    state = PlanState()
    predictor = make_predictor("svg2", **options)
    predictor.refresh(q, k, torch.full((1, 2), 0.01), state, None, None)
    from vidkit_kernels.packed_mask import unpack_mask

    assert unpack_mask(state.packed, 12).sum(-1).unique().tolist() == [6]


def test_svg2_selected_density_counts_cluster_sizes():
    q, k, _ = qkv(scale=3)
    plan = predict_mask("svg2", q, k, 0.5, **SMALL["svg2"])
    assert bool((plan.selected_density <= plan.head_density + 1e-6).all())
    assert bool((plan.selected_density > 0).all())


def test_svg2_first_frame_is_kept_by_every_query():
    q, k, _ = qkv(scale=3)
    plan = predict_mask("svg2", q, k, 0.2, grid=GRID, **SMALL["svg2"], always_keep=["first_frame"])
    assert plan.token_mask()[..., : GRID.per_frame].all() and plan.density < 1
    with pytest.raises(ConfigError, match="'diag'"):
        make_predictor("svg2", always_keep=["diag"])


def test_svg2_warm_start_and_cached_order_give_the_same_plan():
    q, k, _ = qkv(scale=2)
    plans = []
    for cached in (False, True):
        predictor = make_predictor("svg2", **SMALL["svg2"], cache_permutation=cached)
        state = PlanState(seed=5)
        tau = torch.full((1, 2), 0.6)
        predictor.refresh(q, k, tau, state, None, None)
        state.age = torch.full((1, 2), 4)
        predictor.refresh(q * 1.01, k * 1.01, tau, state, None, None)
        plans.append(predictor.plan(q.shape[2], state, None))
        assert ("order_q" in state.extra) == cached
    assert torch.equal(plans[0].token_mask(), plans[1].token_mask())


def test_svg2_iterations_grow_with_age(monkeypatch):
    import vidkit.attention.predictors.svg2 as module

    seen = []
    real = module.kmeans

    def spy(x, start, iterations, **options):
        seen.append((iterations.tolist(), options["max_iterations"]))
        return real(x, start, iterations, **options)

    monkeypatch.setattr(module, "kmeans", spy)
    q, k, _ = qkv(H=4)
    predictor = make_predictor("svg2", **SMALL["svg2"])
    state = PlanState()
    predictor.refresh(q, k, torch.full((1, 4), 0.6), state, None, None)
    state.age, state.max_age = torch.tensor([[1, 4, 9, 100]]), 100
    predictor.refresh(q, k, torch.full((1, 4), 0.6), state, None, None)
    assert seen[0] == ([[8] * 4], 8) and seen[2] == ([[2, 3, 4, 10]], 10)


def test_svg1_density_and_pattern_choice():
    grid = TokenGrid(8, 4, 8)
    q = torch.randn(1, 2, 256, 16, generator=torch.Generator().manual_seed(0)) * 0.1
    k, v = q.clone(), torch.randn(1, 2, 256, 16, generator=torch.Generator().manual_seed(1))
    # head 0 attends within its frame, head 1 to its place in every frame
    frame, place = torch.arange(256) // 32, torch.arange(256) % 32
    code = torch.nn.functional.one_hot
    q[0, 0] = torch.cat([code(frame, 8) * 12.0, q[0, 0, :, 8:] * 0], -1)
    k[0, 0] = q[0, 0]
    q[0, 1] = torch.cat([code(place // 2, 16) * 12.0], -1)
    k[0, 1] = q[0, 1]
    plan = predict_mask("svg1", q, k, 0.9, grid=grid, v=v, block_q=16, block_k=16, keep_ratio=0.4)
    raster = torch.arange(256)
    assert torch.equal(plan.q_order[0, 0], raster) and not torch.equal(plan.q_order[0, 1], raster)
    assert 0.25 < plan.block_density <= 0.4
    with pytest.raises(ConfigError, match="token grid"):
        predict_mask("svg1", q, k, 0.9)


class HostWork(TorchDispatchMode):
    """Fails where the host reads a value, or draws one that would have to be copied."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        assert not any(word in func.__name__ for word in ("_local_scalar_dense", "nonzero", "rand"))
        return func(*args, **(kwargs or {}))


def test_svg1_reads_no_device_value_once_it_has_seen_a_shape():
    # its band and sample are made on the host: a GPU would wait for them in every layer
    q, k, v = qkv()
    predictor, tau = make_predictor("svg1", **SMALL["svg1"]), torch.full((1, 2), 0.9)
    plans = [_svg1_plan(predictor, q, k, v, tau)]
    with HostWork():
        plans.append(_svg1_plan(predictor, q, k, v, tau))
        with pytest.raises(AssertionError):
            _svg1_plan(make_predictor("svg1", **SMALL["svg1"]), q, k, v, tau)
    assert torch.equal(plans[0].token_mask(), plans[1].token_mask())


def _svg1_plan(predictor, q, k, v, tau):
    state = PlanState(seed=3, values=v)
    predictor.refresh(q, k, tau, state, None, GRID)
    return predictor.plan(GRID.tokens, state, GRID)


@pytest.mark.parametrize("tau", [0.0, -0.5, 1.5, float("nan")])
def test_tau_outside_its_range(tau):
    q, k, _ = qkv()
    with pytest.raises(ConfigError, match=r"tau must be in \(0, 1\]"):
        predict_mask("xattention", q, k, tau)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_not_finite(value):
    q, k, _ = qkv()
    k[0, 0, 3, 3] = value
    with pytest.raises(DataError, match="k holds NaN or infinity"):
        predict_mask("xattention", q, k, 0.9)


def test_wrong_names_parameters_and_shapes():
    q, k, _ = qkv()
    with pytest.raises(ConfigError, match="unknown mask predictor 'xatention'"):
        predict_mask("xatention", q, k, 0.9)
    with pytest.raises(ConfigError, match="unknown setting 'clusters' for 'xattention'"):
        predict_mask("xattention", q, k, 0.9, clusters=3)
    with pytest.raises(ConfigError, match="stride 24 does not divide"):
        predict_mask("xattention", q, k, 0.9, stride=24)
    with pytest.raises(DataError, match=r"\[B, H, N, D\]"):
        predict_mask("xattention", q, k[:, :, :10], 0.9)
    with pytest.raises(ConfigError, match="does not fit 1 x 2 heads"):
        predict_mask("xattention", q, k, torch.tensor([0.5, 0.5, 0.5]))
    for name in PREDICTORS:
        with pytest.raises(ConfigError, match="block_q and block_k must be >= 1, got 0x16"):
            make_predictor(name, block_q=0, block_k=16)
    for options in ({"sampled_queries": 0}, {"sample_within": 0}):
        with pytest.raises(ConfigError, match="must be >= 1, got 0"):
            make_predictor("svg1", **options)
    with pytest.raises(ConfigError, match="32766"):
        make_predictor("svg2", key_clusters=40_000)
