"""`vidkit generate` with MAGI-1, from words to files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from vidkit.cli.main import run


def test_the_demo_runs_end_to_end_and_says_that_its_weights_are_random(tmp_path: Path, capsys) -> None:
    words = ["generate", "-c", "maze_magi_demo", "frames=48", "steps=4", "--seed", "3", "--device", "cpu"]
    assert run([*words, "--output", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "note    random weights" in out
    assert "(48 frames, 96x96, 4.0 s at 12 fps)" in out
    (path,) = tmp_path.glob("*.json")
    record = json.loads(path.read_text())
    assert record["labels"] == ["random weights"]
    assert [step["index"] for step in record["steps"]] == [0, 1, 2, 3, 4]
    low, high = record["steps"][1]["timestep"]
    assert 0 < low < high == 1000
    assert record["settings"]["magi"]["kv_range"] == [5, 4, 3, 2]


def test_a_dry_run_tells_passes_flops_and_what_is_kept_without_torch() -> None:
    code = (
        "import sys; from vidkit.cli.main import run;"
        "status = run(['generate', '-c', 'magi1_4_5b', '--dry-run']);"
        "heavy = {'torch', 'diffusers', 'transformers', 'numpy', 'PIL', 'av'} & set(sys.modules);"
        "sys.exit(status or ('loaded ' + ', '.join(heavy) if heavy else 0))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "transformer 4.46 B, vae 0.61 B, text_encoder 4.76 B" in done.stdout
    assert "tokens      48,600 (24x45x45)" in done.stdout
    assert "up to 4 chunks at once or of single chunks, in 112 steps" in done.stdout
    assert "(1 finished chunk at the most)" in done.stdout


def test_a_cache_policy_saves_and_says_what(tmp_path: Path, capsys) -> None:
    words = ["frames=48", "steps=8", "cache=interval", "--seed", "3", "--device", "cpu"]
    assert run(["generate", "-c", "maze_magi_demo", *words, "--output", str(tmp_path)]) == 0
    assert "cache   interval: " in capsys.readouterr().out
    record = json.loads(next(tmp_path.glob("*.json")).read_text())
    assert 0.4 < record["cache"]["flops_share"] < 0.9
    assert record["cache"]["decisions"]["skip"] > 0
    assert [path.name.endswith(".cache.png") for path in tmp_path.glob("*.cache.png")] == [True]


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (["frames=61"], ["error: frames=61 does not fit 'magi_tiny': it must be whole chunks of 24 frames",
                         "hint: nearest valid: frames=48 or frames=72"]),
        (["cache=interval", "magi.kv_cache=false"],
         ["error: cache=interval needs kept keys and values, and magi.kv_cache is false",
          "hint: leave magi.kv_cache out"]),
        (["attention=svg2"], ["error: sparse attention does not run on 'magi_tiny': its chunks see each other"
                              " within a range, which no predictor knows of",
                              "hint: set attention=dense; magi.kv_range shortens the range"]),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_two_lines(words: list[str], lines: list[str], capsys) -> None:
    assert run(["generate", "-c", "maze_magi_demo", *words, "--dry-run"]) == 2
    found = capsys.readouterr().err.splitlines()
    assert [line for line in found if line.startswith(("error:", "hint:"))] == lines
