"""Gradients through sparse attention: checkpointed or not they are the same, or they are refused."""

from functools import partial

import pytest
import torch
from diffusers import SkyReelsV2Transformer3DModel, WanTransformer3DModel
from torch.utils.checkpoint import checkpoint

from vidkit.attention import enable
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
CUT = {"block_q": 8, "block_k": 8, "tau": 0.4, "dense_steps": 1}
SPARSE = {
    "never": AttentionSettings(predictor="xattention", stride=4, **CUT),
    "freeze": AttentionSettings(predictor="xattention", stride=4, reuse="freeze", **CUT),
    # warm starts: a second run of k-means would end elsewhere
    "svg2": AttentionSettings(
        predictor="svg2",
        query_clusters=3,
        key_clusters=6,
        first_iterations=1,
        **{**CUT, "block_q": 4, "block_k": 4},
    ),
}


def make(kind=WanTransformer3DModel):
    torch.manual_seed(0)
    return kind(**SIZE).train()


def gradients(model):
    """Of a loss over three steps, one of them dense; all forwards before the backward."""
    g = torch.Generator().manual_seed(0)
    x, text = torch.randn(1, 4, 2, 8, 8, generator=g).requires_grad_(), torch.randn(1, 6, 16, generator=g)
    losses = [
        model(x * scale, torch.tensor([t]), text).sample.square().mean()
        for t, scale in ((900.0, 1.0), (600.0, 0.8), (300.0, 0.6))
    ]
    sum(losses).backward()
    found = {"x": x.grad, **{n: p.grad for n, p in model.named_parameters() if p.grad is not None}}
    model.zero_grad()
    return found


def furthest(a, b):
    assert set(a) == set(b)
    return max(float((a[name] - b[name]).abs().max()) for name in a)


def switch_on(model, reentrant):
    model.enable_gradient_checkpointing(partial(checkpoint, use_reentrant=reentrant))


@pytest.mark.parametrize("reentrant", [True, False])
@pytest.mark.parametrize("kind", [WanTransformer3DModel, SkyReelsV2Transformer3DModel])
@pytest.mark.parametrize("name", SPARSE)
def test_checkpointed_gradients_are_those_of_the_forward(name, kind, reentrant):
    with enable(plain := make(kind), SPARSE[name]):
        wanted = gradients(plain)
    assert furthest(gradients(make(kind)), wanted) > 1e-4, "sparse and dense do not differ"
    switch_on(before := make(kind), reentrant)
    stored = before._gradient_checkpointing_func
    with enable(before, SPARSE[name]) as handle:
        assert furthest(gradients(before), wanted) < 1e-6
        assert len(handle.rows()) == 3, "a block that runs again counts as a forward"
        assert before._gradient_checkpointing_func is stored
    with enable(after := make(kind), SPARSE[name]):
        switch_on(after, reentrant)
        assert furthest(gradients(after), wanted) < 1e-6


def test_checkpointing_does_not_matter_without_gradients():
    switch_on(model := make(), True)
    with torch.no_grad(), enable(model, SPARSE["never"]) as handle:
        for t in (900.0, 500.0):
            model(torch.ones(1, 4, 2, 8, 8), torch.tensor([t]), torch.ones(1, 6, 16))
        assert handle.report()["sparse_calls"] == 1


def test_a_forward_that_fails_leaves_the_checkpointing_function_alone():
    switch_on(model := make(), False)
    stored = model._gradient_checkpointing_func
    handle = enable(model, SPARSE["never"])
    with pytest.raises(RuntimeError):
        model(torch.ones(1, 4, 2, 8, 8), torch.tensor([900.0]), torch.ones(1, 6, 3))
    handle.disable()
    assert model._gradient_checkpointing_func is stored


@pytest.mark.parametrize("reentrant", [True, False])
@pytest.mark.parametrize("part", ["transformer", "blocks"])
def test_checkpointing_by_others_is_refused_in_the_backward_pass(part, reentrant):
    model = make()
    x = torch.ones(1, 4, 2, 8, 8, requires_grad=True)
    if part == "blocks":
        for block in model.blocks:
            block.forward = partial(checkpoint, block.forward, use_reentrant=reentrant)

    def run(x):
        return model(x, torch.tensor([900.0]), torch.ones(1, 6, 16)).sample

    with enable(model, AttentionSettings(predictor="xattention", block_q=8, block_k=8, stride=4, tau=0.4)):
        out = checkpoint(run, x, use_reentrant=reentrant) if part == "transformer" else run(x)
        with pytest.raises(ConfigError, match="run again in the backward pass"):
            out.sum().backward()


def test_masks_keep_no_graph():
    with enable(model := make(), SPARSE["never"]) as handle:
        gradients(model)
        states = handle.runtimes["transformer"].branches["cond"].layers.values()
        assert not [s for s in states if s.anchors.q.requires_grad]
