"""LoRA files and 8-bit layers: read, refused, and what they do to the weights."""

import sys
import types

import pytest
import torch
from diffusers import WanTransformer3DModel
from safetensors.torch import save_file

from vidkit.errors import ConfigError, MissingDependency, ModelError
from vidkit.generation import LoadOptions, load_pipeline, quantize, read_spec
from vidkit.generation.lora import Lora, check_loras, parse_loras
from vidkit.generation.quantize import check_quantize, quantize_blocks

CPU = torch.device("cpu")
LAYERS = ("blocks.0.attn1.to_q", "blocks.1.ffn.net.0.proj")


def load(folder, **options):
    return load_pipeline(read_spec(folder), folder, LoadOptions(CPU, torch.float32, **options)).pipe


def weight(pipe, layer):
    return pipe.transformer.get_submodule(layer).weight.detach()


def lora_file(path, pipe, seed=0, prefix="transformer.", layers=LAYERS, width=None):
    """A LoRA of rank 2, and what it adds to each layer."""
    generator = torch.Generator().manual_seed(seed)
    state, added = {}, {}
    for layer in layers:
        rows, columns = weight(pipe, layer).shape if width is None else (width, width)
        a, b = torch.randn(2, columns, generator=generator), torch.randn(rows, 2, generator=generator)
        state |= {f"{prefix}{layer}.lora_A.weight": a, f"{prefix}{layer}.lora_B.weight": b}
        added[layer] = b @ a
    save_file(state, path)
    return added


def test_words_become_files_scales_and_parts(tmp_path):
    a, b = tmp_path / "a.safetensors", tmp_path / "b:2.safetensors"
    a.touch(), b.touch()
    assert parse_loras(None) == parse_loras("") == ()
    assert parse_loras(f"{a}:0.5, {b}") == (Lora(a, 0.5), Lora(b, 1.0))
    assert parse_loras(f"{b}:-1@transformer_2") == (Lora(b, -1.0, "transformer_2"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no.safetensors:0.5", "no LoRA file 'no.safetensors'"),
        ("no.safetensors,", "no LoRA file 'no.safetensors'"),
        (",", "no LoRA file ''"),
        ("HERE:nan", "the scale of lora=.*:nan must be a finite number"),
        ("HERE:x", "no LoRA file '.*:x'"),
        ("PICKLE", "'.*x.bin' is not a .safetensors file"),
    ],
)
def test_a_file_that_is_none_is_refused(text, message, tmp_path):
    (tmp_path / "a.safetensors").touch()
    (tmp_path / "x.bin").touch()
    text = text.replace("HERE", str(tmp_path / "a.safetensors")).replace("PICKLE", str(tmp_path / "x.bin"))
    with pytest.raises(ConfigError, match=message):
        parse_loras(text)


@pytest.mark.parametrize("prefix", ["transformer.", "diffusion_model."])
def test_several_files_add_their_scaled_products(prefix, tiny_model, tmp_path):
    plain = load(tiny_model)
    first = lora_file(tmp_path / "a.safetensors", plain)
    second = lora_file(tmp_path / "b.safetensors", plain, seed=1, layers=LAYERS[:1])
    if prefix != "transformer.":
        pytest.importorskip("peft")
        names = {"blocks.0.attn1.to_q": "blocks.0.self_attn.q", "blocks.1.ffn.net.0.proj": "blocks.1.ffn.0"}
        state = {}
        generator = torch.Generator().manual_seed(0)
        for layer in LAYERS:  # as the authors' tools write it
            rows, columns = weight(plain, layer).shape
            a, b = torch.randn(2, columns, generator=generator), torch.randn(rows, 2, generator=generator)
            state |= {
                f"{prefix}{names[layer]}.lora_down.weight": a,
                f"{prefix}{names[layer]}.lora_up.weight": b,
            }
        save_file(state, tmp_path / "a.safetensors")
    loras = parse_loras(f"{tmp_path}/a.safetensors:0.5,{tmp_path}/b.safetensors:-2")
    pipe = load(tiny_model, loras=loras)
    both = weight(plain, LAYERS[0]) + 0.5 * first[LAYERS[0]] - 2 * second[LAYERS[0]]
    assert torch.allclose(weight(pipe, LAYERS[0]), both, atol=1e-5)
    assert torch.allclose(
        weight(pipe, LAYERS[1]), weight(plain, LAYERS[1]) + 0.5 * first[LAYERS[1]], atol=1e-5
    )
    other = "blocks.0.attn2.to_q"
    assert torch.equal(weight(pipe, other), weight(plain, other))
    # nothing is left that would cost time in a forward
    assert not any("lora" in name for name, _ in pipe.transformer.named_modules())


