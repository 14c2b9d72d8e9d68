"""`vidkit generate` chunk by chunk: from a checkpoint to a streamed file, and what a failure leaves."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from causal_clips import tiny_transformer, write_checkpoint

from vidkit.cli.main import run
from vidkit.generation.causal.loop import ChunkLoop
from vidkit.video.reading import read_clip


@pytest.fixture(scope="module")
def wan(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of Wan's layout whose transformer is zeros: a checkpoint has to take its place."""
    from diffusers import DiffusionPipeline, WanPipeline

    parts = DiffusionPipeline.from_pretrained(tiny_model).components
    transformer = tiny_transformer()
    for parameter in transformer.parameters():
        parameter.data.zero_()
    folder = tmp_path_factory.mktemp("models") / "tiny-wan"
    keep = {name: parts[name] for name in ("tokenizer", "text_encoder", "vae", "scheduler")}
    WanPipeline(**keep, transformer=transformer).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("weights") / "self_forcing_dmd.pt", tiny_transformer())


@pytest.fixture
def words(wan: Path, checkpoint: Path, tmp_path: Path) -> list[str]:
    small = ["height=32", "width=32", "frames=33", "steps=2", "max_sequence_length=8", "contact_sheet=false"]
    model = [f"model.path={wan}", f"model.checkpoint={checkpoint}", "model.name=tiny-causal"]
    out = ["--seed", "1", "--device", "cpu", "--output", str(tmp_path / "x.mp4")]
    return ["generate", "-c", "causal_wan1_3b_480p", *small, *model, "a red ball", *out]


def test_a_checkpoint_makes_a_clip_that_is_streamed_into_its_file(
    words: list[str], tmp_path: Path, capsys
) -> None:
    assert run([*words, "causal.window=6", "causal.prompts=['24: a green ball']"]) == 0
    said = capsys.readouterr()
    assert len(read_clip(tmp_path / "x.mp4").frames) == 33
    record = json.loads((tmp_path / "x.json").read_text())
    stream = record["stream"]
    assert (stream["chunks"], stream["clean_passes"], len(record["steps"])) == (3, 2, 6)
    assert [one["chunk"] for one in stream["prompts"]] == [0, 2]
    assert stream["state_bytes"] == 2 * 2 * 6 * 16 * 24 * 4 + 3 * 8 * 8 * 8 * 4  # keys, values; latents
    assert stream["frames_per_second"] == pytest.approx(33 / stream["wall_seconds"])
    assert "3 chunks of 3 latent frames: " in said.out
    assert "a new prompt begins with chunk 2" in said.out
    assert "streaming 33/33 frames, " in said.err
    assert "per second with decoding" in said.err


def test_the_checkpoints_weights_are_the_ones_that_run(words: list[str], tmp_path: Path) -> None:
    assert run([*words, "crf=0"]) == 0
    made = read_clip(tmp_path / "x.mp4").frames
    without = [word for word in words if not word.startswith("model.checkpoint")]
    assert run([*without, "model.checkpoint=null", "crf=0", "--force"]) == 0  # zeros
    assert not np.array_equal(read_clip(tmp_path / "x.mp4").frames, made)


def test_two_chunks_more_leave_what_was_there(words: list[str], tmp_path: Path) -> None:
    clips = []
    exact = ["model.vae_dtype=fp32", "crf=0"]  # bf16 makes levels of the last bit of a latent
    for frames in (33, 57):
        asked = [f"frames={frames}" if word == "frames=33" else word for word in words]
        assert run([*asked, "causal.window=6", *exact, "--force"]) == 0
        clips.append(read_clip(tmp_path / "x.mp4").frames.astype(int))
    apart = np.abs(clips[1][:33] - clips[0]).max(axis=(1, 2, 3))
    assert not [(frame, levels) for frame, levels in enumerate(apart.tolist()) if levels > 4]


def test_not_a_number_halfway_leaves_the_record_and_no_torn_file(
    words: list[str], tmp_path: Path, capsys, monkeypatch
) -> None:
    denoised = ChunkLoop._denoised

    def goes_bad(self, chunk, callback):
        made = denoised(self, chunk, callback)
        return made * torch.nan if chunk == 1 else made

    monkeypatch.setattr(ChunkLoop, "_denoised", goes_bad)
    assert run(words) != 0
    assert (
        "the latents hold NaN or infinity after step 3, in block 0 (latent frames 3..5)"
        in capsys.readouterr().err
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.json"]
    assert len(json.loads((tmp_path / "x.json").read_text())["steps"]) == 4


def test_a_diffusion_forcing_model_is_made_chunk_by_chunk_from_a_first_frame(
    tiny_model: Path, tmp_path: Path, capsys
) -> None:
    small = ["steps=2", "max_sequence_length=20", "frames=29", "causal.chunk=2"]
    model = [f"model.path={tiny_model}", "model.weights=pretrained"]
    out = ["--seed", "1", "--device", "cpu", "--output", str(tmp_path / "x.mp4")]
    assert run(["generate", "-c", "maze_causal_demo", *small, *model, *out]) == 0
    assert "maze    the ball " in capsys.readouterr().out
    assert len(read_clip(tmp_path / "x.mp4").frames) == 29


def test_a_checkpoint_of_another_model_names_its_tensors(words: list[str], tmp_path: Path, capsys) -> None:
    torch.save({"generator": {"model.blocks.0.self_attn.q.weight": torch.zeros(3)}}, tmp_path / "other.pt")
    kept = [word for word in words if not word.startswith("model.checkpoint")]
    assert run([*kept, f"model.checkpoint={tmp_path / 'other.pt'}"]) == 2
    said = capsys.readouterr().err
    assert "does not fit the transformer: it lacks blocks.0.attn1.norm_k.weight" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.pt"]


def test_a_checkpoint_is_for_wan(tiny_model: Path, checkpoint: Path, capsys) -> None:
    words = [
        f"model.path={tiny_model}",
        f"model.checkpoint={checkpoint}",
        "--dry-run",
        "height=256",
        "width=256",
    ]
    assert run(["generate", "-c", "skyreels_df_1_3b_540p", *words]) == 2
    assert "does not go with 'skyreels_df_1_3b'" in capsys.readouterr().err


@pytest.mark.slow
def test_the_embedded_model_solves_a_maze_chunk_by_chunk(tmp_path: Path, capsys) -> None:
    words = [
        "maze.size=4",
        "maze.seed=5",
        "steps=3",  # two fewer than the config's
        "frames=29",  # two chunks of the config's four
        "--seed",
        "3",
        "--device",
        "cpu",
        "--output",
        str(tmp_path / "x.mp4"),
    ]
    assert run(["generate", "-c", "maze_causal_demo", *words]) == 0
    assert "maze    the ball reached the goal" in capsys.readouterr().out
