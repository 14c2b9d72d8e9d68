"""The config of the embedded model describes the folder that ships."""

import pytest

from vidkit.config.compose import compose
from vidkit.errors import ModelError
from vidkit.generation.folder import embedded_folder, read_spec
from vidkit.generation.resolve import find_model

CHECKED = {
    "transformer": (
        "patch_size",
        "num_attention_heads",
        "attention_head_dim",
        "in_channels",
        "text_dim",
        "ffn_dim",
        "num_layers",
        "rope_max_seq_len",
    ),
    "vae": ("base_dim", "decoder_base_dim", "z_dim", "dim_mult", "num_res_blocks", "temperal_downsample"),
    "text_encoder": ("vocab_size", "d_model", "d_kv", "d_ff", "num_layers", "num_heads"),
}


@pytest.mark.parametrize("part", CHECKED)
def test_random_weights_have_the_shapes_of_the_shipped_model(part: str) -> None:
    folder = embedded_folder()
    shipped = getattr(read_spec(folder), part)
    described, _ = find_model(compose("generate", "maze_demo", ["model.weights=random"]))
    for name in CHECKED[part]:
        assert getattr(described, part)[name] == shipped[name], name


def test_an_installation_without_the_model_says_so() -> None:
    with pytest.raises(ModelError) as error:
        embedded_folder("no-such-model")
    assert error.value.message == "this installation lacks the embedded model 'no-such-model'"
    assert error.value.hint == "reinstall vidkit, or pass model.path=... or model.weights=random"
