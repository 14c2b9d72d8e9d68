"""Sparse attention on small random transformers, driven like the pipelines drive them."""

import logging

import pytest
import torch
import torch._dynamo.testing
from diffusers import SkyReelsV2Transformer3DModel, WanTransformer3DModel
from diffusers.hooks import FirstBlockCacheConfig, PyramidAttentionBroadcastConfig
from tiny_attention import counting, inputs, loop, make, same, xattention

from vidkit.attention import build_policy, disable, enable
from vidkit.attention.apply import is_enabled
from vidkit.attention.processor import SparseAttnProcessor
from vidkit.config.attention_schema import AttentionSettings, ExecutorName, Keep, Predictor, Reuse
from vidkit.errors import ConfigError, DataError, ModelError


@pytest.mark.parametrize("kind", [SkyReelsV2Transformer3DModel, WanTransformer3DModel])
@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(AttentionSettings(), id="dense"),
        pytest.param(xattention(tau=1.0), id="tau-1"),
        pytest.param(xattention(dense_steps=4), id="all-warm-up"),
        pytest.param(xattention(dense_layers=3), id="all-layers-dense"),
        pytest.param(xattention(min_tokens=10_000), id="too-short"),
    ],
)
def test_dense_settings_are_bitwise_dense(kind, settings):
    model = make(kind)
    dense = loop(model)
    with enable(model, settings) as handle:
        assert same(loop(model, end=False), dense)
        assert handle.report()["density"] == 1.0


@pytest.mark.parametrize("kind", [SkyReelsV2Transformer3DModel, WanTransformer3DModel])
@pytest.mark.parametrize("executor", ["gather", "reference", "masked"])
def test_full_masks_through_our_processor_equal_dense(kind, executor):
    model = make(kind)
    # one frame: every block is the first frame's, so masks are full although the sparse path is taken
    settings = xattention(always_keep=[Keep.FIRST_FRAME], executor=ExecutorName(executor))
    with enable(model, settings) as handle:
        out = loop(model, end=False, frames=1)
        assert handle.report()["sparse_density"] == 1.0 and handle.report()["sparse_calls"] == 8
    dense = loop(model, frames=1)
    assert same(out, dense, 1e-6)


@pytest.mark.parametrize("predictor", [p for p in Predictor if p != Predictor.DENSE], ids=lambda p: p.value)
def test_every_predictor_runs_sparse_and_close_to_dense(predictor):
    model = make()
    dense = loop(model)
    settings = AttentionSettings(
        predictor=predictor,
        block_q=16,
        block_k=16,
        stride=4,
        tau=0.8,
        query_clusters=6,
        key_clusters=12,
        first_iterations=4,
        keep_ratio=0.5,
        executor="gather",
    )
    with enable(model, settings) as handle:
        out = loop(model, end=False)
        report = handle.report()
    assert 0.05 < report["sparse_density"] < 1 and report["executors_used"] == ["gather"]
    assert not same(out, dense) and same(out, dense, 0.5)
    assert same(loop(model), dense), "disable leaves the model as it was"


def test_disable_restores_the_very_same_processors_and_forward():
    model = make()
    before = [(id(b.attn1.processor), id(b.attn2.processor)) for b in model.blocks]
    forward = model.forward
    handle = enable(model, "xattention")
    assert all(isinstance(b.attn1.processor, SparseAttnProcessor) for b in model.blocks)
    assert [id(b.attn2.processor) for b in model.blocks] == [pair[1] for pair in before]
    handle.disable()
    handle.disable()
    assert [(id(b.attn1.processor), id(b.attn2.processor)) for b in model.blocks] == before
    assert model.forward == forward and not is_enabled(model)
    enable(model, "svg2")
    disable(model)
    assert [(id(b.attn1.processor), id(b.attn2.processor)) for b in model.blocks] == before


def test_enabling_twice_is_refused_and_possible_after_disable():
    model = make()
    handle = enable(model, "xattention")
    with pytest.raises(ConfigError, match="already enabled"):
        enable(model, "svg2")
    handle.disable()
    enable(model, "svg2").disable()


def test_fused_projections_give_the_same_result():
    model = make()
    with enable(model, xattention()):
        plain = loop(model)
        for block in model.blocks:
            block.attn1.fuse_projections()
        assert same(loop(model), plain, 1e-5)


class LowRank(torch.nn.Module):
    """What a LoRA adapter makes of a linear layer."""

    def __init__(self, base):
        super().__init__()
        self.base, self.down, self.up = base, torch.nn.Linear(48, 2), torch.nn.Linear(2, 48)

    def forward(self, x):
        return self.base(x) + self.up(self.down(x))


def test_lora_layers_take_part():
    model = make()
    with enable(model, xattention()):
        plain = loop(model)
        for block in model.blocks:
            block.attn1.to_q = LowRank(block.attn1.to_q)
        assert not same(loop(model), plain)


def test_compiled_blocks_compile_once_not_once_a_layer():
    model = make(num_layers=12)
    with enable(model, xattention(dense_steps=1)):
        eager = loop(model, steps=3)
        torch._dynamo.reset()
        counter = torch._dynamo.testing.CompileCounter()
        for block in model.blocks:
            block.compile(backend=counter)
        compiled = loop(model, steps=3)
    assert same(eager, compiled, 1e-5)
    # a dense graph, and the parts of the sparse one around `attend`: not 12 of each
    assert counter.frame_count <= 8
    torch._dynamo.reset()


