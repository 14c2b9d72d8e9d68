"""Kernels of dense attention: what each needs, which is chosen, and how one sits on a transformer."""

import json

import pytest
import torch
import torch.nn.functional as F
from diffusers import SkyReelsV2Transformer3DModel, WanTransformer3DModel

from vidkit.attention import AttentionSettings, enable
from vidkit.config.attention_schema import Backend
from vidkit.errors import ConfigError
from vidkit.hooks.dense import choice
from vidkit.hooks.dense.choice import Case, choose
from vidkit.hooks.dense.kernels import KERNELS, DenseKernel, require_kernel
from vidkit.hooks.dense.processor import DenseAttnProcessor, dense_kernels
from vidkit.hooks.families import family_of

CPU = torch.device("cpu")
CASE = Case(CPU, torch.float32, 1, 2, 40, 40, 16)


def plain(q, k, v):
    q, k, v = (x.transpose(1, 2) for x in (q, k, v))
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2)


def wrong(q, k, v):
    return 1.1 * plain(q, k, v)


def broken(q, k, v):
    raise RuntimeError("no kernel image")


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "vidkit" / "attention" / "kernels.json"


@pytest.fixture
def put(monkeypatch):
    """Add a kernel; gives the calls it got."""

    def add(name, attend, **more):
        calls = []

        def counted(q, k, v):
            calls.append(q.shape)
            return attend(q, k, v)

        made = DenseKernel(name, counted, lambda device: None, lambda dtype, size: None, **more)
        monkeypatch.setitem(KERNELS, name, made)
        return calls

    return add


@pytest.fixture
def seconds(monkeypatch):
    """Seconds of a call by kernel, instead of a clock."""
    table = {}
    monkeypatch.setattr(choice, "_once", lambda call, device: table[call.__defaults__[0]])
    return lambda **times: table.update({KERNELS[name].attend: value for name, value in times.items()})


def test_every_backend_of_the_settings_has_a_kernel():
    assert {b.value for b in Backend} - {"auto"} == set(KERNELS)


def test_native_is_softmax_attention():
    q, k, v = torch.randn(3, 1, 5, 2, 8).unbind(0)
    p = torch.einsum("bnhd,bmhd->bhnm", q, k).mul(8**-0.5).softmax(-1)
    assert torch.allclose(KERNELS["native"].attend(q, k, v), torch.einsum("bhnm,bmhd->bnhd", p, v), atol=1e-6)


@pytest.mark.parametrize("name", ["fa4", "cudnn", "flash", "sage", "int8", "fp8"])
def test_a_kernel_that_cannot_run_here_is_refused_with_those_that_can(name):
    with pytest.raises(ConfigError, match=f"attention.backend={name} cannot be used: it needs a CUDA") as no:
        require_kernel(name, CPU)
    assert no.value.hint == "choose from: auto, native"


def test_settings_refuse_an_unknown_backend_with_the_choices():
    with pytest.raises(ValueError, match="unknown backend 'fa5', choose from: auto, fa4, cudnn"):
        AttentionSettings(backend="fa5")


def test_a_cpu_has_nothing_to_choose_and_measures_nothing(own_cache):
    found = choose(CASE)
    assert found.name == "native" and not found.ms and not own_cache.exists()
    assert "it needs a CUDA device" in found.passed_over["cudnn"]


def test_the_quickest_is_chosen_and_remembered_for_device_shape_and_dtype(put, seconds, own_cache):
    calls = put("quick", plain)
    seconds(quick=0.001, native=0.002)
    first = choose(CASE)
    assert (first.name, first.is_remembered) == ("quick", False) and first.ms == {"quick": 1, "native": 2}
    measured = len(calls)
    seconds(quick=0.003)
    again = choose(CASE)
    assert (again.name, again.is_remembered, again.ms) == ("quick", True, first.ms) and len(calls) == measured
    for other in (
        Case(CPU, torch.float32, 1, 2, 41, 41, 16),
        Case(CPU, torch.float64, 1, 2, 40, 40, 16),
        Case(CPU, torch.float32, 1, 2, 40, 8, 16),
    ):
        assert choose(other).name == "native" and choose(other).is_remembered
    assert len(json.loads(own_cache.read_text())["cases"]) == 4


def test_another_version_of_a_library_is_measured_again(put, seconds, monkeypatch):
    put("quick", plain, package="quick-attention")
    seconds(quick=0.001, native=0.002)
    choose(CASE)
    monkeypatch.setattr(choice, "versions", lambda packages: dict.fromkeys(packages, "2"))
    assert not choose(CASE).is_remembered


def test_a_kernel_that_fails_or_errs_is_passed_over_with_its_reason(put, seconds):
    for name, attend in (("wrong", wrong), ("broken", broken)):
        put(name, attend)
    seconds(wrong=0, broken=0, native=1)
    for found in (choose(CASE), choose(CASE)):
        assert found.name == "native" and list(found.ms) == ["native"]
        assert found.passed_over["wrong"] == "its result is 0.1 away from torch's attention"
        assert found.passed_over["broken"] == "it failed: RuntimeError: no kernel image"


