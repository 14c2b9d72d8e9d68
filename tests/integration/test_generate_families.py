"""`vidkit generate` on HunyuanVideo-1.5, LTX-2, CogVideoX and Wan VACE: random weights, cut to a second."""

import dataclasses
import functools
import json

import av
import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from tiny_families import COMMON, TINY, composed, loaded, made, tiny_words
from tiny_pipeline import WORDS, word_tokenizer
from transformers import (
    Qwen2_5_VLTextConfig,
    Qwen2_5_VLTextModel,
    T5Config,
    T5EncoderModel,
    UMT5Config,
    UMT5EncoderModel,
)

from vidkit.attention.calibration.table import ThresholdTable
from vidkit.attention.predictors import make_predictor
from vidkit.cli.main import run
from vidkit.config.compose import compose
from vidkit.errors import ConfigError, ModelError
from vidkit.generation.load import load_pipeline
from vidkit.generation.lora import add_loras, parse_loras
from vidkit.generation.resolve import resolve
from vidkit.generation.run import generate, make_latents
from vidkit.generation.spec import Request
from vidkit.generation.stock import stock_of
from vidkit.generation.stock.base import Given
from vidkit.generation.stock.wan_vace import control as control_of
from vidkit.video.reading import read_clip
from vidkit.video.writing import encode_mp4

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
    """Loaded models by config, each once."""
    return {}


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


def test_ltx2_is_written_with_its_sound_which_can_be_left_out(tmp_path, capsys):
    words = functools.partial(tiny_words, "ltx2_720p")
    assert run(words(tmp_path / "a.mp4", "guidance=1")) == 0
    assert "0.7 s at 24 fps, with sound)" in capsys.readouterr().out
    assert run(words(tmp_path / "b.mp4", "guidance=1", "sound=false")) == 0
    lengths = {}
    for name in "ab":
        with av.open(str(tmp_path / f"{name}.mp4")) as container:
            lengths[name] = {s.type: float(s.duration * s.time_base) for s in container.streams}
    assert lengths["a"]["audio"] == pytest.approx(lengths["a"]["video"], abs=0.002)
    assert set(lengths["b"]) == {"video"} and lengths["a"]["video"] == lengths["b"]["video"] == 17 / 24
    records = [json.loads((tmp_path / f"{name}.json").read_text()) for name in "ab"]
    assert records[0]["sound"] == {"rate": 24000, "channels": 2, "seconds": 17 / 24}
    assert records[1]["sound"] is None


def test_ltx2_sounds_as_its_pipeline_alone(models):
    model, asked = loaded(models, "ltx2_720p"), resolve(composed("ltx2_720p"))
    request = dataclasses.replace(asked.request, steps=2, guidance=1.0)
    heard = generate(model, request).sound
    again = {}
    call = type(model.pipe).__call__

    def whole(pipe, **given):
        again["audio"] = call(pipe, **{**given, "output_type": "pt", "callback_on_step_end": None}).audio
        return call(pipe, **{**given, "generator": torch.Generator("cpu").manual_seed(request.seed)})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(model.pipe), "__call__", whole)
        make_latents(model, request)
    assert heard.samples.std() > 0 and np.allclose(heard.samples, again["audio"][0].numpy(), atol=1e-6)
    assert heard.seconds == pytest.approx(17 / 24, abs=0.06)  # of whole latent frames


@pytest.fixture
def control(tmp_path):
    """A control clip of a square that moves, a mask of its right half, and a picture."""
    frames = np.zeros((12, 32, 32, 3), np.uint8)
    for number, frame in enumerate(frames):
        frame[8:16, 2 * number : 2 * number + 8] = 255
    encode_mp4(tmp_path / "control.mp4", frames, 16, 0)
    mask = np.zeros((32, 32), np.uint8)
    mask[:, 16:] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    Image.new("RGB", (20, 40), "red").save(tmp_path / "red.png")
    files = {"video": "control.mp4", "mask": "mask.png", "reference": "red.png"}
    return {key: str(tmp_path / name) for key, name in files.items()}


