"""`vidkit generate` from words to files, on a tiny model of the embedded kind."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import vidkit_process
from PIL import Image

from vidkit.cli.main import run
from vidkit.video.reading import read_clip

SMALL = ["height=32", "width=32", "frames=13", "steps=3", "model.family=skyreels_df"]
# a random transformer of the Wan kinds, cut down to seconds on a CPU
CUT = [
    "model.weights=random",
    "height=32",
    "width=32",
    "frames=9",
    "steps=2",
    "model.transformer.num_layers=1",
    "model.transformer.num_attention_heads=1",
    "model.transformer.ffn_dim=32",
    "model.vae.base_dim=4",
    "max_sequence_length=512",
]


@pytest.fixture
def words(tiny_model: Path, tmp_path: Path) -> list[str]:
    """`vidkit generate` with the tiny model, text to video, into an empty folder."""
    model = ["model.weights=pretrained", f"model.path={tiny_model}", "image=null"]
    return ["generate", *SMALL, *model, "--output", str(tmp_path), "--device", "cpu"]


def changed(words: list[str], *more: str) -> list[str]:
    """The words with some settings given anew; a setting given twice is refused."""
    names = {word.split("=")[0] for word in more if "=" in word}
    kept = [word for word in words if "=" not in word or word.split("=")[0] not in names]
    if "--output" in more:
        del kept[kept.index("--output") : kept.index("--output") + 2]
    return [*kept, *more]


def files(folder: Path) -> list[str]:
    return sorted(path.suffix for path in folder.iterdir())


def error_lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line for line in capsys.readouterr().err.splitlines() if line.startswith(("error:", "hint:"))]


def test_text_to_video_writes_video_sheet_and_record(words, tmp_path: Path, capsys) -> None:
    assert run([*words, "a red ball solves a light maze", "--seed", "5", "guidance=2"]) == 0
    assert files(tmp_path) == [".json", ".mp4", ".png"]
    record = json.loads(next(tmp_path.glob("*.json")).read_text())
    clip = read_clip(Path(record["outputs"]["video"]))
    assert (clip.frames.shape, clip.fps) == ((13, 32, 32, 3), 12)
    assert record["seed"] == 5
    assert record["labels"] == record["warnings"] == []
    assert record["prompt"] == record["settings"]["prompt"] == "a red ball solves a light maze"
    assert set(record["phase_seconds"]) == {"load", "encode", "prepare", "denoise", "decode", "write"}
    assert [step["index"] for step in record["steps"]] == [0, 1, 2]
    assert record["seconds_per_step"] > 0
    assert record["phase_seconds"]["denoise"] == pytest.approx(sum(s["seconds"] for s in record["steps"]))
    assert record["tokens"] == 4 * 4 * 4
    assert record["versions"]["diffusers"]
    assert record["peak_host_bytes"] > 2**20
    out = capsys.readouterr()
    assert str(tmp_path) in out.out
    assert "denoising 100 %  3/3" in out.err


def test_a_seed_repeats_the_frames(words, tmp_path: Path, monkeypatch) -> None:
    import vidkit.generation.decode as decode

    made = []
    monkeypatch.setattr(
        decode, "to_bytes", lambda video, to=decode.to_bytes: made.append(to(video)) or made[-1]
    )
    for name in ("first.mp4", "second.mp4", "other.mp4"):
        seed = "6" if name == "other.mp4" else "5"
        assert run(changed(words, "--output", str(tmp_path / name), "a red ball", "--seed", seed)) == 0
    assert np.array_equal(made[0], made[1])
    assert not np.array_equal(made[0], made[2])
    first, second, other = (
        read_clip(tmp_path / f"{n}.mp4").frames.astype(int) for n in ("first", "second", "other")
    )
    # x264 codes equal pixels otherwise in one of a hundred runs or so, in one frame; see docs/reliability.md
    assert np.abs(first - second).mean() < 0.2 * np.abs(first - other).mean()


def test_a_first_frame_from_a_file(words, tmp_path: Path, capsys) -> None:
    picture = tmp_path / "in.png"
    Image.effect_noise((64, 64), 80).convert("RGB").save(picture)
    out = tmp_path / "out"
    out.mkdir()
    assert (
        run(changed(words, f"image={picture}", "--output", str(out), "ar_step=1", "causal_block_size=2")) == 0
    )
    assert "warning: first frame resized from 64x64 to 32x32" in capsys.readouterr().err
    assert len(json.loads(next(out.glob("*.json")).read_text())["steps"]) == 4


def test_a_fresh_maze_is_drawn_and_judged(tiny_model: Path, tmp_path: Path, capsys) -> None:
    words = ["generate", "steps=1", "model.weights=pretrained", f"model.path={tiny_model}"]
    assert run([*words, "--seed", "3", "maze.skin=light", "--output", str(tmp_path)]) == 0
    record = json.loads(next(tmp_path.glob("*.json")).read_text())
    assert record["settings"]["maze"]["seed"] is not None
    assert record["prompt"].startswith("a ")
    assert record["verdict"]["success"] is False  # random weights do not solve mazes
    assert f"maze    {record['verdict']['line']}" in capsys.readouterr().out


@pytest.mark.parametrize("config", ["wan1_3b_480p", "wan14b_i2v_720p", "skyreels_df_1_3b_540p"])
def test_random_weights_run_end_to_end(config: str, tmp_path: Path, capsys) -> None:
    extra = {
        "wan14b_i2v_720p": ["model.transformer.added_kv_proj_dim=128"],
        "skyreels_df_1_3b_540p": ["frames=13", "causal_block_size=2"],
    }
    given = [word for word in CUT if not (config.startswith("sky") and word.startswith("frames"))]
    status = run(
        ["generate", "-c", config, *given, *extra.get(config, []), "--output", str(tmp_path / "x.mp4")]
    )
    assert status == 0, capsys.readouterr().err
    record = json.loads((tmp_path / "x.json").read_text())
    assert record["labels"][0] == "random weights"
    assert "note    random weights" in capsys.readouterr().out


def test_unknown_words_are_reported(words, tmp_path: Path, capsys) -> None:
    assert run([*words, "a turquoise ball solves a maze, quickly"]) == 0
    warning = "the model does not know these words of the prompt: 'turquoise', 'quickly'"
    assert f"warning: {warning}" in capsys.readouterr().err
    assert json.loads(next(tmp_path.glob("*.json")).read_text())["warnings"] == [warning]


def case(*words: str, message: str, hint: str) -> tuple[tuple[str, ...], str, str]:
    return words, message, hint


BAD = {
    "long-prompt": case("red " * 30, "max_sequence_length=24",
                        message="the prompt has 31 tokens, but the text encoder takes 24",
                        hint="shorten the prompt by 7 tokens or more"),
    "no-prompt": case(message="no prompt was given",
                      hint='add one: vidkit generate ... "a red ball solves a light maze"'),
    "frames": case("a ball", "frames=14", message="frames=14 does not fit 'maze': it must be 4k+1",
                   hint="nearest valid: frames=13 or frames=17"),
    "no-image": case("image=none.png", message="no image at 'none.png'",
                     hint="check the path given as image="),
    "suffix": case("a ball", "--output", "clip.avi", message="output 'clip.avi' is not an .mp4 file",
                   hint="end it in .mp4, or name a folder"),
    "folder": case("a ball", "--output", "none/clip.mp4", message="output folder 'none' does not exist",
                   hint="create it: mkdir -p 'none'"),
    "cuda": case("a ball", "--device", "cuda",
                 message="device=cuda was asked for, but no CUDA device is available",
                 hint="use device=cpu, or check the driver (nvidia-smi) and that torch is a CUDA build"),
    "offload": case("a ball", "model.offload=model",
                    message="model.offload=model needs an accelerator, but the device is the CPU",
                    hint="set model.offload=none"),
    "family": case("a ball", "model.path=none/at/all", message="model folder 'none/at/all' does not exist",
                   hint="pass a hub id ('owner/name') or a local diffusers folder"),
    "maze-size": case("image=maze", message="image=maze draws 96x96 pixels, but the video is 32x32",
                      hint="set height=96 width=96, or image=PATH"),
}  # fmt: skip


@pytest.mark.parametrize(("more", "message", "hint"), BAD.values(), ids=BAD)
def test_bad_input_is_refused_word_by_word(words, tmp_path, monkeypatch, capsys, more, message, hint) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.chdir(tmp_path)
    assert run(changed(words, *more)) == 2
    assert error_lines(capsys) == [f"error: {message}", f"hint: {hint}"]
    assert list(tmp_path.iterdir()) == []


def test_the_hub_out_of_reach(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    name = "no-such-owner-vidkit/no-such-model"
    words = ["generate", "-c", "wan1_3b_480p", "a ball", f"model.path={name}", "--device", "cpu"]
    assert run([*words, "--output", str(tmp_path)]) == 2
    error, hint = error_lines(capsys)
    assert error.startswith(f"error: cannot fetch '{name}': the hub is not reachable (")
    assert "offline mode is enabled" in error  # the reason, where the user looks
    assert hint == "hint: pass model.path=... or model.weights=random"


def test_a_damaged_model_folder(words, tiny_model: Path, tmp_path: Path, capsys) -> None:
    import shutil

    broken = tmp_path / "model"
    shutil.copytree(tiny_model, broken)
    weights = broken / "transformer/diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4])
    assert run(changed(words, f"model.path={broken}", "a ball")) == 2
    assert error_lines(capsys)[0].startswith(f"error: the weights '{weights}' are damaged: ")


def test_weights_that_do_not_fit_their_config(words, tiny_model: Path, tmp_path: Path, capsys) -> None:
    import shutil

    broken = tmp_path / "model"
    shutil.copytree(tiny_model, broken)
    config = broken / "transformer/config.json"
    config.write_text(config.read_text().replace('"ffn_dim": 32', '"ffn_dim": 48'))
    assert run(changed(words, f"model.path={broken}", "a ball")) == 2
    assert error_lines(capsys)[0].startswith(f"error: cannot load the model in '{broken}': ")


def test_a_full_disk_leaves_no_part(words, tmp_path: Path, monkeypatch, capsys) -> None:
    import errno

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert run(changed(words, "a ball", "--output", str(tmp_path / "x.mp4"))) == 2
    assert error_lines(capsys) == [
        f"error: the disk is full: could not write '{tmp_path}/x.mp4', and no part of it is left",
        "hint: free space, or choose another --output",
    ]
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_before_the_record_leaves_nothing(words, tmp_path: Path, monkeypatch) -> None:
    import vidkit.commands.generate.session as session

    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(session, "signed", interrupted)
    assert run([*words, "a ball"]) == 130
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_leaves_no_file(words, tmp_path: Path) -> None:
    process = vidkit_process.start(changed(words, "a red ball", "steps=5000"), heavy=True)
    for line in process.stderr:
        if "encoding" in line:
            break
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    assert process.wait(300) == 130
    assert list(tmp_path.iterdir()) == []


def test_without_an_encoder_random_weights_still_give_a_record(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    words = ["generate", "-c", "wan1_3b_480p", *CUT, "dtype=bf16", "--output", str(tmp_path / "x.mp4")]
    assert run(words) == 0, capsys.readouterr().err
    assert files(tmp_path) == [".json", ".png"]
    assert "warning: no video is written: writing mp4 needs the package 'av'" in capsys.readouterr().err
    assert json.loads((tmp_path / "x.json").read_text())["dtype"] == "bfloat16"


def test_without_an_encoder_real_weights_are_refused(words, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    assert run([*words, "a ball"]) == 2
    assert error_lines(capsys)[1] == "hint: pip install 'av>=18.1'"


def test_the_library_runs_without_the_command_line(tiny_model: Path) -> None:
    import torch

    from vidkit.generation import LoadOptions, Request, generate, load_pipeline, read_spec

    model = load_pipeline(
        read_spec(tiny_model), tiny_model, LoadOptions(torch.device("cpu"), torch.float32, torch.float32)
    )
    made = generate(model, Request("a red ball", height=32, width=32, frames=13, steps=2, guidance=1.0))
    assert made.frames.shape == (13, 32, 32, 3)
    assert made.frames.dtype == np.uint8
    assert len(made.record.steps) == 2


def test_policies_report_into_the_steps(tiny_model: Path) -> None:
    import torch

    from vidkit.generation import LoadOptions, Request, generate, load_pipeline, read_spec

    class Policy:
        def __init__(self) -> None:
            self.calls: list[tuple[int, int, tuple[int, ...]]] = []

        def step_report(self) -> dict[str, float]:
            at = model.pipe.forcing_step
            self.calls.append((at.number, at.block_size, at.row.level))
            return {"density": 0.5, "skipped_tokens": 0.25}

    model = load_pipeline(read_spec(tiny_model), tiny_model, LoadOptions(torch.device("cpu"), torch.float32))
    policy = Policy()
    request = Request("a ball", height=32, width=32, frames=13, steps=2, ar_step=1, causal_block_size=2)
    steps = generate(model, request, reporters=[policy]).record.steps
    assert [(step.density, step.skipped_tokens) for step in steps] == [(0.5, 0.25)] * 3
    assert policy.calls == [(0, 2, (0, -1)), (1, 2, (1, 0)), (2, 2, (2, 1))]
    assert model.pipe.forcing_step is None


def test_json_on_standard_output_is_the_record(words, capsys) -> None:
    assert run([*words, "a red ball", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["steps"][0]["index"] == 0


def test_broken_numbers_stop_the_run_and_keep_its_record(tiny_model: Path, tmp_path: Path, capsys) -> None:
    import shutil

    import torch
    from safetensors.torch import load_file, save_file

    broken = tmp_path / "model"
    shutil.copytree(tiny_model, broken)
    weights = broken / "transformer/diffusion_pytorch_model.safetensors"
    values = load_file(weights)
    values["proj_out.bias"] = torch.full_like(values["proj_out.bias"], float("nan"))
    save_file(values, weights, metadata={"format": "pt"})
    words = ["generate", *SMALL, "model.weights=pretrained", f"model.path={broken}", "image=null", "a ball"]
    assert run([*words, "--output", str(tmp_path / "x.mp4"), "--json", "-"]) == 1
    said = capsys.readouterr()
    message = "the latents hold NaN or infinity after step 0, in block 0 (latent frames 0..3)"
    assert f"error: {message}\nhint: try dtype=bf16" in said.err
    record = json.loads((tmp_path / "x.json").read_text())
    assert record["warnings"] == [message]
    assert len(record["steps"]) == 1
    assert record["outputs"] == {"record": str(tmp_path / "x.json")}
    assert json.loads(said.out)["steps"][0]["index"] == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "x.json"]
    assert run([*words, "--output", str(tmp_path / "x.mp4")]) == 1  # what is there is ours
