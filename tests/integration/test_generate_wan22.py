"""Wan2.2 in `vidkit generate`: two transformers, a timestep a token; last frames and clips to start from."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import WanTransformer3DModel
from PIL import Image
from safetensors.torch import save_file

from vidkit.cli.main import run
from vidkit.config.compose import compose
from vidkit.generation.cost import estimate_cost
from vidkit.generation.first_frame import FirstFrame
from vidkit.generation.resolve import find_model, make_request
from vidkit.video.reading import read_clip
from vidkit.video.writing import encode_mp4

SPARSE = ["attention=xattention", "attention.stride=4", "attention.block_q=8", "attention.block_k=8"]
PARTS = ("transformer", "transformer_2")


def cut(*parts: str, vae: str = "model.vae.base_dim=4") -> list[str]:
    """A config cut down to seconds on a CPU."""
    small = ["num_layers=1", "num_attention_heads=2", "attention_head_dim=24", "ffn_dim=32"]
    size = ["height=64", "width=64", "frames=9", "steps=4", "max_sequence_length=512"]
    # lossless: x264's choices at other qualities may differ from run to run
    size += ["contact_sheet=false", "crf=0"]
    return [*size, vae, "model.weights=random", *(f"model.{part}.{x}" for part in parts for x in small)]


def words(config: str, folder: Path, *more: str) -> list[str]:
    parts = PARTS if "a14b" in config else PARTS[:1]
    vae = "model.vae.base_dim=8" if "5b" in config else "model.vae.base_dim=4"
    out = ["--output", str(folder / "x.mp4"), "--device", "cpu", "--seed", "1"]
    words = ["generate", "-c", config, *cut(*parts, vae=vae), *more, *out]
    return [*words, "model.vae.decoder_base_dim=8"] if "5b" in config else words


def record_in(folder: Path) -> dict:
    return json.loads((folder / "x.json").read_text())


def frames_in(folder: Path) -> np.ndarray:
    return read_clip(folder / "x.mp4").frames


def error_lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line for line in capsys.readouterr().err.splitlines() if line.startswith(("error:", "hint:"))]


@pytest.fixture
def forwards(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, tuple[int, ...]]]:
    """Highest timestep and shape of the timesteps of every forward, with the transformer's number."""
    seen: list[tuple[float, tuple[int, ...]]] = []
    models: list[int] = []
    forward = WanTransformer3DModel.forward

    def watched(self, hidden_states, timestep, *args, **kwargs):
        if id(self) not in models:
            models.append(id(self))
        seen.append((models.index(id(self)), float(timestep.max()), tuple(timestep.shape)))
        return forward(self, hidden_states, timestep, *args, **kwargs)

    monkeypatch.setattr(WanTransformer3DModel, "forward", watched)
    return seen


def test_the_first_transformer_denoises_above_the_boundary_and_the_second_below(tmp_path, forwards) -> None:
    assert run(words("wan2_2_a14b_720p", tmp_path)) == 0
    assert len(forwards) == 8 and {number for number, _, _ in forwards} == {0, 1}
    assert all((level >= 875) == (number == 0) for number, level, _ in forwards)
    assert frames_in(tmp_path).shape == (9, 64, 64, 3)
    spec = record_in(tmp_path)["model"]["spec"]
    assert spec["boundary_ratio"] == 0.875 and spec["transformer_2"]["num_layers"] == 1


def test_guidance_differs_by_transformer(tmp_path) -> None:
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    assert run(words("wan2_2_a14b_720p", tmp_path / "a")) == 0
    assert run(words("wan2_2_a14b_720p", tmp_path / "b", "guidance_2=9")) == 0
    assert not np.array_equal(frames_in(tmp_path / "a"), frames_in(tmp_path / "b"))


@pytest.mark.parametrize("config", ["wan2_2_a14b_720p", "wan2_2_ti2v_5b_720p"])
def test_sparse_attention_that_keeps_everything_is_dense(config, tmp_path) -> None:
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    sparse = [*SPARSE, "attention.tau=1", "attention.dense_steps=0"]
    assert run(words(config, tmp_path / "a")) == 0
    assert run(words(config, tmp_path / "b", *sparse)) == 0
    a, b = (frames_in(tmp_path / name).astype(int) for name in "ab")
    assert np.abs(a - b).max() <= 2
    assert record_in(tmp_path / "b")["attention"]["density"] == 1


def test_a_sparse_run_counts_steps_over_both_transformers(tmp_path) -> None:
    sparse = [*SPARSE, "attention.tau=0.5", "attention.dense_steps=1"]
    assert run(words("wan2_2_a14b_720p", tmp_path, *sparse)) == 0
    steps = record_in(tmp_path)["steps"]
    assert [step["executor"] is None for step in steps] == [True, False, False, False]