def test_vace_follows_control_clip_mask_references_and_scale(models, control):
    config, found = "wan_vace_1_3b_480p", {}
    for name, given in {
        "none": [],
        "video": ["video"],
        "mask": ["video", "mask"],
        "all": ["video", "mask", "reference"],
    }.items():
        found[name], _ = made(models, config, **{key: control[key] for key in given})
        assert found[name].shape == found["none"].shape  # latents of references are taken off again
    assert all(not np.array_equal(found[a], found[b]) for a in found for b in found if a < b)
    off, _ = made(models, config, video=control["video"], mask=control["mask"], control_scale=0)
    free, _ = made(models, config, control_scale=0)
    assert np.array_equal(off, free) and not np.array_equal(off, found["mask"])


def test_vace_keeps_first_and_last_frames_in_a_clip_that_is_free_otherwise():
    first, last = Image.new("RGB", (32, 32), "red"), Image.new("RGB", (32, 32), "blue")
    request = Request(height=32, width=32, frames=5)
    video, mask = control_of(Given(first, last), request)
    assert [picture.getpixel((3, 3)) for picture in video] == [(255, 0, 0), *[(128,) * 3] * 3, (0, 0, 255)]
    assert [picture.getpixel((3, 3)) for picture in mask] == [0, 255, 255, 255, 0]
    assert control_of(Given(), request) == (None, None)
    assert control_of(Given(video=[first, last]), request) == ([first, last], None)


@pytest.mark.parametrize(
    ("config", "given", "message"),
    [
        ("wan_vace_1_3b_480p", ["mask"], "mask needs the clip that it masks"),
        ("wan1_3b_480p", ["reference"], "reference is for models that follow a control clip"),
        ("wan1_3b_480p", ["video", "mask"], "mask is for models that follow a control clip"),
        ("cogvideox_5b", ["video"], "'cogvideox_5b' takes no clip to start from"),
    ],
)
def test_control_is_refused_where_it_has_no_place(config, given, message, control):
    settings = compose(
        "generate", config, [*(f"{key}={control[key]}" for key in given), "model.weights=random"]
    )
    with pytest.raises(ConfigError, match=message):
        resolve(settings)


def test_a_control_clip_that_is_too_short_is_refused(control):
    words = [f"video={control['video']}", "frames=13", "height=32", "width=32", "model.weights=random"]
    with pytest.raises(ConfigError, match=r"video '.*control.mp4' is too short: 12 frames"):
        resolve(compose("generate", "wan_vace_1_3b_480p", words))