def test_a_kernel_that_rounds_to_8_bits_is_never_chosen_unasked(put, seconds):
    put("rounding", plain, is_exact=False)
    put("other", plain)
    seconds(rounding=0, other=2, native=1)
    assert choose(CASE).name == "native"


@pytest.mark.parametrize("content", ["", "{", '{"cases": [1]}', '{"cases": {"a": 1}}'])
def test_a_damaged_cache_is_measured_anew(content, put, seconds, own_cache):
    put("quick", plain)
    seconds(quick=1, native=2)
    choose(CASE)
    own_cache.write_text(content)
    assert not choose(CASE).is_remembered
    assert choose(CASE).is_remembered


def test_without_a_cache_every_run_measures(put, seconds, own_cache, caplog):
    put("quick", plain)
    seconds(quick=1, native=2)
    own_cache.parent.parent.parent.write_text("in the way")
    for _ in range(2):
        found = choose(CASE)
        assert found.name == "quick" and not found.is_remembered
    assert "measured attention kernels are not remembered" in caplog.text


def tiny(kind=WanTransformer3DModel):
    torch.manual_seed(0)
    size = {"num_attention_heads": 2, "attention_head_dim": 24, "in_channels": 4, "out_channels": 4}
    more = {"text_dim": 16, "freq_dim": 32, "ffn_dim": 32, "num_layers": 2, "rope_max_seq_len": 32}
    return kind(**size, **more).eval()


@torch.no_grad()
def forward(model, step=0.0):
    generator = torch.Generator().manual_seed(1)
    x, text = torch.randn(1, 4, 3, 8, 8, generator=generator), torch.randn(1, 6, 16, generator=generator)
    with model.cache_context("cond"):
        return model(x, torch.tensor([900.0 - step]), text, return_dict=False)[0]


@pytest.mark.parametrize("kind", [WanTransformer3DModel, SkyReelsV2Transformer3DModel])
def test_every_self_attention_runs_on_the_kernel_and_is_given_back(kind, put):
    model = tiny(kind)
    wanted, calls = forward(model), put("other", plain)
    before = [layer.attention.processor for layer in family_of(model).layers(model)]
    with dense_kernels({"transformer": model}, {"transformer": family_of(model)}, "other"):
        assert torch.allclose(forward(model), wanted, atol=1e-5) and len(calls) == 2
    assert [layer.attention.processor for layer in family_of(model).layers(model)] == before
    assert torch.equal(forward(model), wanted) and len(calls) == 2


def test_native_touches_nothing():
    model = tiny()
    with dense_kernels({"t": model}, {"t": family_of(model)}, "native"):
        assert not any(isinstance(getattr(m, "processor", None), DenseAttnProcessor) for m in model.modules())


def test_cross_attention_gets_diffusers_own_backend_and_loses_it():
    model = tiny()
    with dense_kernels({"t": model}, {"t": family_of(model)}, "native", "flash"):
        names = [block.attn2.processor._attention_backend.value for block in model.blocks]
        assert names == ["_native_flash"] * 2 and model.blocks[0].attn1.processor._attention_backend is None
    assert model.blocks[0].attn2.processor._attention_backend is None


def test_a_masked_call_and_a_gradient_run_on_the_original(put):
    model, calls = tiny(SkyReelsV2Transformer3DModel), put("other", plain)
    model._set_ar_attention(3)
    wanted = forward(model)
    with dense_kernels({"t": model}, {"t": family_of(model)}, "other"):
        assert torch.equal(forward(model), wanted) and not calls
    model = tiny()
    with dense_kernels({"t": model}, {"t": family_of(model)}, "other"):
        x = torch.randn(1, 4, 3, 8, 8)
        model(x, torch.tensor([900.0]), torch.randn(1, 6, 16), return_dict=False)[0].sum().backward()
    assert model.blocks[0].attn1.to_q.weight.grad.abs().sum() > 0 and not calls


def test_the_dense_part_of_a_sparse_run_is_on_the_kernel(put):
    model, calls = tiny(), put("other", plain)
    settings = AttentionSettings("xattention", block_q=8, block_k=8, stride=4, tau=0.5, dense_steps=1)
    with enable(model, settings):
        wanted = [forward(model, step) for step in (0.0, 100.0)]
    with dense_kernels({"t": model}, {"t": family_of(model)}, "other"), enable(model, settings) as handle:
        first = forward(model)
        assert len(calls) == 2, "the dense step"
        second = forward(model, 100.0)
        assert len(calls) == 2, "no layer of the sparse step"
        assert handle.report()["sparse_calls"] == 1
    assert torch.allclose(first, wanted[0], atol=1e-5) and torch.allclose(second, wanted[1], atol=1e-4)
    assert type(model.blocks[0].attn1.processor).__name__ == "WanAttnProcessor"
