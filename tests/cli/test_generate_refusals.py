"""`vidkit generate`: what would be ignored is refused, and a refused run leaves nothing behind."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import vidkit_process
from PIL import Image

from vidkit.cli.main import run
from vidkit.video.writing import write_mp4


def vidkit(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    # two lines of an error must not be wrapped by a narrow terminal
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}
    return vidkit_process.run(words, cwd=cwd, env=environment)


def test_a_prompt_beside_a_file_whose_lines_have_their_own_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text("a boat\na kite\n")
    done = vidkit("generate", "--prompts", "p.txt", "a lake", "--dry-run", cwd=tmp_path)
    assert done.returncode == 2
    assert "the prompt 'a lake' would not be used: every line of 'p.txt' has its own" in done.stderr


def test_lines_without_a_prompt_get_the_one_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text('{"seed": 1}\n{"seed": 2, "prompt": "a kite"}\n')
    done = vidkit("generate", "--prompts", "p.jsonl", "a lake", "steps=1", "--dry-run", cwd=tmp_path)
    assert done.returncode == 0 and "clips       2" in done.stdout, done.stderr


def test_one_step_is_no_steps(tmp_path: Path) -> None:
    assert "(1 step x 1 guidance branch)" in vidkit("generate", "steps=1", "--dry-run", cwd=tmp_path).stdout


def test_a_refused_run_leaves_no_empty_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch", reason="the model is loaded before the cache knows its floor")
    monkeypatch.chdir(tmp_path)
    words = ("cache=teacache", "cache.target_flops=0.001", "steps=4", "maze.size=4")
    assert run(["generate", *words]) == 2
    assert "is below what 'teacache' must compute" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_gate_that_no_score_can_pass_is_refused_by_a_dry_run(tmp_path: Path) -> None:
    words = ("eval", "v-star-mini", "engine=speculative", "--dry-run")
    done = vidkit(*words, "draft.threshold=1.5", cwd=tmp_path)
    assert done.returncode == 2
    assert "threshold must be in 0..1 for the score 'margin', got 1.5" in done.stderr
    done = vidkit(*words, "draft.kind=entropy", "draft.threshold=0.5", cwd=tmp_path)
    assert done.returncode == 2 and "must be <= 0 for the score 'entropy'" in done.stderr


@pytest.mark.parametrize("name", ["video", "mask", "reference", "last_image"])
def test_a_dry_run_reads_every_file_that_is_given(name: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    write_mp4(tmp_path / "v.mp4", np.zeros((90, 32, 32, 3), np.uint8), 16)
    Image.fromarray(np.zeros((32, 32, 3), np.uint8)).save(tmp_path / "p.png")
    beside = {"mask": ["video=v.mp4"], "last_image": ["image=p.png"]}.get(name, [])
    words = [f"{name}=notes.txt", *beside, "height=32", "width=32"]
    done = vidkit("generate", "--config", "wan_vace_1_3b_480p", *words, "a cat", "--dry-run", cwd=tmp_path)
    assert done.returncode != 0
    assert "notes.txt" in done.stderr.splitlines()[0]


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("attention.backend=sage", "attention.backend=sage cannot be used"),
        ("model.quantize=int8", "model.quantize=int8 needs a CUDA device, and this run is on cpu"),
    ],
)
def test_a_dry_run_for_a_cpu_refuses_what_the_run_refuses(
    word: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["generate", word, "--device", "cpu", "--dry-run"]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("command", ["generate", "calibrate"])
def test_predictors_that_sort_tokens_are_refused_where_text_is_among_them(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = str(tmp_path / ("x.mp4" if command == "generate" else "x.json"))
    words = [command, "-c", "cogvideox_5b", "attention=svg2", "model.weights=random", "-o", output]
    assert run([*words, "--device", "cpu"]) == 2
    assert "attention=svg2 does not run on 'cogvideox_5b'" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_what_a_run_reads_is_not_overwritten_by_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_mp4(Path("control.mp4"), np.zeros((9, 32, 32, 3), np.uint8), 16)
    Image.new("L", (32, 32)).save("mask.png")
    Image.new("RGB", (32, 32)).save("a.png")
    given = ["video=control.mp4", "mask=mask.png", "reference=a.png", "height=32", "width=32", "frames=9"]
    for name in ("mask", "a"):
        words = ["generate", "-c", "wan_vace_1_3b_480p", "model.weights=random", *given, "-o", f"{name}.mp4"]
        assert run([*words, "--force", "--device", "cpu"]) == 2
        assert "which this run reads" in capsys.readouterr().err
    assert Image.open("mask.png").mode == "L"
