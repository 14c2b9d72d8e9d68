"""Enable, disable, copy and store: what stays on a transformer, and whose weights and masks a copy has."""

import copy
import gc
import io
import pickle
import weakref

import pytest
import torch
from diffusers import WanTransformer3DModel
from diffusers.hooks import FirstBlockCacheConfig

from vidkit.attention import disable, enable
from vidkit.attention.apply import is_enabled
from vidkit.config.attention_schema import AttentionSettings
from vidkit.errors import ConfigError

SIZE = {
    "num_attention_heads": 2,
    "attention_head_dim": 24,
    "in_channels": 4,
    "out_channels": 4,
    "text_dim": 16,
    "freq_dim": 32,
    "ffn_dim": 32,
    "num_layers": 2,
    "patch_size": (1, 2, 2),
    "rope_max_seq_len": 32,
}
SPARSE = AttentionSettings(
    predictor="xattention", tau=0.5, block_q=8, block_k=8, stride=4, reuse="tmr", delta=1e9
)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return WanTransformer3DModel(**SIZE).eval().requires_grad_(False)


def loop(model, end=True):
    g = torch.Generator().manual_seed(0)
    x, text = torch.randn(1, 4, 2, 8, 8, generator=g), torch.randn(1, 6, 16, generator=g)
    outputs = []
    for step, t in enumerate((900.0, 500.0)):
        with model.cache_context("cond"):
            outputs.append(
                model(
                    hidden_states=x * (1 - 0.3 * step), timestep=torch.tensor([t]), encoder_hidden_states=text
                ).sample
            )
    if end:
        model._reset_stateful_cache()
    return torch.stack(outputs)


def traces(model):
    """Everything that hooks and wrappers could hide in."""
    parts = [*model.modules()]
    return [{n: len(v) if hasattr(v, "__len__") else id(v) for n, v in vars(part).items()} for part in parts]


@pytest.mark.parametrize("by", ["handle", "module", "block"])
def test_a_thousand_times_on_and_off_leave_nothing(by, model):
    before, seen = traces(model), []
    dense = loop(model)
    before = traces(model)
    for n in range(1000):
        handle = enable(model, SPARSE)
        if n in (0, 999):
            loop(model, end=False)
            runtime = handle.runtimes["transformer"]
            processor = model.blocks[0].attn1.processor
            mask = runtime.branches["cond"].layers[0].plan.packed
            seen += [weakref.ref(x) for x in (handle, runtime, processor, mask, handle._installed.clock)]
            del runtime, processor, mask
        if by == "handle":
            handle.disable()
        elif by == "module":
            disable(model)
        else:
            handle.__exit__(None, None, None)
    del handle
    gc.collect()
    assert [ref() for ref in seen if ref() is not None] == []
    assert traces(model) == before and torch.equal(loop(model), dense)


def test_a_disabled_handle_holds_no_transformer_and_no_mask_but_its_figures(model):
    handle = enable(model, SPARSE)
    loop(model, end=False)
    handle.disable()
    report, gone = handle.report(), weakref.ref(model.blocks[0])
    assert report["calls"] == 2 and not handle.runtimes["transformer"].branches
    model.blocks = torch.nn.ModuleList()
    gc.collect()
    assert gone() is None


def test_hooks_that_come_and_go_in_between_are_none_of_ours(model):
    dense = loop(model)
    model.enable_cache(FirstBlockCacheConfig(threshold=1e9))
    cached = loop(model)
    handle = enable(model, SPARSE)
    model.disable_cache()
    sparse = loop(model)
    model.enable_cache(FirstBlockCacheConfig(threshold=1e9))
    handle.disable()
    assert torch.equal(loop(model), cached)
    model.disable_cache()
    assert torch.equal(loop(model), dense) and not torch.equal(sparse, dense)


def test_a_copy_has_its_own_weights_and_its_own_state(model):
    handle = enable(model, SPARSE)
    sparse = loop(model, end=False)
    twin = copy.deepcopy(model)
    assert is_enabled(twin)
    for parameter in model.parameters():
        parameter.mul_(1.5)
    changed = loop(model, end=False)
    rows = len(handle.rows())
    assert torch.equal(loop(twin, end=False), sparse) and not torch.equal(changed, sparse)
    assert len(handle.rows()) == rows, "the copy's figures are not the original's"
    owned = {id(p) for p in model.parameters()}
    assert not [p for p in twin.parameters() if id(p) in owned]
    handle.disable()
    assert is_enabled(twin) and torch.equal(loop(twin), sparse)
    disable(twin)
    enable(model, SPARSE)
    again = copy.deepcopy(copy.deepcopy(model))
    disable(model)
    assert torch.equal(loop(again), changed)
    processors = {type(block.attn1.processor).__name__ for block in twin.blocks}
    assert processors == {"WanAttnProcessor"} and not is_enabled(twin)


def test_a_block_copied_alone_is_dense(model):
    with enable(model, SPARSE):
        block = copy.deepcopy(model.blocks[0])
    x, temb = torch.ones(1, 32, 48), torch.zeros(1, 6, 48)
    text = torch.ones(1, 6, 48)
    assert torch.equal(block(x, text, temb, None), model.blocks[0](x, text, temb, None))


@pytest.mark.parametrize("store", [pickle.dumps, lambda model: torch.save(model, io.BytesIO())])
def test_pickling_is_refused_while_enabled(store, model):
    handle = enable(model, SPARSE)
    with pytest.raises(ConfigError, match="cannot be pickled") as refused:
        store(model)
    assert "disable() first" in refused.value.hint
    handle.disable()
    store(model)


def test_saved_weights_are_those_without_sparse_attention(model, tmp_path):
    model.save_pretrained(tmp_path / "dense")
    with enable(model, SPARSE):
        model.save_pretrained(tmp_path / "sparse")
        names = set(model.state_dict())
    files = [next((tmp_path / kind).glob("*.safetensors")).read_bytes() for kind in ("dense", "sparse")]
    assert files[0] == files[1] and names == set(model.state_dict())
    loaded = WanTransformer3DModel.from_pretrained(tmp_path / "sparse").eval().requires_grad_(False)
    assert torch.equal(loop(loaded), loop(model))
