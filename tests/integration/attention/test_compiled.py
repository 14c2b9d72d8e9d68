"""Compiled transformers and blocks, as whole graphs, before and after `enable`."""

import pytest
import torch
import torch._dynamo.testing
from diffusers import SkyReelsV2Transformer3DModel, WanTransformer3DModel

from vidkit.attention import AttentionPolicy, disable, enable
from vidkit.attention.predictors import make_predictor
from vidkit.attention.reuse import make_reuse
from vidkit.errors import ConfigError

SIZE = {
    "num_attention_heads": 2,
    "attention_head_dim": 24,
    "in_channels": 4,
    "out_channels": 4,
    "text_dim": 16,
    "freq_dim": 16,
    "ffn_dim": 16,
    "patch_size": (1, 2, 2),
    "rope_max_seq_len": 32,
}
pytestmark = pytest.mark.compiles


@pytest.fixture(autouse=True)
def nothing_compiled():
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def make(kind=WanTransformer3DModel, layers=2):
    torch.manual_seed(0)
    return kind(**SIZE, num_layers=layers).eval().requires_grad_(False)


def policy(**changes):
    """One dense step, a mask, its reuse, another mask."""
    predictor = make_predictor("xattention", block_q=8, block_k=8, stride=4)
    return AttentionPolicy(predictor, make_reuse("interval", interval=2), tau=0.4, dense_steps=1, **changes)


def loop(model, call=None):
    """Four steps of two branches; `call` runs a forward, by default the model itself."""
    g = torch.Generator().manual_seed(0)
    x, text = torch.randn(1, 4, 2, 8, 8, generator=g), torch.randn(1, 3, 16, generator=g)
    outputs = []
    for step in range(4):
        for n, branch in enumerate(("cond", "uncond")):
            with model.cache_context(branch, step_index=step):
                out = (model if call is None else call)(
                    hidden_states=x * (1 - 0.2 * step),
                    timestep=torch.tensor([900.0 - 200 * step]),
                    encoder_hidden_states=text * (1 + n),
                    return_dict=False,
                )
            outputs.append(out[0])
    model._reset_stateful_cache()
    return torch.stack(outputs)


def compiler(backend="eager"):
    return torch._dynamo.testing.CompileCounterWithBackend(backend)


def references(kind=WanTransformer3DModel, layers=2, **changes):
    dense = loop(make(kind, layers))
    with enable(model := make(kind, layers), policy(**changes)) as handle:
        sparse = loop(model)
    assert (sparse - dense).abs().max() > 1e-3
    return dense, sparse, handle.report()


@pytest.mark.parametrize("first", ["enable", "compile", "run"])
def test_blocks_as_whole_graphs(first):
    dense, sparse, report = references(layers=3)
    model, counter = make(layers=3), compiler()
    if first == "enable":
        handle = enable(model, policy())
    model.compile_repeated_blocks(fullgraph=True, backend=counter)
    if first == "run":
        assert torch.equal(loop(model), dense)
    if first != "enable":
        handle = enable(model, policy())
    assert torch.equal(loop(model), sparse)
    assert handle.report()["density"] == report["density"]
    # one graph for each phase, whatever the layer, step and branch
    assert counter.frame_count <= 3
    for _ in range(2):
        disable(model)
        assert torch.equal(loop(model), dense)
        enable(model, policy())
        assert torch.equal(loop(model), sparse)
    assert counter.frame_count <= 3


@pytest.mark.parametrize(("how", "first"), [("compile", "run"), ("torch.compile", "enable")])
def test_whole_transformers_as_one_graph(how, first):
    dense, sparse, report = references(layers=1)
    model, counter = make(layers=1), compiler()
    if first == "enable":
        handle = enable(model, policy())
    if how == "compile":
        model.compile(fullgraph=True, backend=counter)
        compiled = model
    else:
        compiled = torch.compile(model, fullgraph=True, backend=counter)
    if first == "run":
        assert torch.equal(loop(model, compiled), dense)
        handle = enable(compiled, policy())
    before = counter.frame_count
    assert torch.equal(loop(model, compiled), sparse)
    assert handle.report()["calls"] == 8 and handle.report()["density"] == report["density"]
    # the forward, and a graph of one operator that begins it: not one for each step, branch or phase
    assert counter.frame_count == before + 2
    handle.disable()
    assert torch.equal(loop(model, compiled), dense)
    with enable(compiled, policy()):
        assert torch.equal(loop(model, compiled), sparse)
    assert counter.frame_count <= 4


@pytest.mark.parametrize("pre_rope", [True, False])
def test_a_graph_around_the_transformer_decides_when_it_runs(pre_rope):
    # here the hook is part of the graph: clock and phase are operators of it
    kind = WanTransformer3DModel if pre_rope else SkyReelsV2Transformer3DModel
    _, sparse, report = references(kind, 1, pre_rope=pre_rope)
    model, counter = make(kind, 1), compiler()
    call = torch.compile(lambda **inputs: model(**inputs), fullgraph=True, backend=counter)
    with enable(model, policy(pre_rope=pre_rope)) as handle:
        assert (loop(model, call) - sparse).abs().max() < 1e-6
        assert handle.report()["density"] == report["density"]
    assert counter.frame_count == 1, "dense and sparse steps of both branches are one graph"


def test_gradients_through_a_compiled_transformer_are_refused():
    with enable(model := make(layers=1), policy()):
        key = model.blocks[0].attn1.processor.key
        x = torch.randn(1, 8, 2, 24, requires_grad=True)
        attend = torch.compile(
            lambda x: torch.ops.vidkit.attend(key, x, x, x, None, None), backend="aot_eager", fullgraph=True
        )
        out = attend(x)
        with pytest.raises(ConfigError, match="no gradients through sparse attention in a compiled"):
            out.sum().backward()


def test_operators_keep_their_contract():
    from vidkit.attention.processor import SparseAttnProcessor

    with enable(model := make(layers=1), policy()):
        processor = model.blocks[0].attn1.processor
        assert isinstance(processor, SparseAttnProcessor)
        q, k, v = (torch.randn(1, 8, 2, 24) for _ in range(3))
        arguments = (processor.key, q, k, v, None, None)
        torch.library.opcheck(torch.ops.vidkit.attend.default, arguments)
