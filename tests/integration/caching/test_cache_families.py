"""Caches on HunyuanVideo-1.5, LTX-2, CogVideoX and Wan VACE: their blocks are all computed, or none is."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from tiny_families import TINY, composed, loaded, made, tiny_words

from vidkit.caching import enable, policy
from vidkit.cli.main import run
from vidkit.config.cache_schema import CacheSettings
from vidkit.errors import ConfigError
from vidkit.generation.resolve import resolve
from vidkit.generation.run import make_latents
from vidkit.hooks.families import family_of
from vidkit.hooks.partial_forward import dense_forward, resumed_at, velocity_of
from vidkit.hooks.snapshots import capture_snapshots
from vidkit.models.layouts.base import Clip

HEADS = {  # what first reads the outcome of the blocks
    "cogvideox_5b": ("norm_final",),
    "hunyuan1_5_720p": ("norm_out",),
    "ltx2_720p": ("norm_out", "audio_norm_out"),
    "wan_vace_1_3b_480p": ("norm_out",),
}
NOTHING_SKIPPED = {
    "interval": {"every": 1},
    "teacache": {"threshold": 0.0},
    "first_block": {"threshold": 0.0},
    "taylor": {"every": 1},
    "change": {"full": 1.0},
}
SPARSE = ["attention=xattention", "attention.stride=4", "attention.block_q=8", "attention.block_k=8"]
SPARSE += ["attention.dense_steps=0", "attention.always_keep=[]", "attention.dense_layers=0"]


@pytest.fixture(scope="module")
def models():
    """Loaded models by config, each once."""
    return {}


def cached(models, config, name, settings, **changes):
    return made(models, config, cache=CacheSettings(name, settings=settings), **changes)


@pytest.mark.parametrize("config", TINY)
def test_a_cache_that_skips_nothing_changes_nothing(config, models):
    dense, plain = made(models, config, steps=2)
    assert plain.cache is None
    for name, settings in NOTHING_SKIPPED.items():
        same, record = cached(models, config, name, settings, steps=2)
        assert np.array_equal(same, dense), name
        assert record.cache["flops_share"] == 1 and set(record.cache["decisions"]) == {"full"}
    whole = dataclasses.replace(composed(config, *SPARSE).attention, tau=1.0)
    same, record = cached(models, config, "interval", {"every": 1}, attention=whole, steps=2)
    assert np.array_equal(same, dense) and record.attention["density"] == 1


class Seen:
    """What passes the first block, the last one and the heads of a transformer in every forward."""

    def __init__(self, config, transformer):
        family = family_of(transformer)
        blocks = family.blocks(transformer)
        self.first, self.last, self.calls = [], [], 0
        self.heads = [[] for _ in HEADS[config]]
        handles = [block.register_forward_hook(self._count) for block in blocks]
        handles.append(blocks[0].register_forward_hook(lambda m, a, out: self.first.append(out)))
        handles.append(blocks[-1].register_forward_hook(lambda m, a, out: self.last.append(out)))
        for kept, name in zip(self.heads, HEADS[config], strict=True):
            head = transformer.get_submodule(name)
            handles.append(head.register_forward_pre_hook(lambda m, a, kept=kept: kept.append(a[0])))
        self.handles = handles

    def _count(self, *passed):
        self.calls += 1

    def close(self):
        for handle in self.handles:
            handle.remove()


@pytest.mark.parametrize("config", TINY)
def test_skipped_blocks_add_what_they_added_before_to_video_and_sound(config, models):
    model, asked = loaded(models, config), resolve(composed(config))
    request = dataclasses.replace(asked.request, steps=2, guidance=1.0)
    transformer = model.pipe.transformer
    layers = len(family_of(transformer).blocks(transformer))
    seen = Seen(config, transformer)
    with enable(model.pipe, policy("first_block", threshold=1e9)):
        make_latents(model, request)
    seen.close()
    assert seen.calls == layers + 1 and len(seen.first) == 2 and len(seen.last) == 1
    for place, head in enumerate(seen.heads):
        first = [out[place] if isinstance(out, tuple) else out for out in seen.first]
        residual = head[0] - first[0]  # of all behind the first block, control included
        assert residual.abs().max() > 1e-3
        assert torch.allclose(head[1], first[1] + residual, atol=1e-5)
        assert not torch.equal(first[0], first[1])


@pytest.mark.parametrize("config", TINY)
def test_a_reused_velocity_is_that_of_the_step_before_with_its_sound(config, models):
    model, asked = loaded(models, config), resolve(composed(config))
    request = dataclasses.replace(asked.request, steps=4, guidance=1.0)
    outputs = []
    with enable(model.pipe, policy("interval", every=2, warmup=2, last=False)) as handle:
        hook = model.pipe.transformer.register_forward_hook(lambda m, a, out: outputs.append(out))
        make_latents(model, request)
        hook.remove()
    assert handle.ledger.summary()["decisions"] == {"full": 3, "skip": 1}
    for place in range(1 + family_of(model.pipe.transformer).beside):
        steps = [out[place] for out in outputs]
        assert torch.equal(steps[2], steps[3])
        assert not torch.equal(steps[1], steps[2])


@pytest.mark.parametrize("config", TINY)
def test_flops_are_those_of_the_estimate_and_a_target_is_met(config, models):
    _, record = cached(models, config, "interval", {"every": 2, "warmup": 1})
    told = record.cache
    forwards = sum(told["decisions"].values())
    family = family_of(loaded(models, config).pipe.transformer)
    asked = resolve(composed(config))
    layout = asked.spec.layout
    assert family.layout == asked.settings.model.family.value
    tokens = asked.spec.tokens(asked.request.frames, asked.request.height, asked.request.width)
    seconds = asked.request.frames / asked.request.fps
    one = layout.forward_flops(
        asked.spec.transformer, Clip(tokens, asked.request.max_sequence_length, seconds)
    )
    assert told["executed_flops"] + told["skipped_flops"] == pytest.approx(forwards * one.total, rel=0.02)
    target = 0.98 if config == "hunyuan1_5_720p" else 0.9  # of a tiny one, ends are nearly everything
    _, record = made(models, config, cache=CacheSettings("change", target_flops=target), steps=6)
    assert record.cache["flops_share"] <= target and record.cache["decisions"]["skip"] > 0


@pytest.mark.parametrize("config", TINY)
def test_policies_of_single_tokens_are_refused_before_anything_is_loaded(config, models):
    for name, settings in (("motioncache", {}), ("change", {"share": 0.3})):
        with pytest.raises(ConfigError, match="computes single tokens, which"):
            cached(models, config, name, settings)
        with pytest.raises(ConfigError, match="computes single tokens, which"):
            enable(loaded(models, config).pipe, policy(name, **settings))


@pytest.mark.parametrize("config", TINY)
def test_fewer_steps_are_taken(config, models):
    _, record = cached(models, config, "fewer_steps", {"share": 0.67})
    assert len(record.steps) == 2


@pytest.mark.parametrize("config", TINY)
def test_a_forward_resumes_at_any_block_with_text_sound_and_control(config, models):
    model, asked = loaded(models, config), resolve(composed(config))
    transformer = model.pipe.transformer
    taken = capture_snapshots(transformer, lambda number: make_latents(model, asked.request), [0], [1])
    inputs = taken[0].on(torch.device("cpu"))
    dense = dense_forward(transformer, inputs)
    assert dense.velocity.dim() == 5 and len(dense.inputs[0]) == len(family_of(transformer).carries)
    for place in range(len(dense.inputs)):
        with resumed_at(transformer, place, dense.inputs[place]):
            assert torch.equal(velocity_of(transformer, inputs), dense.velocity)
        wrong = tuple(state + 1 for state in dense.inputs[place])
        with resumed_at(transformer, place, wrong):
            assert not torch.equal(velocity_of(transformer, inputs), dense.velocity)


@pytest.mark.parametrize("config", ["hunyuan1_5_720p", "ltx2_720p"])
def test_tables_are_made_by_the_command_and_obeyed(config, tmp_path):
    words = ["-c", config, "model.weights=random", "prompt_count=2", *TINY[config], "--device", "cpu"]
    cache, heads = str(tmp_path / "cache.json"), str(tmp_path / "heads.json")
    assert run(["calibrate", "cache", *words, "steps=3", "-o", cache]) == 0
    probes = ["candidates=[0.5]", "attention.tau=0.5", "intervals=1", "target_reuse=null"]
    assert run(["calibrate", *words, "steps=2", *SPARSE[:5], *probes, "-o", heads]) == 0
    found = json.loads((tmp_path / "cache.json").read_text())
    assert len(found["velocities"]["levels"]) == 3
    of_table = ["cache=magcache", f"cache.table={cache}", "cache.threshold=9", f"attention.table={heads}"]
    assert run(tiny_words(config, tmp_path / "x.mp4", *SPARSE, *of_table)) == 0
    record = json.loads((tmp_path / "x.json").read_text())
    assert record["cache"]["decisions"]["skip"] > 0 and record["attention"]["density"] < 1
