"""Sparse attention together with what else people put on a transformer: offload, LoRA, caches, compilers."""

import pytest
import torch
from diffusers import SkyReelsV2Transformer3DModel, WanTransformer3DModel
from diffusers.hooks import FirstBlockCacheConfig, MagCacheConfig, PyramidAttentionBroadcastConfig

from vidkit.attention import AttentionPolicy, ThresholdTable, enable
from vidkit.attention.predictors import make_predictor
from vidkit.attention.runtime import SparseRuntime
from vidkit.config.attention_schema import AttentionSettings, Predictor
from vidkit.errors import ConfigError, DataError

SIZE = {
    "num_attention_heads": 2,
    "attention_head_dim": 24,
    "in_channels": 4,
    "out_channels": 4,
    "text_dim": 16,
    "freq_dim": 32,
    "ffn_dim": 32,
    "num_layers": 3,
    "patch_size": (1, 2, 2),
    "rope_max_seq_len": 32,
    "qk_norm": "rms_norm_across_heads",
}
BLOCKS = {"block_q": 16, "block_k": 16, "stride": 4}
SPARSE = AttentionSettings(predictor=Predictor.XATTENTION, tau=0.5, **BLOCKS)
CPU = torch.device("cpu")


@pytest.fixture
def model():
    torch.manual_seed(0)
    return WanTransformer3DModel(**SIZE).eval().requires_grad_(False)


@torch.no_grad()
def loop(model, steps=4):
    """A denoising loop of two branches as WanPipeline drives it; all outputs stacked."""
    g = torch.Generator().manual_seed(0)
    latents, text = torch.randn(1, 4, 5, 12, 12, generator=g), torch.randn(1, 6, 16, generator=g)
    outputs = []
    for step in range(steps):
        for n, branch in enumerate(("cond", "uncond")):
            with model.cache_context(branch):
                outputs.append(
                    model(
                        hidden_states=latents * (1 - 0.1 * step),
                        timestep=torch.tensor([900.0 - 200 * step]),
                        encoder_hidden_states=text * (1 + n),
                    ).sample
                )
    model._reset_stateful_cache()
    return torch.stack(outputs)


def group_offload(model):
    model.enable_group_offload(onload_device=CPU, offload_device=CPU, offload_type="leaf_level")


def block_offload(model):
    model.enable_group_offload(
        onload_device=CPU, offload_device=CPU, offload_type="block_level", num_blocks_per_group=1
    )


def model_offload(model):
    # what `enable_model_cpu_offload` puts on each part of a pipeline
    from accelerate import cpu_offload_with_hook

    cpu_offload_with_hook(model, "cpu")


def sequential_offload(model):
    from accelerate import cpu_offload

    cpu_offload(model, "cpu", offload_buffers=True)


@pytest.mark.parametrize("offload", [group_offload, block_offload, model_offload, sequential_offload])
@pytest.mark.parametrize("first", ["offload", "enable"])
def test_offload_before_or_after(offload, first, model):
    dense = loop(model)
    with enable(model, SPARSE):
        sparse = loop(model)
    if first == "offload":
        offload(model)
    handle = enable(model, SPARSE)
    if first == "enable":
        offload(model)
    assert torch.equal(loop(model), sparse) and not torch.equal(sparse, dense)
    handle.disable()
    assert torch.equal(loop(model), dense)
    with enable(model, SPARSE):
        assert torch.equal(loop(model), sparse)


def test_lora_adapters_come_and_go_under_sparse_attention(model):
    peft = pytest.importorskip("peft", reason="peft is not installed")
    config = peft.LoraConfig(
        r=4, lora_alpha=4, init_lora_weights=False, target_modules=["to_q", "to_k", "to_v", "to_out.0"]
    )
    with enable(model, SPARSE):
        plain = loop(model)
        torch.manual_seed(1)
        model.add_adapter(config)
        adapted = loop(model)
        assert (adapted - plain).abs().max() > 1e-3
        model.disable_adapters()
        assert (loop(model) - plain).abs().max() < 1e-6
        model.enable_adapters()
        model.fuse_lora()
        assert (loop(model) - adapted).abs().max() < 1e-4
        model.unfuse_lora()
    with enable(model, SPARSE):  # the adapter was there first
        assert (loop(model) - adapted).abs().max() < 1e-4
        model.delete_adapters("default")
        assert (loop(model) - plain).abs().max() < 1e-5


def test_qkv_is_fused_and_split_by_the_model(model):
    with enable(model, SPARSE):
        plain = loop(model)
        model.fuse_qkv_projections()
        assert model.blocks[0].attn1.fused_projections
        assert (loop(model) - plain).abs().max() < 1e-5
        model.unfuse_qkv_projections()
        assert torch.equal(loop(model), plain)


CACHES = {
    "first-block": (lambda: FirstBlockCacheConfig(threshold=1e9), [6, 2, 2, 2]),
    "pyramid": (
        lambda: PyramidAttentionBroadcastConfig(
            spatial_attention_block_skip_range=2,
            spatial_attention_timestep_skip_range=(0, 1000),
            current_timestep_callback=lambda: 500,
        ),
        None,
    ),
    "mag": (
        lambda: MagCacheConfig(
            num_inference_steps=4, mag_ratios=torch.ones(4), threshold=10.0, retention_ratio=0.2
        ),
        [6, 0, 0, 0],
    ),
}


