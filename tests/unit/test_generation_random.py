"""Random weights: real shapes, right precision, repeatable."""

import pytest
import torch
from diffusers import AutoencoderKLWan, SkyReelsV2Transformer3DModel, WanTransformer3DModel

from vidkit.generation.random_weights import random_embeddings, random_image_embeddings, random_model
from vidkit.generation.spec import ModelSpec

SHAPES = {"num_attention_heads": 2, "attention_head_dim": 12, "in_channels": 4, "out_channels": 4,
          "text_dim": 16, "freq_dim": 32, "ffn_dim": 40, "num_layers": 2, "rope_max_seq_len": 32}  # fmt: skip
CPU = torch.device("cpu")


@pytest.mark.parametrize("cls", [WanTransformer3DModel, SkyReelsV2Transformer3DModel])
def test_shapes_and_precision_equal_those_of_from_pretrained(cls, tmp_path) -> None:
    cls(**SHAPES).save_pretrained(tmp_path)
    loaded = cls.from_pretrained(tmp_path, dtype=torch.bfloat16)
    made = random_model(cls, SHAPES, 0, CPU, torch.bfloat16)
    theirs = {name: (value.shape, value.dtype) for name, value in loaded.named_parameters()}
    ours = {name: (value.shape, value.dtype) for name, value in made.named_parameters()}
    assert ours == theirs
    for name, table in loaded.named_buffers():
        torch.testing.assert_close(dict(made.named_buffers())[name], table)


def test_a_seed_fixes_all_values() -> None:
    first, same, other = (
        random_model(WanTransformer3DModel, SHAPES, seed, CPU, torch.float32) for seed in (3, 3, 4)
    )
    for (name, value), again in zip(first.named_parameters(), same.parameters(), strict=True):
        assert torch.equal(value, again), name
    assert not torch.equal(first.proj_out.weight, other.proj_out.weight)


def test_nothing_stays_uninitialised() -> None:
    vae = random_model(
        AutoencoderKLWan, {"base_dim": 8, "z_dim": 4, "decoder_base_dim": None}, 0, CPU, torch.float32
    )
    assert not any(tensor.is_meta for tensor in (*vae.parameters(), *vae.buffers()))
    with torch.no_grad():
        assert torch.isfinite(vae.decode(torch.zeros(1, 4, 2, 4, 4)).sample).all()


def test_a_saved_config_builds_the_model() -> None:
    config = {**SHAPES, "_class_name": "WanTransformer3DModel", "_diffusers_version": "0", "image_dim": None}
    assert random_model(WanTransformer3DModel, config, 0, CPU, torch.float32).config.ffn_dim == 40


def test_stand_ins_have_the_encoders_shapes() -> None:
    spec = ModelSpec("i2v", "wan", {**SHAPES, "image_dim": 24}, {})
    assert random_embeddings(spec, 512, 0, CPU, torch.float32).shape == (1, 512, 16)
    assert random_image_embeddings(spec, 0, CPU, torch.float32).shape == (1, 257, 24)