def test_a_scale_of_zero_changes_nothing(tiny_model, tmp_path):
    plain = load(tiny_model)
    lora_file(tmp_path / "a.safetensors", plain)
    pipe = load(tiny_model, loras=parse_loras(f"{tmp_path}/a.safetensors:0"))
    assert all(torch.equal(weight(pipe, layer), weight(plain, layer)) for layer in LAYERS)


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"layers": ("double_blocks.0.img_attn_qkv",) * 1, "width": 8}, "double_blocks.0.img_attn_qkv"),
        ({"width": 7}, r"blocks.0.attn1.to_q \(of 7 inputs; here \d+\)"),
        ({"prefix": "text_encoder.", "width": 8}, "text_encoder.blocks.0.attn1.to_q"),
    ],
    ids=["names", "sizes", "part"],
)
def test_a_lora_of_another_model_lists_names_of_both(change, shown, tiny_model, tmp_path):
    lora_file(tmp_path / "a.safetensors", load(tiny_model), **change)
    with pytest.raises(ModelError, match=rf"is for another model than .*: it changes .*{shown}") as no:
        load(tiny_model, loras=parse_loras(f"{tmp_path}/a.safetensors"))
    assert "layers here are called blocks." in no.value.hint


def test_a_damaged_file_and_a_missing_part_are_named(tiny_model, tmp_path):
    (tmp_path / "a.safetensors").write_bytes(b"12345678 no tensors")
    with pytest.raises(ModelError, match=r"cannot read the LoRA '.*a.safetensors'"):
        load(tiny_model, loras=parse_loras(f"{tmp_path}/a.safetensors"))
    with pytest.raises(ConfigError, match="has no 'transformer_2'"):
        load(tiny_model, loras=parse_loras(f"{tmp_path}/a.safetensors@transformer_2"))


@pytest.mark.parametrize("kind", ["fp8", "int8"])
def test_8_bits_are_refused_where_the_device_has_none(kind, tiny_model, monkeypatch):
    with pytest.raises(ConfigError, match=f"model.quantize={kind} needs a CUDA device"):
        load(tiny_model, quantize=kind)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (7, 5))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Tesla T4")
    with pytest.raises(ConfigError, match=f"model.quantize={kind} needs an .*, and this is Tesla T4"):
        check_quantize(kind, torch.device("cuda"))


def test_8_bits_without_torchao_name_the_package(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (9, 0))
    monkeypatch.setattr(quantize.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingDependency, match="needs the package 'torchao'"):
        check_quantize("fp8", torch.device("cuda"))


def wide():
    """A transformer whose layers are of whole tiles."""
    size = {"num_attention_heads": 2, "attention_head_dim": 24, "in_channels": 4, "out_channels": 4}
    return WanTransformer3DModel(**size, text_dim=16, freq_dim=32, ffn_dim=40, num_layers=2).eval()


def test_only_whole_layers_of_blocks_become_8_bits(monkeypatch):
    transformer, asked = wide(), {}

    def quantize_(model, config, filter_fn):
        asked[config] = [name for name, part in model.named_modules() if filter_fn(part, name)]

    fake = types.SimpleNamespace(
        quantize_=quantize_,
        PerRow=lambda: "rows",
        Float8DynamicActivationFloat8WeightConfig=lambda granularity: f"fp8 {granularity}",
        Int8DynamicActivationInt8WeightConfig=lambda: "int8",
    )
    monkeypatch.setitem(sys.modules, "torchao", types.SimpleNamespace(quantization=fake))
    monkeypatch.setitem(sys.modules, "torchao.quantization", fake)
    for kind in ("fp8", "int8"):
        assert quantize_blocks(transformer, kind) == len(next(reversed(asked.values())))
    assert list(asked) == ["fp8 rows", "int8"]
    for names in asked.values():
        assert "blocks.0.attn1.to_q" in names and all(name.startswith("blocks.") for name in names)
        assert "blocks.0.ffn.net.0.proj" not in names, "40 is not a multiple of 16"


def test_8_bit_weights_stay_near():
    pytest.importorskip("torchao", reason="torchao is optional")
    transformer = wide()
    before = transformer.blocks[0].attn1.to_q.weight.detach().clone()
    assert quantize_blocks(transformer, "int8") == 16
    after = transformer.blocks[0].attn1.to_q.weight
    assert 0 < (after.dequantize() - before).abs().max() < before.abs().max() / 100


@pytest.mark.parametrize("content", [b"", b"no header at all", bytes([255] * 64), b"version https://git-lfs"])
def test_a_file_that_is_no_lora_is_refused_before_the_model_is_loaded(tmp_path, content):
    path = tmp_path / "style.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="cannot read the LoRA"):
        check_loras(parse_loras(f"{path}:0.5"))