@pytest.mark.parametrize("first", ["cache", "enable"])
@pytest.mark.parametrize("name", CACHES)
def test_step_caches_before_or_after(name, first, model):
    make, wanted = CACHES[name]
    dense = loop(model)
    model.enable_cache(make())
    cached = loop(model)
    if first == "enable":
        model.disable_cache()
    with enable(model, SPARSE) as handle:
        if first == "enable":
            model.enable_cache(make())
        assert not torch.equal(loop(model), cached)
        heads = [row.heads for row in handle.rows() if row.branch == "cond"]
    # a skipped layer or step reaches no mask; the handle is off, the cache still works
    assert (heads == wanted) if wanted is not None else sum(heads) < 4 * 3 * 2 * 2
    assert torch.equal(loop(model), cached)
    model.disable_cache()
    assert torch.equal(loop(model), dense)


def test_a_skipped_step_does_not_move_anchors(model):
    from vidkit.attention.reuse import make_reuse

    policy = AttentionPolicy(
        make_predictor("xattention", **BLOCKS), make_reuse("tmr", delta=-1.0, gate=False), tau=0.5
    )
    model.enable_cache(FirstBlockCacheConfig(threshold=1e9))
    with enable(model, policy) as handle:
        reset, model._reset_stateful_cache = model._reset_stateful_cache, lambda: None
        loop(model)
        layers = handle.runtimes["transformer"].branches["cond"].layers
        steps = [int(state.anchors.step.max()) for state in layers.values()]
        model._reset_stateful_cache = reset
    # the first block runs at every step, the others at the first alone
    assert steps == [3, 0, 0]


def test_blocks_compiled_before_enabling():
    torch.manual_seed(0)
    model = SkyReelsV2Transformer3DModel(**SIZE).eval().requires_grad_(False)
    dense = loop(model, 2)
    with enable(model, SPARSE):
        sparse = loop(model, 2)
    torch._dynamo.reset()
    model.compile_repeated_blocks(backend="eager")
    assert (loop(model, 2) - dense).abs().max() < 1e-5
    with enable(model, SPARSE):
        assert (loop(model, 2) - sparse).abs().max() < 1e-5
    assert (loop(model, 2) - dense).abs().max() < 1e-5
    torch._dynamo.reset()


def test_context_parallelism_that_was_there_first_is_refused(model):
    model.blocks[1].attn1.processor._parallel_config = object()
    before = [block.attn1.processor for block in model.blocks]
    with pytest.raises(ConfigError, match="context parallelism"):
        enable(model, SPARSE)
    assert [block.attn1.processor for block in model.blocks] == before


@pytest.mark.parametrize(("made_on", "other"), [("transformer", "transformer_2"), ("transformer_2", None)])
def test_a_table_holds_for_the_transformer_it_was_made_on(made_on, other, model, caplog):
    predictor = make_predictor("xattention", **BLOCKS)
    zeros = [[[0.0]] * 2] * 3
    table = ThresholdTable(
        "wan2.2",
        predictor.describe(),
        [0.5],
        0,
        0,
        0,
        [[0.5] * 2] * 3,
        zeros,
        zeros,
        {"transformer": made_on},
    )
    policy = AttentionPolicy(predictor, table=table, table_path="t.json", tau=0.8)
    if other is None:  # the only one that is given: meant for it
        with enable(model, policy) as handle:
            assert bool((handle.runtimes["transformer"].thresholds.values == 0.5).all())
        assert not caplog.records
        return

    class Pipe:
        transformer = model
        transformer_2 = WanTransformer3DModel(**SIZE)

    with enable(Pipe, policy) as handle:
        taus = {name: float(run.thresholds.values.mean()) for name, run in handle.runtimes.items()}
    assert taus == pytest.approx({"transformer": 0.5, "transformer_2": 0.8})
    told = "table t.json was made on 'transformer': 'transformer_2' uses tau 0.8 on every head"
    assert [record.message for record in caplog.records] == [told]


def test_nan_at_the_last_step_is_reported_when_the_generation_ends(model, monkeypatch):
    # a GPU's flags are read at the start of the next forward, and the last one has none
    monkeypatch.setattr(SparseRuntime, "_watch", _note_only)
    handle = enable(model, SPARSE)
    loop(model, 1)
    model.blocks[1].attn1.to_k.weight.data[0, 0] = float("nan")
    runtime = handle.runtimes["transformer"]
    with pytest.raises(DataError, match="NaN or infinity in layer 1, step 0"):
        _one_forward_then_reset(model)
    assert not runtime.branches, "masks are dropped all the same"
    handle.disable()


def _note_only(runtime, pooled, layer):
    runtime._sums[layer] = pooled.q.sum() + pooled.k.sum()


@torch.no_grad()
def _one_forward_then_reset(model):
    with model.cache_context("cond"):
        model(torch.zeros(1, 4, 5, 12, 12), torch.tensor([900.0]), torch.zeros(1, 6, 16))
    model._reset_stateful_cache()