@pytest.mark.parametrize("config", ["cogvideox_5b", "wan_vace_1_3b_480p"])
def test_a_saved_pipeline_is_loaded_and_reads_its_prompt(config, tmp_path):
    words = [word for word in TINY[config] if "max_text" not in word]
    random = compose("generate", config, [*COMMON, *words, "seed=1"])
    asked = resolve(dataclasses.replace(random, device="cpu"))
    pipe = load_pipeline(asked.spec, None, asked.options.load_options()).pipe
    tokenizer = word_tokenizer(WORDS)
    t5 = {"vocab_size": len(tokenizer), "d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2}
    cog = config == "cogvideox_5b"
    text_encoder = T5EncoderModel(T5Config(**t5)) if cog else UMT5EncoderModel(UMT5Config(**t5))
    pipe.register_modules(tokenizer=tokenizer, text_encoder=text_encoder.eval())
    pipe.save_pretrained(tmp_path / "model")
    where = [f"model.path={tmp_path / 'model'}", "model.weights=pretrained"]
    given = compose("generate", config, [*COMMON[1:], *words, *where, "seed=1"])
    asked = resolve(dataclasses.replace(given, device="cpu", prompt="a red ball"))
    model = load_pipeline(asked.spec, asked.folder, asked.options.load_options())
    clips = [
        make_latents(model, dataclasses.replace(asked.request, prompt=prompt))
        for prompt in ("a red ball", "a green ball", "a red ball")
    ]
    assert torch.equal(clips[0], clips[2]) and not torch.equal(clips[0], clips[1])
    other = "ltx2_720p" if cog else "cogvideox_5b"
    with pytest.raises(ModelError, match="but this config is for the family"):
        resolve(compose("generate", other, where))


def test_hunyuan_reads_its_prompt_behind_the_template(models):
    config = "hunyuan1_5_720p"
    tokenizer = word_tokenizer(WORDS)
    # the pipeline cuts its own system message off, 108 tokens; of words alone it has fewer
    tokenizer.chat_template = (
        "{{ 'a ' * 60 }}{% for m in messages %}{% if m.content is string %}{{ m.content }}{% else %}"
        "{% for c in m.content %}{{ c.text }}{% endfor %}{% endif %} {% endfor %}"
    )
    size = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2}
    rope = {"rope_type": "default", "mrope_section": [1, 1, 2]}
    size |= {"vocab_size": len(tokenizer), "num_key_value_heads": 1}
    qwen = Qwen2_5_VLTextConfig(**size, rope_scaling=rope)
    t5 = {"vocab_size": len(tokenizer), "d_model": 12, "d_kv": 8, "d_ff": 16, "num_layers": 1, "num_heads": 2}
    parts = {
        "tokenizer": tokenizer,
        "tokenizer_2": tokenizer,
        "text_encoder": Qwen2_5_VLTextModel(qwen).eval(),
        "text_encoder_2": T5EncoderModel(T5Config(**t5)).eval(),
    }
    model = dataclasses.replace(loaded(models, config), labels=())
    absent = {name: getattr(model.pipe, name) for name in parts}
    model.pipe.register_modules(**parts)
    try:
        request = Request("a red ball", max_sequence_length=200)
        one, other = (
            stock_of("hunyuan_video15").encode(model, dataclasses.replace(request, prompt=text))
            for text in ("a red ball", "a green ball")
        )
    finally:
        model.pipe.register_modules(**absent)
    assert one["prompt_embeds"].shape == (1, 200, 16)
    valid = {name: int(one[f"{name}_embeds_mask"].sum()) for name in ("prompt", "negative_prompt")}
    assert 0 < valid["negative_prompt"] == valid["prompt"] - 3 < 197  # three words more
    assert not torch.equal(one["prompt_embeds"], other["prompt_embeds"])
    assert torch.equal(one["negative_prompt_embeds"], other["negative_prompt_embeds"])


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
    sparse = composed(config, *SPARSE).attention
    whole, did = made(models, config, *SPARSE, attention=dataclasses.replace(sparse, tau=1.0))
    assert np.array_equal(whole, dense) and did.attention["density"] == 1
    spec = models[config].spec
    describe = make_predictor("xattention", stride=4, block_q=8, block_k=8).describe()
    zeros = [[[0.0, 0.0]] * spec.heads] * spec.attention_layers
    taus = [[0.3, 0.6]] * spec.attention_layers
    name = f"{spec.name} (random weights)"
    table = ThresholdTable(name, describe, [0.3, 0.6], 0.0, 0.0, 0.0, taus, zeros, zeros)
    table.save(tmp_path / "table.json")
    of_table = dataclasses.replace(sparse, table=str(tmp_path / "table.json"))
    part, did = made(models, config, *SPARSE, attention=of_table)
    assert 0 < did.attention["density"] < 1 and did.attention["sparse_calls"] > 0
    assert not np.array_equal(part, dense)
    assert [step.executor for step in did.steps] == ["masked"] * 3


@pytest.mark.parametrize("config", TINY)
def test_a_lora_is_merged_and_one_of_another_model_is_refused(config, models, tmp_path):
    asked = resolve(composed(config))
    model = loaded(models, config)
    plain = model.pipe.transformer.get_submodule(LAYERS[config]).weight
    rows, columns = plain.shape
    a, b = torch.ones(2, columns), torch.ones(rows, 2)
    key = f"transformer.{LAYERS[config]}"
    save_file({f"{key}.lora_A.weight": a, f"{key}.lora_B.weight": b}, tmp_path / "a.safetensors")
    loras = parse_loras(f"{tmp_path / 'a.safetensors'}:0.5")
    changed = load_pipeline(asked.spec, None, dataclasses.replace(model.options, loras=loras))
    weight = changed.pipe.transformer.get_submodule(LAYERS[config]).weight
    assert torch.allclose(weight, plain + 0.5 * (b @ a), atol=1e-5)
    other = {f"transformer.other.to_q.lora_{x}.weight": torch.ones(2, 2) for x in "AB"}
    save_file(other, tmp_path / "b.safetensors")
    with pytest.raises(ModelError, match="is for another model than"):
        add_loras(changed.pipe, parse_loras(str(tmp_path / "b.safetensors")), asked.spec.name)


def test_several_processes_are_refused_by_name():
    config = "cogvideox_5b"
    settings = compose("generate", config, [*COMMON, *TINY[config], "parallel=ulysses"])
    with pytest.raises(ConfigError, match="parallel=ulysses does not run on"):
        resolve(settings, draw=False)
