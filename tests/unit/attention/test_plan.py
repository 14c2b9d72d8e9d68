import pytest
import torch
from vidkit_kernels._testing import make_block_mask, make_qkv

from vidkit.attention import BlockPlan, TokenGrid, predict_mask, sparse_attention
from vidkit.attention.executors import AUTO_ORDER, EXECUTORS, ExecutorChooser
from vidkit.attention.predictors import PlanState, make_predictor
from vidkit.errors import ConfigError, DataError
from vidkit.hooks.dense import fa4


def plan(B=1, H=2, N=150, block_q=32, block_k=16, density=0.4, **extra):
    mask = make_block_mask(B, H, -(-N // block_q), -(-N // block_k), density)
    return BlockPlan.from_mask(mask, N, N, block_q, block_k, **extra), mask


def test_converters_lose_nothing():
    p, mask = plan()
    assert torch.equal(p.mask(), mask)
    again = BlockPlan.from_packed(p.pack(), 150, 150, 32, 16)
    assert torch.equal(again.indices, p.indices) and torch.equal(again.counts, p.counts)
    indptr, indices = p.bsr()
    assert indptr[-1] == mask.sum() == len(indices)
    row = mask.flatten(0, 2)[3]
    assert indices[indptr[3] : indptr[4]].tolist() == row.nonzero().flatten().tolist()


def test_flex_block_mask_holds_the_same_blocks():
    p, mask = plan(block_q=16)
    flex = p.flex_block_mask
    assert flex.seq_lengths == (150, 150) and flex.BLOCK_SIZE == (16, 16)
    assert torch.equal(flex.to_dense().bool(), mask)


def test_density_counts_real_tokens():
    mask = torch.zeros(1, 1, 2, 2, dtype=torch.bool)
    mask[0, 0, 0, 1] = mask[0, 0, 1, 0] = True
    p = BlockPlan.from_mask(mask, 10, 10, 8, 8)
    # block (0, 1) holds 8 x 2 pairs, block (1, 0) 2 x 8: 32 of 100
    assert p.density == pytest.approx(0.32) and p.block_density == 0.5
    assert float(p.token_mask().float().mean()) == pytest.approx(0.32)


def test_token_mask_undoes_the_sort():
    _, mask = plan(N=48, block_q=16, block_k=16)
    q_order = torch.stack([torch.randperm(48) for _ in range(2)])[None]
    k_order = torch.stack([torch.randperm(48) for _ in range(2)])[None]
    sorted_plan = BlockPlan.from_mask(mask, 48, 48, 16, 16, q_order=q_order, k_order=k_order)
    tokens = sorted_plan.token_mask()
    assert tokens[0, 1, q_order[0, 1, 20], k_order[0, 1, 40]] == mask[0, 1, 1, 2]
    q, k, v = make_qkv(1, 2, 48, 16)
    expected = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=tokens)
    for name in ("gather", "reference", "masked"):
        assert (sparse_attention(q, k, v, sorted_plan, name) - expected).abs().max() < 1e-5


@pytest.mark.parametrize("executor", ["gather", "reference", "masked"])
@pytest.mark.parametrize("dtype, tolerance", [(torch.float32, 1e-5), (torch.bfloat16, 2e-2)])
def test_executors_agree_with_the_oracle(executor, dtype, tolerance):
    q, k, v = make_qkv(2, 2, 150, 16, dtype)
    p, _ = plan(B=2)
    out = sparse_attention(q, k, v, p, executor)
    exact = sparse_attention(q.double(), k.double(), v.double(), p, "reference")
    assert out.dtype == dtype and (out.double() - exact).abs().max() < tolerance


def test_executor_memory_is_not_quadratic():
    # 40,000 tokens: an N x N bool mask alone would take 1.6 GB
    N, block = 40_000, 2000
    mask = torch.eye(20, dtype=torch.bool)[None, None]
    p = BlockPlan.from_mask(mask, N, N, block, block)
    q, k, v = make_qkv(1, 1, N, 8)
    largest = _largest_tensor(lambda: sparse_attention(q, k, v, p, "gather"))
    assert largest <= N * 8 * 4


def _largest_tensor(call):
    """Bytes of the largest tensor that any operator returned."""
    from torch.utils._python_dispatch import TorchDispatchMode

    class Largest(TorchDispatchMode):
        size = 0

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            out = func(*args, **(kwargs or {}))
            for t in out if isinstance(out, (tuple, list)) else (out,):
                if isinstance(t, torch.Tensor):
                    self.size = max(self.size, t.numel() * t.element_size())
            return out

    with Largest() as mode:
        call()
    return mode.size


@pytest.mark.parametrize("name", ["xattention", "svg2", "svg1", "pooled_mean", "exact_mass"])
def test_predictors_never_allocate_a_score_matrix(name):
    N, stride = 8192, 4
    q, k, _ = make_qkv(1, 1, N, 16)
    options = {
        "xattention": {"stride": stride},
        "svg2": {"query_clusters": 16, "key_clusters": 32, "first_iterations": 2},
    }
    grid = TokenGrid(8, 32, 32)
    largest = _largest_tensor(lambda: predict_mask(name, q, k, 0.5, grid=grid, **options.get(name, {})))
    # 16 MiB of fp32 scores between strided groups, 64 MiB of bools between tokens; slices stay far below
    assert largest < 4 * (N // stride) ** 2 / 2 < N * N


def test_cached_masks_of_wan_at_480p_take_less_than_6_mib():
    # spec: packed bits, 30 layers of 12 heads, two branches
    shape = (1, 12, 32_760, 8)
    predictor, state = make_predictor("pooled_mean"), PlanState()
    predictor.refresh(torch.randn(shape), torch.randn(shape), torch.full((1, 12), 0.5), state, None, None)
    assert state.packed.shape == (1, 12, 256, 8)
    assert 30 * 2 * sum(t.nbytes for t in state.tensors()) < 6 * 2**20


def test_auto_names_its_choice_and_reasons():
    q, k, v = make_qkv(1, 2, 150, 16)
    p, _ = plan()
    chooser = ExecutorChooser()
    chooser.attend(q, k, v, p)
    assert chooser.used == ["gather"] and set(chooser.reasons) == {"fa4", "triton", "flex"}
    assert all("GPU" in reason for reason in chooser.reasons.values())
    # those in 8 bits round, so they are never chosen
    assert set(AUTO_ORDER) == set(EXECUTORS) - {"int8", "fp8"}


class OnHopper:
    """What executors ask of Q before they run."""

    is_cuda, device = True, torch.device("cuda", 0)

    def __init__(self, dtype=torch.bfloat16, head_dim=128, tokens=256):
        self.dtype, self.shape = dtype, torch.Size((1, 2, tokens, head_dim))


@pytest.fixture
def hopper(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device=None: (9, 0))
    monkeypatch.setattr("vidkit.attention.executors.gpu.fa4_problem", lambda: None)


CASES = {
    "usual": ({}, 128, "fa4", {}),
    "fp32": ({"dtype": torch.float32}, 128, "triton", {"fa4": "dtype torch.float32 is not fp16 or bf16"}),
    "head": ({"head_dim": 256}, 128, "triton", {"fa4": "head_dim 256 is not 64 or 128"}),
    "block": ({}, 64, "triton", {"fa4": "block 64x64 is not 128x128"}),
    "odd-head": ({"head_dim": 96}, 128, "masked", {
        "fa4": "head_dim 96 is not 64 or 128", "triton": "head_dim 96 is not one of 16, 32, 64, 128, 256",
        "flex": "head_dim 96 is not a power of two in 16..256",
        "gather": "it would stall the GPU to read the lists"}),
    "fp64": ({"dtype": torch.float64}, 128, "flex", {
        "fa4": "dtype torch.float64 is not fp16 or bf16",
        "triton": "dtype torch.float64 is not fp16, bf16 or fp32"}),
}  # fmt: skip


@pytest.mark.parametrize(("q", "block", "chosen", "reasons"), CASES.values(), ids=CASES)
def test_auto_passes_over_what_cannot_take_head_or_dtype(q, block, chosen, reasons, hopper, caplog):
    caplog.set_level("INFO", logger="vidkit.attention.executors")
    chooser = ExecutorChooser()
    p, _ = plan(N=256, block_q=block, block_k=block)
    for tokens in (256, 256, 512):  # one line, however many calls and lengths
        assert chooser.choose(OnHopper(tokens=tokens, **q), p).name == chosen
    assert chooser.reasons == reasons and chooser.used == [chosen]
    why = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
    told = f"sparse attention runs on executor '{chosen}'" + (f" ({why})" if why else "")
    assert [(record.levelname, record.message) for record in caplog.records] == [("INFO", told)]


@pytest.mark.parametrize("N, name", [(2304, "masked"), (6000, "reference")])
def test_blocks_without_a_kernel_do_not_wait_for_the_host_on_a_gpu(N, name, hopper):
    # the embedded model's blocks of 48
    p, _ = plan(N=N, block_q=48, block_k=48)
    assert ExecutorChooser().choose(OnHopper(torch.float32, 64, N), p).name == name


@pytest.mark.parametrize("N, block, name", [(500, 16, "masked"), (2304, 48, "gather"), (2304, 16, "gather")])
def test_few_tokens_in_small_blocks_run_under_a_mask_on_a_cpu_unless_gather_is_asked_for(
    N, block, name, caplog
):
    p, _ = plan(N=N, block_q=block, block_k=block)
    q = make_qkv(1, 2, N, 16)[0]
    assert ExecutorChooser().choose(q, p).name == name
    assert ExecutorChooser("gather").choose(q, p).name == "gather" and not caplog.records


def test_a_named_executor_that_cannot_take_the_case_is_a_warning(hopper, caplog):
    p, _ = plan(N=256, block_q=128, block_k=128)
    chooser = ExecutorChooser("fa4")
    assert chooser.choose(OnHopper(torch.float32), p).name == "triton"
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "'triton' (fa4: dtype torch.float32 is not fp16 or bf16)" in caplog.text


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ModuleNotFoundError("No module named 'flash_attn'", name="flash_attn.cute"), "is not installed"),
        (
            ModuleNotFoundError("No module named 'cutlass'", name="cutlass"),
            "without what it needs (No module",
        ),
        (AttributeError("no 'arch'"), "cannot be imported (AttributeError: no 'arch')"),
    ],
    ids=["missing", "half", "broken"],
)
def test_a_broken_fa4_is_passed_over_with_its_reason(error, reason, monkeypatch):
    def broken(name):
        raise error

    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device=None: (9, 0))
    monkeypatch.setattr(fa4.importlib, "import_module", broken)
    fa4.fa4_problem.cache_clear()
    try:
        p, _ = plan(N=256, block_q=128, block_k=128)
        assert reason in EXECUTORS["fa4"]().unsupported(OnHopper(), p) and not fa4.fa4_installed()
    finally:
        fa4.fa4_problem.cache_clear()


def test_masked_executor_refuses_long_sequences():
    p, _ = plan(N=5000, block_q=500, block_k=500)
    q, _, _ = make_qkv(1, 2, 5000, 4)
    assert "N x N" in EXECUTORS["masked"]().unsupported(q, p)


def test_wrong_executor_and_wrong_plan():
    q, k, v = make_qkv(1, 2, 140, 16)
    p, _ = plan()
    with pytest.raises(ConfigError, match="unknown executor 'cuda'"):
        sparse_attention(q, k, v, p, "cuda")
    with pytest.raises(DataError, match="150x150 tokens"):
        sparse_attention(q, k, v, p)
    with pytest.raises(DataError, match="k and v must both be"):
        sparse_attention(q, k, v[:, :, :10], p)
    with pytest.raises(ValueError, match="do not fit"):
        BlockPlan(p.counts, p.indices, 300, 150, 32, 16)
