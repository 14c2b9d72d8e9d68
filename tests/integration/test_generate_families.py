"""`vidkit generate` on HunyuanVideo-1.5, LTX-2, CogVideoX and Wan VACE: random weights, cut to a second."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from tiny_families import TINY, tiny_words

from vidkit.attention.calibration.table import ThresholdTable
from vidkit.attention.predictors import make_predictor
from vidkit.cli.main import run
from vidkit.config.compose import compose
from vidkit.errors import ConfigError, ModelError
from vidkit.generation.load import load_pipeline
from vidkit.generation.policies import Policies
from vidkit.generation.record import Silent
from vidkit.generation.resolve import resolve
from vidkit.generation.speed import SpeedRun
from vidkit.video.reading import read_clip

SPARSE = ["attention=xattention", "attention.stride=4", "attention.block_q=8", "attention.block_k=8"]
SPARSE += ["attention.dense_steps=0", "attention.always_keep=[]", "attention.dense_layers=0"]
LAYERS = {  # of each family, one that a LoRA changes
    "cogvideox_5b": "transformer_blocks.0.attn1.to_q",
    "hunyuan1_5_720p": "transformer_blocks.0.attn.to_q",
    "ltx2_720p": "transformer_blocks.0.attn1.to_q",
    "wan_vace_1_3b_480p": "blocks.0.attn1.to_q",
}


@pytest.fixture(scope="module")
def models():
    """Loaded models by config, each once; their latents are left undecoded."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vidkit.generation.run.decode_latents", lambda pipe, latents: latents.numpy())
        yield {}


def made(models, config, *more):
    """Latents and record of a clip."""
    settings = compose("generate", config, [*tiny_words(config, Path("x.mp4"), *more)[3:-6], "seed=1"])
    settings = dataclasses.replace(settings, device="cpu")
    asked = resolve(settings)
    if config not in models:
        models[config] = load_pipeline(asked.spec, None, asked.options.load_options())
    model, policies, speed = models[config], Policies.of(asked), SpeedRun()
    policies.check(asked)
    with speed.on(model, asked.request):
        clip = policies.generate(model, asked, speed, Silent())
    return clip.frames, clip.record


@pytest.mark.parametrize("config", TINY)
def test_a_config_runs_end_to_end(config, tmp_path, capsys):
    assert run(tiny_words(config, tmp_path / "x.mp4")) == 0
    record = json.loads((tmp_path / "x.json").read_text())
    settings = record["settings"]
    size = tuple(settings[name] for name in ("frames", "height", "width"))
    frames = read_clip(tmp_path / "x.mp4").frames
    assert frames.shape == (*size, 3) and frames.std() > 0
    assert len(record["steps"]) == 3 and record["labels"] == ["random weights"]
    assert record["phase_seconds"].keys() >= {"load", "encode", "prepare", "denoise", "decode", "write"}
    assert "note    random weights" in capsys.readouterr().out


def test_a_clip_is_written_while_it_is_decoded(tmp_path, monkeypatch, capsys):
    config = "wan_vace_1_3b_480p"
    assert run(tiny_words(config, tmp_path / "a.mp4")) == 0
    whole = json.loads((tmp_path / "a.json").read_text())
    assert "encode_seconds" not in whole["kernels"]
    monkeypatch.setattr("vidkit.generation.decode.WHOLE_CLIP_BYTES", 0)  # as of a large clip
    assert run([*tiny_words(config, tmp_path / "b.mp4"), "--stats"]) == 0
    record = json.loads((tmp_path / "b.json").read_text())
    assert record["kernels"]["encode_seconds"] > 0
    assert record["kernels"]["decode"].endswith(", written meanwhile")
    assert "s while it was decoded" in capsys.readouterr().out
    a, b = (read_clip(tmp_path / f"{name}.mp4").frames.astype(int) for name in "ab")
    assert a.shape == b.shape and np.abs(a - b).max() <= 2  # one pass rounds otherwise
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "a.mp4", "b.json", "b.mp4"]


@pytest.mark.parametrize("config", TINY)
def test_sparse_attention_that_keeps_everything_is_dense_and_a_table_is_obeyed(config, models, tmp_path):
    dense, record = made(models, config)
    again, _ = made(models, config)
    assert np.array_equal(dense, again) and record.attention is None
    whole, did = made(models, config, *SPARSE, "attention.tau=1")
    assert np.array_equal(whole, dense) and did.attention["density"] == 1
    spec = models[config].spec
    describe = make_predictor("xattention", stride=4, block_q=8, block_k=8).describe()
    zeros = [[[0.0, 0.0]] * spec.heads] * spec.attention_layers
    table = ThresholdTable(
        f"{spec.name} (random weights)",
        describe,
        [0.3, 0.6],
        0.0,
        0.0,
        0.0,
        [[0.3, 0.6]] * spec.attention_layers,
        zeros,
        zeros,
    )
    table.save(tmp_path / "table.json")
    sparse, did = made(models, config, *SPARSE, f"attention.table={tmp_path / 'table.json'}")
    assert 0 < did.attention["density"] < 1 and did.attention["sparse_calls"] > 0
    assert not np.array_equal(sparse, dense)
    steps = [step.executor for step in did.steps]
    assert steps == ["masked"] * 3


@pytest.mark.parametrize("config", TINY)
def test_a_lora_is_merged_and_one_of_another_model_is_refused(config, tmp_path):
    settings = compose("generate", config, [*tiny_words(config, Path("x.mp4"))[3:-6], "seed=1"])
    asked = resolve(dataclasses.replace(settings, device="cpu"))
    options = asked.options.load_options()
    plain = load_pipeline(asked.spec, None, options).pipe.transformer.get_submodule(LAYERS[config]).weight
    rows, columns = plain.shape
    a, b = torch.ones(2, columns), torch.ones(rows, 2)
    key = f"transformer.{LAYERS[config]}"
    save_file({f"{key}.lora_A.weight": a, f"{key}.lora_B.weight": b}, tmp_path / "a.safetensors")
    from vidkit.generation.lora import parse_loras

    loras = parse_loras(f"{tmp_path / 'a.safetensors'}:0.5")
    changed = load_pipeline(asked.spec, None, dataclasses.replace(options, loras=loras))
    weight = changed.pipe.transformer.get_submodule(LAYERS[config]).weight
    assert torch.allclose(weight, plain + 0.5 * (b @ a), atol=1e-5)
    other = {f"transformer.other.to_q.lora_{x}.weight": torch.ones(2, 2) for x in "AB"}
    save_file(other, tmp_path / "b.safetensors")
    wrong = parse_loras(str(tmp_path / "b.safetensors"))
    with pytest.raises(ModelError, match="is for another model than"):
        load_pipeline(asked.spec, None, dataclasses.replace(options, loras=wrong))


@pytest.mark.parametrize("config", TINY)
def test_fewer_steps_are_taken_and_other_caches_are_refused_by_name(config, models, tmp_path, capsys):
    _, record = made(models, config, "cache=fewer_steps", "cache.share=0.67")
    assert len(record.steps) == 2
    for name in ("teacache", "first_block", "change"):
        with pytest.raises(ConfigError, match=f"cache={name} does not run on"):
            made(models, config, f"cache={name}")


def test_several_processes_are_refused_by_name():
    config = "cogvideox_5b"
    settings = compose("generate", config, [*tiny_words(config, Path("x.mp4"))[3:-6], "parallel=ulysses"])
    with pytest.raises(ConfigError, match="parallel=ulysses does not run on"):
        resolve(settings, draw=False)
