"""What makes a run fast: which kernel, whether blocks are compiled, and what the record says of both."""

import os
import types

import pytest
import torch
from torch import nn

from vidkit.config.attention_schema import Backend
from vidkit.config.causal_schema import CausalSettings
from vidkit.config.schema import Compile
from vidkit.errors import ConfigError
from vidkit.generation import LoadOptions, Request, load_pipeline, read_spec, speed
from vidkit.generation.record import StepRecord
from vidkit.generation.spec import ModelSpec
from vidkit.generation.speed import SpeedRun, first_call_seconds, saved_seconds, speed_line
from vidkit.hooks import compiled_blocks as blocks_module
from vidkit.hooks.compiled_blocks import compiler_problem
from vidkit.hooks.dense.choice import remember

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
WAN = {
    "num_attention_heads": 12,
    "attention_head_dim": 128,
    "num_layers": 30,
    "ffn_dim": 8960,
    "in_channels": 16,
}
SPEC = ModelSpec("wan1_3b", "wan", WAN, {})
H200 = 4.8e12


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(speed, "bandwidth", lambda device: H200)


def request(**changes):
    return Request(**{"height": 720, "width": 1280, "frames": 81, "steps": 50, "guidance": 6.0, **changes})


def step(index, seconds, executor=None):
    return StepRecord(index, seconds, executor=executor)


def model_on(device, offload="none"):
    """What `SpeedRun` looks at of a loaded model."""
    options = LoadOptions(device, torch.bfloat16, offload=offload)
    part = nn.Linear(1, 1)
    pipe = types.SimpleNamespace(transformer=part)
    return types.SimpleNamespace(options=options, spec=SPEC, pipe=pipe)


def decided(monkeypatch, run=None, device=CUDA, clips=1, offload="none", problem=None, **changes):
    """Whether blocks are compiled, and the reason if not."""
    run = run or SpeedRun("auto", "auto")
    run._told = {"dense": "fa4", "cross_attention": "cudnn", "compile": "off"}
    monkeypatch.setattr(blocks_module, "compiler_problem", lambda device: problem)
    monkeypatch.setattr("vidkit.utils.device.device_name", lambda device: "NVIDIA H200")
    return run._compiles(model_on(device, offload), request(**changes), clips), run._told.get("why")


@pytest.mark.parametrize(
    ("changes", "measured"), [({"height": 480, "width": 832}, 9.9), ({}, 20.7)], ids=["480p", "720p"]
)
def test_the_estimate_is_what_the_benchmark_measured(changes, measured):
    # docs/benchmarks.md, H200: 625 -> 526 and 2468 -> 2261 ms a forward, 100 forwards
    assert saved_seconds(SPEC, request(**changes), CUDA) == pytest.approx(measured, rel=0.1)


def test_the_estimate_of_short_passes_is_what_was_measured_chunk_by_chunk(monkeypatch):
    # docs/causal.md, H100: 117 ms a pass of which attention's other window makes 27, and 63 ms compiled
    monkeypatch.setattr("vidkit.generation.speed.bandwidth", lambda device: 3.35e12)
    spec = ModelSpec("causal", "wan", {**WAN, "out_channels": 16, "text_dim": 4096}, {})
    clip = {"height": 480, "width": 832, "frames": 249, "steps": 4, "guidance": 1.0}
    saved = saved_seconds(spec, request(**clip, causal=CausalSettings(chunk=3)), CUDA)
    passes = 21 * 5 - 1
    assert saved / passes == pytest.approx(0.026, rel=0.1)


def test_passes_without_noise_count_as_much_as_steps():
    chunked = CausalSettings(chunk=3)
    spec = ModelSpec("causal", "wan", {**WAN, "out_channels": 16, "text_dim": 4096}, {})
    one, two = (
        saved_seconds(spec, request(frames=frames, steps=4, guidance=1.0, causal=chunked), CUDA)
        for frames in (9, 21)
    )
    assert two / one == pytest.approx(9 / 4)  # nobody sees the last chunk: 4 passes, then 4 + 1 + 4


def test_blocks_are_compiled_where_the_steps_pay_for_it(monkeypatch):
    assert decided(monkeypatch) == (True, None)
    compiled, why = decided(monkeypatch, steps=4)
    assert not compiled and why == "the steps would save 2 s, and compiling takes about 14 s"
    assert decided(monkeypatch, steps=4, clips=20)[0]
    assert decided(monkeypatch, SpeedRun("blocks", "auto"), steps=1)[0]
    assert decided(monkeypatch, SpeedRun("off", "auto")) == (False, "compile=off")


def test_what_compiling_took_decides_the_next_run(monkeypatch):
    run = SpeedRun("auto", "auto")
    assert decided(monkeypatch, run)[0]
    run._told["compile"] = "blocks"
    told = run.report([step(0, 33.0), step(1, 2.0), step(2, 2.0)])
    assert told["first_steps_extra_seconds"] == 31 and "compile_key" not in told
    compiled, why = decided(monkeypatch)
    assert not compiled and why.endswith("compiling takes about 31 s")