def test_ti2v_has_a_timestep_a_token_and_a_first_frame_at_zero(tmp_path, forwards) -> None:
    assert run(words("wan2_2_ti2v_5b_720p", tmp_path)) == 0
    assert {shape for _, _, shape in forwards} == {(1, 3 * 2 * 2)}
    Image.new("RGB", (64, 64), "red").save(tmp_path / "first.png")
    lowest = []
    forward = WanTransformer3DModel.forward

    def watched(self, hidden_states, timestep, *args, **kwargs):
        lowest.append(float(timestep.min()))
        return forward(self, hidden_states, timestep, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WanTransformer3DModel, "forward", watched)
        assert run(words("wan2_2_ti2v_5b_720p", tmp_path, "--image", str(tmp_path / "first.png"))) == 0
    assert set(lowest) == {0.0} and len(lowest) == 8


def test_a_lora_may_be_for_one_transformer(tmp_path) -> None:
    generator = torch.Generator().manual_seed(0)
    layer = "transformer.blocks.0.attn1.to_q"
    a, b = (torch.randn(size, generator=generator) for size in ((2, 48), (48, 2)))
    save_file({f"{layer}.lora_A.weight": a, f"{layer}.lora_B.weight": b}, tmp_path / "l.safetensors")
    pictures = []
    for part in ("", "@transformer", "@transformer_2", "0"):
        folder = tmp_path / f"to{part}"
        folder.mkdir()
        lora = f"{tmp_path}/l.safetensors:{part}" if part == "0" else f"{tmp_path}/l.safetensors:1{part}"
        assert run(words("wan2_2_a14b_720p", folder, f"lora={lora}")) == 0
        pictures.append(frames_in(folder))
    assert all(not np.array_equal(x, y) for n, x in enumerate(pictures) for y in pictures[n + 1 :])


@pytest.mark.parametrize("config", ["wan2_2_a14b_i2v_720p", "wan14b_i2v_720p"])
def test_a_last_frame_is_taken_where_the_model_has_a_place_for_it(config, tmp_path, capsys) -> None:
    for name in ("red", "blue"):
        Image.new("RGB", (64, 64), name).save(tmp_path / f"{name}.png")
    images = [f"image={tmp_path}/red.png", f"last_image={tmp_path}/blue.png"]
    if config == "wan14b_i2v_720p":
        given = [*words(config, tmp_path, *images), "model.transformer.added_kv_proj_dim=48"]
        assert run(given) == 2
        assert error_lines(capsys)[0] == "error: 'wan14b_i2v_720p' takes no last frame"
        return
    assert run(words(config, tmp_path, *images)) == 0
    with_last = frames_in(tmp_path)
    assert run(words(config, tmp_path, images[0])) == 0
    assert not np.array_equal(with_last, frames_in(tmp_path))


def test_a_clip_to_start_from_takes_part_of_the_steps(tmp_path, forwards, capsys) -> None:
    clip = np.zeros((20, 64, 64, 3), np.uint8)
    clip[..., 0] = np.arange(20)[:, None, None] * 12
    encode_mp4(tmp_path / "in.mp4", clip, 32, 10)
    given = [f"video={tmp_path}/in.mp4", "strength=0.5", "guidance=1"]
    config = "wan1_3b_480p"
    assert run(words(config, tmp_path, *given)) == 0
    assert len(record_in(tmp_path)["steps"]) == 2 and len(forwards) == 2
    assert run(words(config, tmp_path, given[0], "fps=8")) == 2
    assert error_lines(capsys)[0].endswith("is too short: 5 frames at 8 per second, and frames is 9")
    assert run(words("wan2_2_a14b_720p", tmp_path, given[0])) == 2
    assert error_lines(capsys)[0] == "error: 'wan2_2_a14b' takes no clip to start from"


@pytest.mark.parametrize("config", ["wan2_2_a14b_720p", "wan2_2_ti2v_5b_720p"])
def test_a_dry_run_counts_what_the_model_has(config, capsys) -> None:
    settings = compose("generate", config, ["model.weights=random"])
    spec, _ = find_model(settings)
    cost = estimate_cost(spec, make_request(settings, FirstFrame(None)), with_encoders=False)
    with torch.device("meta"):
        model = WanTransformer3DModel(**spec.transformer)
    assert cost.parameters["transformer"] == sum(p.numel() for p in model.parameters())
    assert ("transformer_2" in cost.parameters) == ("a14b" in config)
    assert cost.tokens == (75_600 if "a14b" in config else 27_280)


def test_a_second_guidance_needs_a_second_transformer(tmp_path, capsys) -> None:
    assert run(words("wan1_3b_480p", tmp_path, "guidance_2=3")) == 2
    assert "guidance_2 is for models of two transformers" in error_lines(capsys)[0]