def test_first_block_cache_composes():
    model = make(WanTransformer3DModel, num_layers=4)
    dense = loop(model)
    model.enable_cache(FirstBlockCacheConfig(threshold=1e9))
    cached = loop(model)
    with enable(model, xattention()) as handle:
        both = loop(model, end=False)
        rows = handle.rows()
        model._reset_stateful_cache()
    model.disable_cache()
    assert not same(cached, dense) and not same(both, cached)
    # skipped blocks record nothing: later steps saw the first block only
    assert rows[0].heads == 4 * 2 and rows[-1].heads == 2
    assert same(loop(model), dense)


def test_pyramid_attention_broadcast_composes():
    model = make(WanTransformer3DModel)
    step = {"now": 900}
    config = PyramidAttentionBroadcastConfig(
        spatial_attention_block_skip_range=2,
        spatial_attention_timestep_skip_range=(0, 1000),
        current_timestep_callback=lambda: step["now"],
    )
    with enable(model, xattention()) as handle:
        model.enable_cache(config)
        loop(model, branches=("cond",), end=False)
        heads = [r.heads for r in handle.rows()]
        model._reset_stateful_cache()
        model.disable_cache()
    # every other step broadcasts the attention of the step before
    assert heads[0] == 3 * 2 and 0 in heads


def test_a_wrapper_put_on_later_survives_disable():
    # accelerate's offload wraps forward after us; removing our hook must not take the wrap along
    model = make()
    dense = loop(model)
    handle = enable(model, xattention())
    inner, calls = model.forward, []

    def wrapped(*args, **kwargs):
        calls.append(1)
        return inner(*args, **kwargs)

    model.forward = wrapped
    handle.disable()
    assert same(loop(model), dense) and len(calls) == 8
    with enable(model, xattention()):
        assert not same(loop(model), dense)
    assert same(loop(model), dense)


def test_block_causal_masks_stay_dense():
    model = make(num_frame_per_block=1)
    model._set_ar_attention(5)
    dense = loop(model)
    with enable(model, xattention()):
        assert same(loop(model), dense)


def test_diffusion_forcing_timesteps_and_sliding_windows():
    model = make()
    policy, predictor = counting("freeze")
    x = inputs(frames=3)
    rows = [[900, 900, 900], [500, 900, 900], [100, 500, 900], [500, 900, 900], [900, 900, 900]]
    with enable(model, policy) as handle:
        for row in rows:
            with model.cache_context("cond"):
                model(timestep=torch.tensor([row]), enable_diffusion_forcing=True, **x)
        steps = [r.step for r in handle.rows()]
    # the fourth row slides the window: fresh masks, the step goes on; the last one too
    assert steps == [0, 1, 2, 3, 4] and len(predictor.calls) == 3 * 3


def test_nan_in_the_weights_is_reported_with_its_layer():
    model = make()
    model.blocks[1].attn1.to_k.weight.data[0, 0] = float("nan")
    with enable(model, xattention()), pytest.raises(DataError, match="NaN or infinity in layer 1, step 0"):
        loop(model)


def test_what_is_no_video_transformer_is_refused():
    with pytest.raises(
        ModelError, match=r"no adapter for the class of 'transformer', torch\.nn\.[a-z.]*Linear"
    ):
        enable(torch.nn.Linear(2, 2), "xattention")
    with pytest.raises(ModelError, match="no transformer"):
        enable(object(), "xattention")


def test_backend_set_after_enable_reaches_the_dense_path():
    model = make()
    dense = [b.attn1.processor for b in model.blocks]
    with enable(model, xattention(dense_steps=2)):
        model.set_attention_backend("_native_math")
        assert all(p._attention_backend is not None for p in dense)
        loop(model)


def test_context_parallelism_is_refused():
    model = make()
    with enable(model, xattention()), pytest.raises(ConfigError, match="context parallelism"):
        model.blocks[0].attn1.processor._parallel_config = object()


def test_executor_that_cannot_run_is_said_once(caplog):
    model = make()
    settings = xattention(executor=ExecutorName.FA4)
    with (
        caplog.at_level(logging.INFO, logger="vidkit.attention.executors"),
        enable(model, settings) as handle,
    ):
        loop(model, end=False)
        report = handle.report()
    lines = [r.message for r in caplog.records if "runs on executor" in r.message]
    assert len(lines) == 1 and "'masked'" in lines[0] and "fa4: it needs a GPU" in lines[0]
    assert report["executors_used"] == ["masked"]


def test_report_counts_what_happened():
    model = make()
    policy, predictor = counting("interval", interval=2, dense_steps=1, dense_layers=1)
    with enable(model, policy) as handle:
        loop(model, steps=4, branches=("cond",), end=False)
        report = handle.report()
    # sparse steps 1, 2, 3 on layers 1 and 2; masks made at steps 1 and 3
    assert report["calls"] == 4 and report["sparse_calls"] == 3
    assert sum(predictor.calls) == report["predicted_heads"] == 2 * 2 * 2
    assert report["reuse_ratio"] == pytest.approx(1 / 3)
    assert report["density"] > report["sparse_density"]


def test_step_reports_are_of_the_steps_since_the_last():
    model = make()
    with enable(model, counting("interval", interval=2)[0]) as handle:
        assert handle.step_report() == {}
        loop(model, steps=1, end=False)
        first = handle.step_report()
        assert first["refreshed_heads"] == 2 * 3 * 2 and 0 < first["density"] < 1
        loop(model, steps=2, end=False, start=700.0)
        # steps 1 (reuse) and 2 (refresh) of both branches
        assert handle.step_report()["refreshed_heads"] == 2 * 3 * 2
        assert handle.step_report() == {}


def test_reuse_enum_reaches_the_policy():
    settings = xattention(reuse=Reuse.TMR, delta=12.5)
    assert build_policy(settings).reuse.describe() == {"name": "tmr", "delta": 12.5, "gate": [0.4, 0.8]}