def test_what_cannot_be_compiled_is_not_and_says_why(monkeypatch):
    assert decided(monkeypatch, problem="triton is not installed") == (False, "triton is not installed")
    compiled, why = decided(monkeypatch, offload="sequential")
    assert not compiled and why.startswith("model.offload=sequential takes longer")
    with pytest.raises(ConfigError, match="compile=blocks cannot be used: model"):
        SpeedRun("blocks").check(CUDA, torch.bfloat16, "sequential")
    monkeypatch.setattr(blocks_module, "compiler_problem", lambda device: "triton is not installed")
    with pytest.raises(ConfigError, match="compile=blocks cannot be used: triton is not installed"):
        SpeedRun("blocks").check(CUDA, torch.bfloat16)


def test_without_a_compiler_on_the_path_nothing_compiles(monkeypatch, tmp_path):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "needs a C++ compiler, and there is none (c++, g++, clang++, or CXX=...)" in compiler_problem(CPU)
    monkeypatch.setenv("CXX", "/bin/sh")
    assert compiler_problem(CPU) is None


@pytest.mark.parametrize(
    ("steps", "extra"),
    [
        ([], None),
        ([step(0, 9)], None),
        ([step(0, 9), step(1, 2), step(2, 2)], 7),
        ([step(0, 1), step(1, 2), step(2, 2)], 0),
        ([step(0, 9), step(1, 2), step(2, 6, "fa4"), step(3, 1, "fa4"), step(4, 1, "fa4")], 12),
        ([step(0, 9), step(1, 6, "fa4"), step(2, 1, "fa4")], 5),
    ],
)
def test_first_steps_are_compared_with_others_of_their_kind(steps, extra):
    assert first_call_seconds(steps) == extra


def test_the_summary_names_every_kernel():
    told = {"dense": "fa4", "cross_attention": "cudnn", "compile": "off", "why": "compile=off"}
    told["measured"] = {"dense": {"ms": {"cudnn": 62.04, "fa4": 47.1}}}
    assert speed_line(told) == (
        "dense fa4 (ms per call: fa4 47.1, cudnn 62.0), cross-attention cudnn;"
        " blocks not compiled: compile=off"
    )
    told |= {"sparse": "triton", "compile": "blocks", "first_steps_extra_seconds": 12.34}
    assert speed_line(told).endswith(
        "sparse triton, cross-attention cudnn; blocks compiled (12.3 s in the first steps)"
    )
    assert speed_line({"dense": "native", "cross_attention": "native", "compile": "off"}) == "dense native"


def test_the_choices_of_the_settings_are_those_of_the_code():
    assert {c.value for c in Compile} == {"auto", "blocks", "off"} and Backend.AUTO.value == "auto"


@pytest.mark.compiles
def test_compiled_blocks_give_the_same_latents_and_are_given_back(tiny_model, monkeypatch):
    from vidkit.generation.run import make_latents

    compiled = nn.Module.compile
    monkeypatch.setattr(nn.Module, "compile", lambda self: compiled(self, backend="eager"))
    model = load_pipeline(read_spec(tiny_model), tiny_model, LoadOptions(CPU, torch.float32))
    small = Request(
        "a red ball", height=32, width=32, frames=13, steps=2, guidance=1.0, max_sequence_length=20
    )
    wanted = make_latents(model, small)
    run = SpeedRun("blocks", "auto")
    with run.on(model, small):
        assert torch.allclose(make_latents(model, small), wanted, atol=1e-5)
        assert all(block._compiled_call_impl is not None for block in model.pipe.transformer.blocks)
    told = run.report([step(0, 3.0), step(1, 1.0)])
    assert told["compile"] == "blocks" and told["compiled_blocks"] == 2 and told["dense"] == "native"
    assert told["first_steps_extra_seconds"] == 2
    assert all(block._compiled_call_impl is None for block in model.pipe.transformer.blocks)
    assert torch.equal(make_latents(model, small), wanted)


def test_the_cpu_is_left_as_it_is(tiny_model):
    model = load_pipeline(read_spec(tiny_model), tiny_model, LoadOptions(CPU, torch.float32))
    run = SpeedRun("auto", "auto")
    before = [block.attn1.processor for block in model.pipe.transformer.blocks]
    with run.on(model, Request(height=32, width=32, frames=13)):
        assert [block.attn1.processor for block in model.pipe.transformer.blocks] == before
        assert all(block._compiled_call_impl is None for block in model.pipe.transformer.blocks)
    told = {"dense": "native", "cross_attention": "native", "compile": "off"}
    assert run.report() == {**told, "decode": "AutoencoderKLWan, float32"}


def test_a_figure_of_another_run_survives_a_measurement(tmp_path):
    from vidkit.hooks.dense.choice import remembered

    remember("compile | a", {"seconds": 3.0})
    remember("compile | b", {"seconds": 4.0})
    assert remembered("compile | a")["seconds"] == 3.0


@pytest.mark.parametrize("set_by", ["nobody", "torch", "the user"])
def test_what_the_compiler_makes_is_kept_in_our_cache(set_by, monkeypatch, tmp_path):
    name = "TORCHINDUCTOR_CACHE_DIR"
    values = {"nobody": None, "torch": blocks_module._torchs_own(), "the user": str(tmp_path / "mine")}
    before = values[set_by]
    monkeypatch.delenv(name, raising=False)
    if before is not None:
        monkeypatch.setenv(name, before)
    with blocks_module.compiled_blocks({}, {}):
        ours = str(tmp_path / "cache" / "vidkit" / "compiled")
        assert os.environ[name] == (before if set_by == "the user" else ours)
    assert os.environ.get(name) == before
