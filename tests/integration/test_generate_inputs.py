"""What `vidkit generate` takes besides numbers: images, LoRAs, texts in files; and where its time went."""

import json
from pathlib import Path

import pytest
from PIL import Image

from vidkit.cli.main import run


@pytest.fixture
def words(tiny_model: Path, tmp_path: Path) -> list[str]:
    model = [f"model.path={tiny_model}", "model.weights=pretrained"]
    size = ["height=32", "width=32", "frames=5", "steps=2", "contact_sheet=false"]
    return ["generate", "a red ball", *size, *model, "-o", str(tmp_path / "x.mp4"), "--device", "cpu"]


def error_lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line for line in capsys.readouterr().err.splitlines() if line.startswith(("error:", "hint:"))]


def test_image_and_stats_are_options_and_a_negative_prompt_may_be_a_file(words, tmp_path, capsys) -> None:
    Image.new("RGB", (32, 32), "red").save(tmp_path / "first.png")
    (tmp_path / "not.txt").write_text("a green\nball\n")
    more = ["--image", str(tmp_path / "first.png"), "--stats", f"negative_prompt=@{tmp_path}/not.txt"]
    assert run([*words, *more, "guidance=2"]) == 0
    settings = json.loads((tmp_path / "x.json").read_text())["settings"]
    assert settings["image"] == str(tmp_path / "first.png")
    assert settings["negative_prompt"] == "a green ball"
    out = capsys.readouterr().out.splitlines()
    start = next(n for n, line in enumerate(out) if line.startswith("stats   "))
    assert out[start].endswith("frames per second") and " s for 5 frames: " in out[start]
    shares = [float(line.split()[-2]) for line in out[start + 1 :] if line.endswith(" %")]
    assert sum(shares) == pytest.approx(100, abs=0.5)
    assert any(line.startswith("  2 dense steps: ") for line in out[start:])


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("negative_prompt=@HERE/no.txt", "negative_prompt=@HERE/no.txt: there is no such file"),
        ("negative_prompt=@HERE", "negative_prompt=@HERE cannot be read: Is a directory"),
        ("negative_prompt=@HERE/empty.txt", "negative_prompt=@HERE/empty.txt: the file is empty"),
        (
            "negative_prompt=@HERE/latin.txt",
            "negative_prompt=@HERE/latin.txt cannot be read: it is not UTF-8 text",
        ),
        ("lora=HERE/no.safetensors:0.5", "no LoRA file 'HERE/no.safetensors'"),
        ("model.quantize=fp8", "model.quantize=fp8 needs a CUDA device, and this run is on cpu"),
    ],
)
def test_inputs_that_cannot_be_used_are_refused_before_loading(
    word, message, words, tmp_path, capsys
) -> None:
    (tmp_path / "empty.txt").write_text(" \n")
    (tmp_path / "latin.txt").write_bytes("né".encode("latin-1"))
    assert run([*words, "image=null", word.replace("HERE", str(tmp_path))]) == 2
    assert error_lines(capsys)[0] == "error: " + message.replace("HERE", str(tmp_path))
    assert not list(tmp_path.glob("x.*"))
