"""Weights of Wan transformers as their authors publish them."""

import argparse
from pathlib import Path

import pytest
import torch
from causal_clips import TRANSFORMER, original_names, tiny_transformer, write_checkpoint
from diffusers import WanTransformer3DModel
from safetensors.torch import save_file

from vidkit.errors import ConfigError, ModelError
from vidkit.generation.checkpoint import checkpoint_file, fill_transformer


def filled(path: Path) -> tuple[WanTransformer3DModel, str]:
    model = tiny_transformer(seed=9)
    return model, fill_transformer(model, path)


def same(model: WanTransformer3DModel, other: WanTransformer3DModel) -> bool:
    own = other.state_dict()
    return all(torch.equal(value, own[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("entry", ["generator_ema", "model_ema"])
def test_a_training_state_gives_its_averaged_weights(tmp_path: Path, entry: str) -> None:
    path = write_checkpoint(tmp_path / "self_forcing_dmd.pt", tiny_transformer(), entry)
    if entry != "generator_ema":  # then the generator comes first, and is zeros
        model, taken = filled(path)
        assert taken == "generator"
        assert not any(bool(value.any()) for value in model.state_dict().values())
        return
    model, taken = filled(path)
    assert taken == "generator_ema"
    assert same(model, tiny_transformer())


@pytest.mark.parametrize("kind", ["original", "prefixed", "diffusers"])
def test_plain_weights_are_read_under_either_name(tmp_path: Path, kind: str) -> None:
    source = tiny_transformer()
    state = dict(source.state_dict()) if kind == "diffusers" else original_names(source)
    if kind == "prefixed":
        state = {f"model.diffusion_model.{name}": value for name, value in state.items()}
    save_file({name: value.contiguous() for name, value in state.items()}, tmp_path / "x.safetensors")
    model, taken = filled(tmp_path / "x.safetensors")
    assert taken == ""
    assert same(model, source)


def test_missing_extra_and_misshapen_tensors_are_named(tmp_path: Path) -> None:
    state = original_names(tiny_transformer())
    del state["blocks.1.self_attn.q.weight"], state["head.modulation"]
    state["blocks.2.ffn.0.bias"] = torch.zeros(3)
    state["patch_embedding.bias"] = torch.zeros(5)
    torch.save({"generator": state}, tmp_path / "x.pt")
    with pytest.raises(ModelError) as caught:
        filled(tmp_path / "x.pt")
    assert caught.value.message.endswith(
        "does not fit the transformer: it lacks blocks.1.attn1.to_q.weight, scale_shift_table;"
        " it has besides blocks.2.ffn.net.0.proj.bias;"
        " it has in another shape patch_embedding.bias ([5]; here [24])"
    )


def test_another_size_of_model_lists_a_few_names_and_how_many_more(tmp_path: Path) -> None:
    deeper = WanTransformer3DModel(**{**TRANSFORMER, "num_layers": 3})
    torch.save(original_names(deeper), tmp_path / "x.pt")
    with pytest.raises(ModelError, match=r"has besides blocks\.2\..* and \d+ more"):
        filled(tmp_path / "x.pt")


class Runs:
    def __reduce__(self):  # what a malicious file would hold
        return (print, ("ran",))


@pytest.mark.parametrize("content", ["cut off", "text", "code", "no weights", "list"])
def test_files_that_hold_no_weights_are_refused_and_run_nothing(tmp_path: Path, content: str, capsys) -> None:
    path = tmp_path / "x.pt"
    if content == "cut off":
        whole = write_checkpoint(path, tiny_transformer()).read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
    elif content == "text":
        path.write_text("version https://git-lfs.github.com/spec/v1\n")
    else:
        torch.save({"code": {"generator": Runs()}, "no weights": {"step": 3}, "list": [1, 2]}[content], path)
    with pytest.raises(ModelError, match="checkpoint") as caught:
        filled(path)
    assert str(path) in caught.value.message
    assert "ran" not in capsys.readouterr().out


def test_what_a_file_holds_besides_weights_is_named(tmp_path: Path) -> None:
    state = {"generator": original_names(tiny_transformer()), "args": argparse.Namespace(steps=3)}
    torch.save(state, tmp_path / "x.pt")
    with pytest.raises(ModelError, match=r"holds more than weights: argparse\.Namespace$") as caught:
        filled(tmp_path / "x.pt")
    assert "copy" not in caught.value.hint


def test_a_file_of_the_layout_before_zip_is_read(tmp_path: Path) -> None:
    model = tiny_transformer()
    torch.save(original_names(model), tmp_path / "x.pt", _use_new_zipfile_serialization=False)
    assert same(filled(tmp_path / "x.pt")[0], model)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("missing.pt", "no checkpoint file 'missing.pt'"),
        ("/nowhere/x.pt", "no checkpoint file '/nowhere/x.pt'"),
        ("owner/name:weights.txt", "'owner/name:weights.txt' is not a checkpoint"),
        ("owner/name", "no checkpoint file 'owner/name'"),
    ],
)
def test_what_is_no_checkpoint_is_refused_before_anything_is_read(given: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        checkpoint_file(given)
    assert caught.value.message.startswith(message)


def test_a_file_on_the_hub_is_left_for_later() -> None:
    assert checkpoint_file("gdhe17/Self-Forcing:checkpoints/self_forcing_dmd.pt") is None
